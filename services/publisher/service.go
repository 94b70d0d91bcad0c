package publisher

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/engine"
	"github.com/crieur/crieur/services/publisher/shelf"
	"github.com/crieur/crieur/services/publisher/speech"
)

// Config is the publisher's settings. Only PublicURL is required.
type Config struct {
	// PublicURL is where residents reach the portal: https://crieur.example.
	PublicURL string `yaml:"public_url"`
	// ShortURL is a shorter address of the portal, for the links in texts:
	// https://crr.example. Empty: they are PublicURL's.
	ShortURL string `yaml:"short_url"`
	// AlertConcurrency and BulkConcurrency are how many deliveries of one
	// channel kind are in hand at once, in lanes of their own. Default 32;
	// the engine bounds how many of them one channel has.
	AlertConcurrency int           `yaml:"alert_concurrency"`
	BulkConcurrency  int           `yaml:"bulk_concurrency"`
	Engine           engine.Config `yaml:"engine"`
	// Speech reads publications aloud; without a command nobody does.
	Speech speech.Config `yaml:"speech"`
	// BusMetrics are shared by the services of one program; may be nil.
	BusMetrics *bus.Metrics `yaml:"-"`
}

// Service is the publisher. Run it in a run.Group.
type Service struct {
	deps      run.Deps
	cfg       Config
	kinds     map[string]channel.Factory
	shelf     *shelf.Shelf
	directory *directory
	fleet     *fleet
	metrics   *engine.Metrics
	chDeps    channel.Deps
	desk      *speech.Desk // nil: nobody speaks
	engine    atomic.Pointer[engine.Engine]
	health    atomic.Pointer[registry.Repository[registry.SignHealth]]
	ready     atomic.Bool
}

var (
	_ run.Service = (*Service)(nil)
	_ run.Routed  = (*Service)(nil)
	_ run.Readier = (*Service)(nil)
)

// New validates the settings. It does not dial.
func New(deps run.Deps, cfg Config) (*Service, error) {
	deps = deps.WithDefaults()
	cfg.PublicURL, cfg.ShortURL = strings.TrimRight(cfg.PublicURL, "/"), strings.TrimRight(cfg.ShortURL, "/")
	for name, address := range map[string]string{"public_url": cfg.PublicURL, "short_url": cmp.Or(cfg.ShortURL, cfg.PublicURL)} {
		if u, err := url.Parse(address); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, fmt.Errorf("publisher: %s: %q is not an http or https address", name, address)
		}
	}
	if cfg.AlertConcurrency < 0 || cfg.BulkConcurrency < 0 {
		return nil, errors.New("publisher: alert_concurrency, bulk_concurrency: must be positive")
	}
	if cfg.AlertConcurrency == 0 {
		cfg.AlertConcurrency = 32
	}
	if cfg.BulkConcurrency == 0 {
		cfg.BulkConcurrency = 32
	}
	metrics, err := engine.NewMetrics(deps.Metrics, KindNames()...)
	if err != nil {
		return nil, err
	}
	s := &Service{deps: deps, cfg: cfg, kinds: Kinds(), metrics: metrics, shelf: shelf.New(deps.Logger, deps.Clock.Now)}
	s.directory = &directory{}
	s.chDeps = channel.Deps{
		Logger: deps.Logger, Now: deps.Clock.Now, HTTP: deps.HTTP, Directory: s.directory, Shelf: s.shelf,
		Receipts: (*intake)(s), SignHealth: s.signHealth, OptOut: s.optOut, PublicURL: cfg.PublicURL, ShortURL: cfg.ShortURL,
	}
	if len(cfg.Speech.Command) > 0 {
		if s.desk, err = speech.New(cfg.Speech, s.chDeps); err != nil {
			return nil, err
		}
		s.chDeps.Voice = s.desk
	}
	s.fleet = newFleet(s.chDeps, s.kinds, deps.Logger, s.hold)
	s.directory.fleet = s.fleet
	return s, nil
}

// Name implements run.Service.
func (s *Service) Name() string { return "publisher" }

// Ready implements run.Readier.
func (s *Service) Ready() error {
	if !s.ready.Load() {
		return errors.New("reading what was sent before")
	}
	return nil
}

// Handlers implements run.Routed: feeds, signs, kiosks, audio.
func (s *Service) Handlers() []run.Route {
	var routes []run.Route
	if s.desk != nil {
		for pattern, h := range s.desk.Routes() {
			routes = append(routes, run.Route{Pattern: pattern, Handler: h})
		}
	}
	for _, kind := range KindNames() {
		if f := s.kinds[kind]; f.Routes != nil {
			for pattern, h := range f.Routes(s.chDeps) {
				routes = append(routes, run.Route{Pattern: pattern, Handler: h})
			}
		}
	}
	return routes
}

// ledgerPending bounds the ledger puts on their way.
const ledgerPending = 4096

// Run implements run.Service. The topology (bus.Ensure) must exist.
func (s *Service) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	defer s.ready.Store(false)
	js, err := jetstream.New(s.deps.NATS,
		jetstream.WithPublishAsyncMaxPending(ledgerPending), jetstream.WithPublishAsyncTimeout(10*time.Second))
	if err != nil {
		return fmt.Errorf("publisher: %w", err)
	}
	if err := bus.EnsureDeliveryConsumers(ctx, js, bus.Options{}, KindNames()...); err != nil {
		return fmt.Errorf("publisher: %w", err)
	}
	ledger, err := js.KeyValue(ctx, bus.BucketLedger)
	if err != nil {
		return fmt.Errorf("publisher: bucket %s: %w", bus.BucketLedger, err)
	}
	displays, err := js.KeyValue(ctx, bus.BucketDisplays)
	if err != nil {
		return fmt.Errorf("publisher: bucket %s: %w", bus.BucketDisplays, err)
	}
	reg, err := registry.Open(ctx, js)
	if err != nil {
		return fmt.Errorf("publisher: %w", err)
	}
	s.health.Store(reg.SignHealth)
	defer s.health.Store(nil)
	pub, err := bus.NewPublisher(s.deps.NATS, bus.PublisherConfig{Metrics: s.cfg.BusMetrics})
	if err != nil {
		return fmt.Errorf("publisher: %w", err)
	}
	eng := engine.New(s.cfg.Engine, engine.Deps{
		JS: js, Ledger: ledger, Channels: s.fleet, Resolve: s.resolve, Emit: bus.NewEmitter(pub).Publish,
		Location: s.directory.location, Departements: s.directory.departements, Profile: s.profile, Now: s.deps.Clock.Now, Logger: s.deps.Logger, Metrics: s.metrics,
		Health: s.tellHealth(reg.ChannelHealth),
	})
	s.engine.Store(eng)
	defer s.engine.Store(nil)
	// Channels outlive the consumers, so that answers under way still come.
	atSea, land := context.WithCancel(context.WithoutCancel(ctx))
	s.fleet.start(atSea)
	defer func() { land(); s.fleet.stop() }()
	g.Go(func() error { return s.shelf.Run(ctx, displays) })
	g.Go(func() error { return eng.Run(ctx) })
	g.Go(func() error { return s.serve(ctx, reg, eng) })
	g.Go(func() error { s.buryStrays(ctx); return nil })
	return errors.Join(g.Wait(), pub.Close())
}

// strayEvery is how often deliveries that nobody takes are looked for.
const strayEvery = time.Minute

func (s *Service) buryStrays(ctx context.Context) {
	for {
		n, err := bus.BuryStrays(ctx, s.deps.NATS)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.deps.Logger.Warn("publisher: deliveries that nobody takes", "err", err)
		case n > 0:
			s.deps.Logger.Error("publisher: deliveries that nobody takes are dead letters now", "deliveries", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-s.deps.Clock.After(strayEvery):
		}
	}
}

// serve answers and consumes once everything known was read.
func (s *Service) serve(ctx context.Context, reg *registry.Registry, eng *engine.Engine) error {
	if err := s.directory.open(ctx, reg); err != nil {
		return ignoreStop(ctx, err)
	}
	for _, ready := range []<-chan struct{}{eng.Ready(), s.shelf.Ready()} {
		select {
		case <-ready:
		case <-ctx.Done():
			return nil
		}
	}
	server, err := call.NewServer(ctx, s.deps.NATS, "publisher", "1.0.0")
	if err != nil {
		return fmt.Errorf("publisher: %w", err)
	}
	defer func() { _ = server.Stop() }() // the connection may be gone
	if err := call.Handle(server, call.Render, s.render); err != nil {
		return fmt.Errorf("publisher: %w", err)
	}
	router, err := s.router(eng)
	if err != nil {
		return err
	}
	if err := call.Handle(server, call.Addresses, s.addresses); err != nil {
		return fmt.Errorf("publisher: %w", err)
	}
	if err := call.Handle(server, call.Abbreviations, s.abbreviations); err != nil {
		return fmt.Errorf("publisher: %w", err)
	}
	if err := call.Handle(server, call.Tell, s.tell); err != nil {
		return fmt.Errorf("publisher: %w", err)
	}
	// Ready means that the server, too, knows that we answer.
	if err := s.deps.NATS.FlushTimeout(10 * time.Second); err != nil {
		return ignoreStop(ctx, fmt.Errorf("publisher: %w", err))
	}
	s.ready.Store(true)
	return ignoreStop(ctx, router.Run(ctx))
}

func ignoreStop(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// router binds the engine to its consumers: alerts and the others apart.
func (s *Service) router(eng *engine.Engine) (*bus.Router, error) {
	router, err := bus.NewRouter(bus.Deps{NATS: s.deps.NATS, Logger: s.deps.Logger, Metrics: s.cfg.BusMetrics})
	if err != nil {
		return nil, fmt.Errorf("publisher: %w", err)
	}
	if err := router.Consume(bus.ConsumerPublisher, bus.SubscriberConfig{Concurrency: 4}, bus.Handle(eng.Plan)); err != nil {
		return nil, fmt.Errorf("publisher: %w", err)
	}
	// Little is held ready: what a killed process had in hand comes back late.
	const prefetch = 8
	// The engine says when to try again; this is for what it says nothing of.
	backoff := bus.Backoff{Base: 500 * time.Millisecond, Max: 2 * time.Second}
	for _, kind := range KindNames() {
		for consumer, concurrency := range map[string]int{
			bus.AlertConsumer(kind): s.cfg.AlertConcurrency, bus.BulkConsumer(kind): s.cfg.BulkConcurrency,
		} {
			cfg := bus.SubscriberConfig{Concurrency: concurrency, Prefetch: prefetch, Backoff: backoff}
			if err := router.Consume(consumer, cfg, bus.Handle(eng.Deliver)); err != nil {
				return nil, fmt.Errorf("publisher: %w", err)
			}
		}
	}
	return router, nil
}

func (s *Service) resolve(ctx context.Context, req call.ResolveRequest) (call.ResolveReply, error) {
	reply := call.ResolveReply{Contacts: make([]call.Contact, 0, len(req.Subscribers))}
	err := call.AskInto(ctx, s.deps.NATS, call.Resolve, req, &reply)
	return reply, err
}

func (s *Service) optOut(ctx context.Context, req call.OptOutRequest) (call.OptOutReply, error) {
	return call.Ask(ctx, s.deps.NATS, call.OptOut, req)
}

// tellHealth keeps how providers fare where the console sees it.
func (s *Service) tellHealth(kept *registry.Repository[registry.ChannelHealth]) func(context.Context, string, string, time.Time, events.Reason) {
	return func(ctx context.Context, authority, id string, since time.Time, reason events.Reason) {
		ctx, cancel := context.WithTimeout(ctx, healthTime)
		defer cancel()
		if _, err := kept.Put(ctx, registry.ChannelHealth{Authority: authority, Channel: id, Since: since, Reason: reason}); err != nil {
			s.deps.Logger.Error("publisher: health of a channel", "authority", authority, "channel", id, "err", err)
		}
	}
}

// hold keeps a channel silent until its provider allows more.
func (s *Service) hold(authority, id string, until time.Time) {
	if e := s.engine.Load(); e != nil {
		e.Hold(authority, id, until)
	}
}

// healthTime bounds the note of a change, which a delivery waits for.
const healthTime = 5 * time.Second

// signHealth is where the health of signs is kept while the service runs.
func (s *Service) signHealth() channel.SignHealth {
	if r := s.health.Load(); r != nil {
		return r
	}
	return nil
}

// intake passes what providers say to the engine that runs now.
type intake Service

var errNotRunning = events.Transient(events.ReasonUnavailable, errors.New("publisher: not running"), time.Second)

// Later implements channel.Receipts.
func (i *intake) Later(authority, channelID string, said channel.Later, done func(error)) {
	if e := i.engine.Load(); e != nil {
		e.Receipts().Later(authority, channelID, said, done)
		return
	}
	done(errNotRunning)
}

// Shown implements channel.Receipts.
func (i *intake) Shown(ctx context.Context, d events.Delivery, step string, to []events.Recipient) error {
	if e := i.engine.Load(); e != nil {
		return e.Receipts().Shown(ctx, d, step, to)
	}
	return errNotRunning
}
