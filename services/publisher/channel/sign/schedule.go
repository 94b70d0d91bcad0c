package sign

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/crieur/crieur/services/publisher/channel"
)

// Schedule is what a sign shows from now on if nothing more is delivered: what
// a kiosk keeps, so that expiry, quiet hours and the end of a take-over come in
// time without a network.
type Schedule struct {
	Now      time.Time          `json:"now"`      // when it was written: the server's clock, UTC
	Displays map[string]Display `json:"displays"` // by hash
	Turns    []Turn             `json:"turns"`    // in order; the first is up now
}

// Turn is one display's time on the sign, to the next turn.
type Turn struct {
	From time.Time `json:"from,omitzero"` // zero for the first
	Hash string    `json:"hash"`
}

// maxTurns bounds a schedule: quiet hours of three months. What would come later
// is left dark until the sign is heard again, for nothing old may stay.
const (
	maxTurns = 200
	maxSteps = 1000 // moments looked at, most of which change nothing
)

// schedule tells what a sign shows from now on, and until when the first turn lasts.
func schedule(shelf channel.Shelf, authority, id string, now time.Time) (Schedule, time.Time) {
	items := shelf.Items(Kind, authority, id)
	s := Schedule{Now: now.UTC(), Displays: map[string]Display{}}
	first := now.Add(24 * time.Hour)
	for at, step := now, 0; ; step++ {
		if len(s.Turns) == maxTurns || step == maxSteps {
			items = nil
		}
		display, _, until := standing(items, authority, id, at)
		if n := len(s.Turns); n == 0 || s.Turns[n-1].Hash != display.Hash {
			turn := Turn{Hash: display.Hash}
			if n > 0 {
				turn.From = at.UTC()
			}
			s.Turns = append(s.Turns, turn)
			s.Displays[display.Hash] = display
		}
		if len(s.Turns) == 2 {
			first = earlier(first, s.Turns[1].From)
		}
		if until.IsZero() {
			return s, first
		}
		at = until
	}
}

// id is the same for two schedules that show the same at the same times.
func (s Schedule) id() string {
	body, _ := json.Marshal(s.Turns) // plain data
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8])
}
