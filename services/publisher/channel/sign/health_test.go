package sign_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
)

func (p *place) ask(method, path, body string) int {
	p.t.Helper()
	r := httptest.NewRequestWithContext(p.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w.Code
}

func (p *place) healthOf() registry.SignHealth {
	p.t.Helper()
	h, _, err := p.health.Get(p.t.Context(), "pessac", "endpoint")
	if err != nil {
		p.t.Fatal(err)
	}
	return h
}

func TestHealthSaysWhatASignShows(t *testing.T) {
	t.Parallel()
	p := newPlace(t, withToken{})
	p.deliver(events.ClassService, "marche", time.Hour)
	if code := p.ask(http.MethodPost, "/signs/pessac/endpoint/displayed", `{"hash":"0000000000000000"}`); code != http.StatusConflict {
		t.Fatalf("a wrong proof: %d", code)
	}
	if h := p.healthOf(); !h.Wrong || h.Shows != "0000000000000000" || len(h.Publications) > 0 || time.Since(h.LastHeard) > time.Minute {
		t.Errorf("after a wrong proof: %+v", h)
	}
	hash := p.display().Hash
	if code := p.ask(http.MethodPost, "/signs/pessac/endpoint/displayed", `{"hash":"`+hash+`"}`); code != http.StatusNoContent {
		t.Fatalf("a proof: %d", code)
	}
	if h := p.healthOf(); h.Wrong || h.Shows != hash || len(h.Publications) != 1 || h.Publications[0] != "marche" {
		t.Errorf("after a proof: %+v", h)
	}
	p.deliver(events.ClassAlert, "crue", time.Hour)
	if code := p.ask(http.MethodGet, "/signs/pessac/endpoint.png", ""); code != http.StatusOK {
		t.Fatalf("asked: %d", code)
	}
	if h := p.healthOf(); h.Wrong || h.Publications[0] != "crue" {
		t.Errorf("after the sign asked: %+v", h)
	}
}

func TestSilence(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		every, quiet time.Duration
		silent       bool
	}{
		{"a kiosk between two proofs", time.Minute, time.Minute, false},
		{"a kiosk that missed three", time.Minute, 4 * time.Minute, false},
		{"a kiosk cut off", time.Minute, 6 * time.Minute, true},
		{"a sign that asks each quarter of an hour", 15 * time.Minute, 40 * time.Minute, false},
		{"the same, cut off", 15 * time.Minute, 46 * time.Minute, true},
		{"a sign heard once", 0, 6 * time.Minute, true},
	} {
		h := registry.SignHealth{LastHeard: noon(), EverySeconds: int(tt.every / time.Second)}
		since := h.Silent(noon().Add(tt.quiet))
		if since.IsZero() == tt.silent || tt.silent && !since.Equal(noon()) {
			t.Errorf("%s: silent since %v", tt.name, since)
		}
	}
}
