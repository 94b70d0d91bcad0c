package ntcip_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/ntcip"
)

// told keeps what is told as displayed.
type told struct {
	mu    sync.Mutex
	shown []string
}

func (*told) Later(string, string, channel.Later, func(error)) {}

func (r *told) Shown(_ context.Context, d events.Delivery, step string, to []events.Recipient) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if step == "displayed" && len(to) == 1 && to[0].Status == events.StatusDisplayed && to[0].ID == "endpoint" {
		r.shown = append(r.shown, d.ID)
	}
	return nil
}

// TestHealthAndProof: what a sign displays is told once; what it lost is seen,
// and written again; what is broken is kept; silence is not life.
func TestHealthAndProof(t *testing.T) {
	t.Parallel()
	reg, err := registry.Open(t.Context(), eventstest.JetStream(t))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Truncate(time.Hour).Add(10 * time.Minute) // within the hour, so that nothing is renewed
	a, receipts := startAgent(t), &told{}
	settings := "timeout: 300ms\nsigns:\n  endpoint:\n    address: " + a.conn.LocalAddr().String() + "\n    community: " + community +
		"\n    profile: {rows: 3, columns: 18, charset: ascii, capitals: true, maxPages: 2, pageSeconds: 4}\n"
	made, err := ntcip.New(channel.Spec{Authority: "pessac", ID: "c", Kind: ntcip.Kind, Settings: []byte(settings)}, channel.Deps{
		Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }, Shelf: newShelf(t), Receipts: receipts,
		SignHealth: func() channel.SignHealth { return reg.SignHealth },
	})
	if err != nil {
		t.Fatal(err)
	}
	c, _ := made.(*ntcip.Channel)
	health := func() registry.SignHealth {
		t.Helper()
		h, _, err := reg.SignHealth.Get(t.Context(), "pessac", "endpoint")
		if err != nil {
			t.Fatal(err)
		}
		return h
	}

	// Longer than the horizon: a second look finds what the first wrote.
	if _, err := c.Deliver(t.Context(), post(t, c, "market", events.ClassService, "Marché", 72*time.Hour)); err != nil {
		t.Fatal(err)
	}
	_, _, writes := a.look()
	c.Round(t.Context())
	now = now.Add(time.Minute)
	c.Round(t.Context())
	h := health()
	if h.Wrong || h.Channel != "c" || len(h.Faults) != 0 || !slices.Equal(h.Publications, []string{"market"}) || h.Shows == "" || !h.Silent(now).IsZero() {
		t.Errorf("a sign that is right: %+v", h)
	}
	if !slices.Equal(receipts.shown, []string{"market"}) {
		t.Errorf("told as displayed: %v", receipts.shown)
	}
	if _, _, again := a.look(); again != writes {
		t.Errorf("a sign that is right was written %d times more", again-writes)
	}

	a.be(func(a *agent) { // the power was cut, and some diodes are dead
		a.shown, a.display, a.faults = []byte{7, 0, 1, 0, 0}, "", 1<<5|1<<11
	})
	c.Round(t.Context())
	if h = health(); !h.Wrong || len(h.Publications) != 0 || !slices.Equal(h.Faults, []string{"pixel", "temperature-critical"}) {
		t.Errorf("a sign that lost its message: %+v", h)
	}
	c.Round(t.Context())
	if display, _, _ := a.look(); display == "" || health().Wrong {
		t.Errorf("it was not written again: %q", display)
	}

	a.be(func(a *agent) { a.noFaults = true })
	c.Round(t.Context())
	if h = health(); h.Wrong || len(h.Faults) != 0 {
		t.Errorf("a sign without shortErrorStatus: %+v", h)
	}
	a.be(func(a *agent) { a.silent = true })
	before := h.LastHeard
	now = now.Add(time.Minute)
	c.Round(t.Context())
	if h = health(); !h.LastHeard.Equal(before) || h.Silent(before.Add(10*time.Minute)).IsZero() {
		t.Errorf("a silent sign was heard: %+v", h)
	}
}
