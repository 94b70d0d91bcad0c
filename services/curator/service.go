package curator

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/keyfile"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/curator/console"
	"github.com/crieur/crieur/services/curator/desk"
	"github.com/crieur/crieur/services/curator/journal"
	"github.com/crieur/crieur/services/curator/openid"
	"github.com/crieur/crieur/services/curator/tally"
	"github.com/crieur/crieur/services/web"
)

// Config is the curator's settings.
type Config struct {
	// KeysDir is the folder of the console's master key, curator.key: 32 random
	// bytes, made at the first start. It seals second factors and signs the
	// notices shown once. Every process needs the same.
	KeysDir string `yaml:"keys_dir"`
	// PublicURL is how people reach the listener: https://crieur.example.
	PublicURL string `yaml:"public_url"`
	// UndoWithin is how long what an officer approves can be taken back before
	// it leaves: 8 s by default, negative for none. Alerts never wait.
	UndoWithin time.Duration `yaml:"undo_within"`
	// OpenID is the issuer where officers may sign in too; nil: at none.
	OpenID *openid.Config `yaml:"-"`
	// Room tells why the bus keeps nothing now: its disk is full; nil where that
	// is another's to know.
	Room func() error `yaml:"-"`
	// BusMetrics are shared by the services of one program; may be nil.
	BusMetrics *bus.Metrics `yaml:"-"`
}

const defaultUndoWithin = 8 * time.Second

// keyBytes is the length of the master key.
const keyBytes = 32

// Service is the curator. Run it in a run.Group.
type Service struct {
	deps    run.Deps
	cfg     Config
	metrics *desk.Metrics
	console *console.Console
	streams chan struct{} // holds one value when there are new streams
	letters atomic.Pointer[[]bus.LetterCount]
	ready   atomic.Bool
}

var (
	_ run.Service = (*Service)(nil)
	_ run.Routed  = (*Service)(nil)
	_ run.Readier = (*Service)(nil)
)

// New validates the settings, reads the master key or makes it, and does not
// dial.
func New(deps run.Deps, cfg Config) (*Service, error) {
	deps = deps.WithDefaults()
	if u, err := url.Parse(cfg.PublicURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("curator: public_url: %q is not an http or https address", cfg.PublicURL)
	}
	cfg.PublicURL = strings.TrimRight(cfg.PublicURL, "/")
	key, err := masterKey(cfg.KeysDir)
	if err != nil {
		return nil, err
	}
	if cfg.UndoWithin == 0 {
		cfg.UndoWithin = defaultUndoWithin
	}
	var issuer *openid.Client
	if cfg.OpenID != nil {
		back, signedOut := console.OpenIDAddresses(cfg.PublicURL)
		if issuer, err = openid.New(*cfg.OpenID, deps.HTTP, back, signedOut); err != nil {
			return nil, fmt.Errorf("curator: %w", err)
		}
	}
	c, err := console.New(console.Config{
		OpenID: issuer,
		Key:    key, UndoWithin: max(cfg.UndoWithin, 0), PublicURL: cfg.PublicURL, Logger: deps.Logger, Clock: deps.Clock,
		Site: web.Site{Name: "Crieur", Conformity: web.NotConformant},
	})
	if err != nil {
		return nil, err
	}
	s := &Service{deps: deps, cfg: cfg, metrics: desk.NewMetrics(deps.Metrics), console: c, streams: make(chan struct{}, 1)}
	s.letters.Store(new([]bus.LetterCount))
	return s, nil
}

// room is nil while there is room, and where nobody here knows.
func (s *Service) room() error {
	if s.cfg.Room == nil {
		return nil
	}
	return s.cfg.Room()
}

// masterKey reads the key, made where there is none.
func masterKey(dir string) ([]byte, error) {
	if dir == "" {
		return nil, errors.New("curator: keys_dir: required")
	}
	path := filepath.Join(dir, "curator.key")
	key, err := keyfile.Keep(path, func() ([]byte, error) {
		key := make([]byte, keyBytes)
		_, _ = rand.Read(key) // never fails: crypto/rand aborts the program instead
		return key, nil
	})
	if err != nil {
		return nil, fmt.Errorf("curator: master key: %w", err)
	}
	if len(key) != keyBytes {
		return nil, fmt.Errorf("curator: %s: %d bytes, %d expected", path, len(key), keyBytes)
	}
	return key, nil
}

// Name implements run.Service.
func (s *Service) Name() string { return "curator" }

// Ready implements run.Readier.
func (s *Service) Ready() error {
	if !s.ready.Load() {
		return errors.New("reading the streams and the items")
	}
	return nil
}

// Handlers implements run.Routed: the console.
func (s *Service) Handlers() []run.Route {
	h := s.console.Handler()
	return []run.Route{
		{Pattern: "/console", Handler: h},
		{Pattern: "/console/", Handler: h},
		{Pattern: "GET " + console.AssetsPrefix, Handler: h},
	}
}

// Run implements run.Service. The topology (bus.Ensure) must exist.
func (s *Service) Run(ctx context.Context) error {
	defer s.ready.Store(false)
	ctx, stop := context.WithCancel(ctx)
	defer stop() // views, where it fails
	g, ctx := errgroup.WithContext(ctx)
	pub, err := bus.NewPublisher(s.deps.NATS, bus.PublisherConfig{Metrics: s.cfg.BusMetrics})
	if err != nil {
		return err
	}
	defer pub.Close() //nolint:errcheck // it only waits, for what was begun before the stop
	back, err := s.open(ctx, bus.NewEmitter(pub))
	if err != nil {
		return err
	}
	if err := back.Desk.Repair(ctx); err != nil {
		return err
	}
	router, err := bus.NewRouter(bus.Deps{NATS: s.deps.NATS, Logger: s.deps.Logger, Metrics: s.cfg.BusMetrics})
	if err != nil {
		return err
	}
	if err := router.Consume(bus.ConsumerCurator, bus.SubscriberConfig{}, bus.Handle(back.Desk.Receive)); err != nil {
		return err
	}
	if err := router.Consume(bus.ConsumerCuratorReceipts, bus.SubscriberConfig{Concurrency: 64}, bus.Handle(back.Tally.Count)); err != nil {
		return err
	}
	if err := declareConsole(ctx, back); err != nil {
		return err
	}
	s.console.Open(back)
	defer s.console.Close()
	g.Go(func() error { return router.Run(ctx) })
	g.Go(func() error { return back.Desk.Sweep(ctx) })
	g.Go(func() error { return s.followStreams(ctx, back) })
	g.Go(func() error { return s.followLetters(ctx) })
	s.ready.Store(true)
	err = g.Wait()
	if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		return nil
	}
	return err
}

// open reads what the desk and the console work with.
func (s *Service) open(ctx context.Context, emitter *bus.Emitter) (*console.Back, error) {
	js := s.deps.JetStream
	reg, err := registry.Open(ctx, js)
	if err != nil {
		return nil, err
	}
	items, err := js.KeyValue(ctx, bus.BucketItems)
	if err != nil {
		return nil, fmt.Errorf("curator: bucket %s: %w", bus.BucketItems, err)
	}
	sessions, err := js.KeyValue(ctx, bus.BucketSessions)
	if err != nil {
		return nil, fmt.Errorf("curator: bucket %s: %w", bus.BucketSessions, err)
	}
	back := &console.Back{
		Room: s.room, Letters: func() []bus.LetterCount { return *s.letters.Load() },
		Registry: reg, NATS: s.deps.NATS, JetStream: js, Emitter: emitter, Sessions: web.NewKVSessions(sessions),
		Journal:     journal.New(items, js, emitter),
		Authorities: registry.NewView(ctx, reg.Authorities),
		Streams: registry.NewView(ctx, reg.Streams, registry.OnChange(func(c registry.Change[registry.Stream]) {
			if c.Old == nil {
				s.poke()
			}
		})),
		Sources: registry.NewView(ctx, reg.Sources), Health: registry.NewView(ctx, reg.SourceHealth),
		Channels: registry.NewView(ctx, reg.Channels), Officers: registry.NewView(ctx, reg.Officers),
		Signs: registry.NewView(ctx, reg.Signs), AlertModels: registry.NewView(ctx, reg.AlertModels),
		Abbreviations: registry.NewView(ctx, reg.Abbreviations),
		SignHealth:    registry.NewView(ctx, reg.SignHealth), ChannelHealth: registry.NewView(ctx, reg.ChannelHealth),
	}
	back.Tally = tally.New(ctx, items, registry.OnChange(func(c registry.Change[tally.Tally]) { s.console.Changed(c.Key[0]) }))
	for _, wait := range []func(context.Context) error{
		back.Authorities.Wait, back.Streams.Wait, back.Sources.Wait, back.Channels.Wait, back.Officers.Wait, back.Health.Wait,
		back.Signs.Wait, back.SignHealth.Wait, back.ChannelHealth.Wait, back.AlertModels.Wait, back.Abbreviations.Wait, back.Tally.Wait,
	} {
		if err := wait(ctx); err != nil {
			return nil, fmt.Errorf("curator: registry: %w", err)
		}
	}
	back.Desk = desk.New(ctx, desk.Deps{
		Logger: s.deps.Logger, Clock: s.deps.Clock, Items: items, Emitter: emitter, Journal: back.Journal,
		Directory: desk.Directory{Authorities: back.Authorities, Streams: back.Streams, Sources: back.Sources}, Metrics: s.metrics,
	}, s.console.Watch())
	if err := back.Desk.Items().Wait(ctx); err != nil {
		return nil, fmt.Errorf("curator: items: %w", err)
	}
	return back, nil
}

func sameRoles(a, b map[string][]registry.Role) bool {
	return maps.EqualFunc(a, b, func(x, y []registry.Role) bool { return slices.Equal(x, y) })
}
