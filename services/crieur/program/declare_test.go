package program

import (
	"testing"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/crieur/config"
)

// A pause or a removal in the console must outlive a restart; a change of the
// file must reach the registry.
func TestDeclareLeavesWhatOfficersChanged(t *testing.T) {
	js := eventstest.JetStream(t)
	if err := bus.Ensure(t.Context(), js, bus.Options{}); err != nil {
		t.Fatal(err)
	}
	reg, err := registry.Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	authority := registry.Authority{ID: "ville", Name: "Ville", Kind: registry.Municipality, INSEE: []string{"81004"}}
	authority.SetDefaults()
	source := func(id string) registry.Source {
		s := registry.Source{Authority: "ville", ID: id, Name: id, Kind: "feed", URL: "https://example.org/" + id}
		s.SetDefaults()
		return s
	}
	cfg := &config.Config{Authorities: []registry.Authority{authority}, Sources: []registry.Source{source("a"), source("b")}}
	start := func() {
		t.Helper()
		if err := declare(t.Context(), js, reg, cfg); err != nil {
			t.Fatal(err)
		}
	}
	start()
	paused := source("a")
	paused.Paused = true
	if _, err := reg.Sources.Put(t.Context(), paused, paused.Key()...); err != nil {
		t.Fatal(err)
	}
	if err := reg.Sources.Delete(t.Context(), "ville", "b"); err != nil {
		t.Fatal(err)
	}
	start()
	if s, _, err := reg.Sources.Get(t.Context(), "ville", "a"); err != nil || !s.Paused {
		t.Errorf("the pause is gone: %+v, %v", s, err)
	}
	if s, _, err := reg.Sources.Get(t.Context(), "ville", "b"); err == nil {
		t.Errorf("the removed source is back: %+v", s)
	}
	cfg.Sources[0].Name = "Site de la ville"
	start()
	if s, _, err := reg.Sources.Get(t.Context(), "ville", "a"); err != nil || s.Name != "Site de la ville" || s.Paused {
		t.Errorf("the file's change did not reach the registry: %+v, %v", s, err)
	}
}
