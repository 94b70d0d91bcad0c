package sign

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/crieur/crieur/events"
)

// Proof is what a sign or kiosk posts: the hash of the Display it shows, and
// when it began to.
type Proof struct {
	Hash string    `json:"hash"`
	At   time.Time `json:"at,omitzero"`
}

const (
	maxProofBytes = 4096
	// proofAgain is how long a sign's repeated proof of the same is heard
	// without another receipt; the receipt's ID is the same anyway.
	proofAgain = time.Hour
	maxProofs  = 100_000
)

// proofs remembers what was reported.
type proofs struct {
	mu   sync.Mutex
	seen map[string]time.Time
}

func (p *proofs) first(delivery string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at, ok := p.seen[delivery]; ok && now.Sub(at) < proofAgain {
		return false
	}
	return true
}

func (p *proofs) done(delivery string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.seen) >= maxProofs {
		clear(p.seen)
	}
	p.seen[delivery] = now
}

// displayed takes a proof of display, which is the sign's sign of life too and
// may come each minute: 204 when it is stored, 409 with the
// current hash when the sign shows something else.
func (s *server) displayed(w http.ResponseWriter, r *http.Request) {
	sign, _, ok := s.deps.Directory.Sign(r.PathValue("authority"), r.PathValue("sign"))
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || !bearer || !sign.Admits(token) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="sign"`)
		http.Error(w, "the sign's token is required", http.StatusUnauthorized)
		return
	}
	var proof Proof
	if err := json.NewDecoder(io.LimitReader(r.Body, maxProofBytes)).Decode(&proof); err != nil {
		http.Error(w, "body: must be {\"hash\": \"…\", \"at\": \"…\"}", http.StatusBadRequest)
		return
	}
	now := s.deps.Now()
	display, on, _ := s.memory.current(s.deps.Shelf, sign, now)
	s.health.heard(r.Context(), hearing{sign: sign, shows: proof.Hash, should: display.Hash, on: on, at: now})
	if proof.Hash != display.Hash {
		http.Error(w, fmt.Sprintf("hash: the sign should show %s", display.Hash), http.StatusConflict)
		return
	}
	at := proof.At.UTC()
	if at.IsZero() || at.After(now) || now.Sub(at) > time.Hour {
		at = now // a sign's clock may be wrong
	}
	for _, d := range on {
		if !s.proofs.first(d.ID, now) {
			continue
		}
		to := []events.Recipient{{ID: sign.ID, Status: events.StatusDisplayed, At: at, Units: 1}}
		if err := s.deps.Receipts.Shown(r.Context(), d, "displayed", to); err != nil {
			s.deps.Logger.Error("sign: receipt", "delivery", d.ID, "err", err)
			http.Error(w, "not stored; try again", http.StatusServiceUnavailable)
			return
		}
		s.proofs.done(d.ID, now)
	}
	w.WriteHeader(http.StatusNoContent)
}
