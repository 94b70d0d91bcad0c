package program

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/crieur/config"
)

// installation is a registry that programs declare in.
type installation struct {
	*testing.T
	js  jetstream.JetStream
	reg *registry.Registry
	log bytes.Buffer
}

func newInstallation(t *testing.T) *installation {
	t.Helper()
	in := &installation{T: t, js: eventstest.JetStream(t)}
	if err := bus.Ensure(t.Context(), in.js, bus.Options{}); err != nil {
		t.Fatal(err)
	}
	var err error
	if in.reg, err = registry.Open(t.Context(), in.js); err != nil {
		t.Fatal(err)
	}
	return in
}

// start declares a file as a program does that starts.
func (in *installation) start(program string, cfg *config.Config) {
	in.Helper()
	in.log.Reset()
	if err := declare(in.Context(), in.js, in.reg, program, slog.New(slog.NewTextHandler(&in.log, nil)), cfg); err != nil {
		in.Fatal(err)
	}
}

// source is one of the registry, if it is there.
func (in *installation) source(id string) (s registry.Source, there bool) {
	in.Helper()
	s, _, err := in.reg.Sources.Get(in.Context(), "ville", id)
	if err != nil && !errors.Is(err, registry.ErrNotFound) {
		in.Fatal(err)
	}
	return s, err == nil
}

// set pauses a source or not, as an officer does in the console.
func (in *installation) set(id string, paused bool) {
	in.Helper()
	s, _ := in.source(id)
	s.Paused = paused
	if _, err := in.reg.Sources.Put(in.Context(), s); err != nil {
		in.Fatal(err)
	}
}

// file is a configuration with sources of these names.
func file(sources ...string) *config.Config {
	cfg := &config.Config{Authorities: []registry.Authority{{ID: "ville", Name: "Ville", Kind: registry.Municipality, INSEE: []string{"81004"}}}}
	for _, id := range sources {
		cfg.Sources = append(cfg.Sources, registry.Source{Authority: "ville", ID: id, Name: id, Kind: "feed", URL: "https://example.org/" + id})
	}
	cfg.SetDefaults()
	return cfg
}

// A pause or a removal in the console must outlive a restart; a change of the
// file must reach the registry.
func TestDeclareLeavesWhatOfficersChanged(t *testing.T) {
	t.Parallel()
	in, cfg := newInstallation(t), file("a", "b")
	in.start("run", cfg)
	in.set("a", true)
	if err := in.reg.Sources.Delete(t.Context(), "ville", "b"); err != nil {
		t.Fatal(err)
	}
	in.start("run", cfg)
	if s, _ := in.source("a"); !s.Paused {
		t.Errorf("the pause is gone: %+v", s)
	}
	if s, there := in.source("b"); there {
		t.Errorf("the removed source is back: %+v", s)
	}
	cfg.Sources[0].Name = "Site de la ville"
	in.start("run", cfg)
	if s, _ := in.source("a"); s.Name != "Site de la ville" || s.Paused {
		t.Errorf("the file's change did not reach the registry: %+v", s)
	}
}

// What an administrator made of an account in the console must outlive a restart;
// a change of the file must reach it, and end nothing that the file does not say.
func TestDeclareLeavesAccountsAsTheConsoleMadeThem(t *testing.T) {
	t.Parallel()
	in, cfg := newInstallation(t), file()
	cfg.Officers = []config.Officer{{Officer: registry.Officer{ID: "claire", Name: "Claire", Email: "claire@ville.example", Roles: map[string][]registry.Role{"ville": {registry.Administrator, registry.Approver}}}}}
	cfg.SetDefaults()
	in.start("run", cfg)
	_, _, err := in.reg.Officers.Modify(t.Context(), registry.Key{"claire"}, func(o *registry.Officer) error {
		o.Roles = map[string][]registry.Role{"ville": {registry.Analyst}, "voisine": {registry.OfficerRole}}
		o.Suspended, o.TOTPSealed = []string{"ville"}, []byte("sealed")
		o.IssueLink("ville", registry.Link{Expires: time.Now()})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	claire := func() registry.Officer {
		o, _, err := in.reg.Officers.Get(t.Context(), "claire")
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	in.start("run", cfg)
	if o := claire(); len(o.Roles["ville"]) != 1 || o.Roles["ville"][0] != registry.Analyst || len(o.Roles["voisine"]) != 1 {
		t.Errorf("the roles given in the console: %v", o.Roles)
	}
	cfg.Officers[0].Name = "Claire Martin"
	in.start("run", cfg)
	o := claire()
	if o.Name != "Claire Martin" || len(o.Roles["ville"]) != 2 || len(o.Roles["voisine"]) != 0 {
		t.Errorf("the file's change did not reach the account: %s, %v", o.Name, o.Roles)
	}
	if len(o.Suspended) != 1 || len(o.TOTPSealed) == 0 {
		t.Error("a new name ended a suspension, or a second factor")
	}
	if len(o.Links) != 0 {
		t.Error("a link from before new roles is still good")
	}
}

// What the file has no longer must not go on in silence.
func TestDeclarePausesWhatTheFileDropped(t *testing.T) {
	t.Parallel()
	in, whole := newInstallation(t), file("a", "b", "gone")
	whole.Channels = []registry.Channel{{Authority: "ville", ID: "fil", Name: "Fil", Kind: "feed"}}
	whole.Streams = []registry.Stream{{Authority: "ville", ID: "infos", Name: "Infos", Channels: []string{"fil"}}}
	whole.Officers = []config.Officer{{Officer: registry.Officer{ID: "claire", Name: "Claire", Email: "claire@ville.example", Roles: map[string][]registry.Role{"ville": {registry.OfficerRole}}}}}
	whole.SetDefaults()
	in.start("run", whole)
	if err := in.reg.Sources.Delete(t.Context(), "ville", "gone"); err != nil {
		t.Fatal(err)
	}

	in.start("run", file("a"))
	if s, _ := in.source("a"); s.Paused {
		t.Error("what the file still has is paused")
	}
	if s, _ := in.source("b"); !s.Paused {
		t.Error("the dropped source goes on")
	}
	if _, there := in.source("gone"); there {
		t.Error("a source removed in the console is back")
	}
	if ch, _, err := in.reg.Channels.Get(t.Context(), "ville", "fil"); err != nil || !ch.Paused {
		t.Errorf("the dropped channel goes on: %v", err)
	}
	if s, _, err := in.reg.Streams.Get(t.Context(), "ville", "infos"); err != nil || !s.Paused {
		t.Errorf("the dropped stream goes on: %v", err)
	}
	for _, want := range []string{"paused\" entity=source.ville.b", "paused\" entity=channel.ville.fil", "paused\" entity=stream.ville.infos", "stays until it is suspended in the console\" entity=officer.claire"} {
		if !strings.Contains(in.log.String(), want) {
			t.Errorf("no %q in the log:\n%s", want, in.log.String())
		}
	}
	if strings.Contains(in.log.String(), "gone") {
		t.Errorf("it tells of what is not there:\n%s", in.log.String())
	}

	in.set("b", false)
	in.start("run", file("a"))
	if s, _ := in.source("b"); s.Paused {
		t.Error("what an officer started again is paused again")
	}
	in.start("run", file("a", "b"))
	in.start("run", file("a"))
	in.start("run", file("a", "b"))
	if s, _ := in.source("b"); s.Paused {
		t.Error("what the file has again is still paused")
	}
}

// Programs of one installation may each have a file, and start at once.
func TestDeclareByParts(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	parts := map[string]*config.Config{"ingest": file("a", "shared"), "curator": file("b"), "audience": file("c"), "publisher": file("d", "shared"), "impact": file("e")}
	together := func() {
		t.Helper()
		var g errgroup.Group
		for program, cfg := range parts {
			g.Go(func() error {
				return declare(t.Context(), in.js, in.reg, program, slog.New(slog.DiscardHandler), cfg)
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	together()
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		if s, there := in.source(id); !there || s.Paused {
			t.Errorf("%s: %+v", id, s)
		}
		in.set(id, true)
	}
	together()
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		if s, _ := in.source(id); !s.Paused {
			t.Errorf("%s: what its program declared was forgotten", id)
		}
	}
	in.start("ingest", file())
	if s, _ := in.source("shared"); s.Paused {
		t.Error("what another program declares is paused")
	}
	in.start("publisher", file("d"))
	if s, _ := in.source("shared"); !s.Paused {
		t.Error("what no program declares goes on")
	}
}
