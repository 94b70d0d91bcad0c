package audience

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/audience/consent"
	"github.com/crieur/crieur/services/audience/enrol"
	"github.com/crieur/crieur/services/audience/fanout"
	"github.com/crieur/crieur/services/audience/lease"
	"github.com/crieur/crieur/services/audience/portal"
	"github.com/crieur/crieur/services/audience/seal"
	"github.com/crieur/crieur/services/audience/vault"
)

// Service is the stage on the bus, and the portal.
type Service struct {
	deps    run.Deps
	cfg     Config
	master  *vault.Master
	sealer  *seal.Sealer
	portal  *portal.Portal
	bus     *bus.Metrics
	fans    *fanout.Metrics
	metrics metrics
	now     func() time.Time
	state   atomic.Pointer[running]
}

var (
	_ run.Service = (*Service)(nil)
	_ run.Routed  = (*Service)(nil)
	_ run.Readier = (*Service)(nil)
)

// New checks the configuration and reads the keys, which it makes at the first
// start where no file is named. deps.NATS and deps.JetStream are required; the
// topology must have been made by bus.Ensure before Run.
func New(deps run.Deps, cfg Config) (*Service, error) {
	deps = deps.WithDefaults()
	if deps.NATS == nil || deps.JetStream == nil {
		return nil, errors.New("audience: NATS connection required")
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	s := &Service{deps: deps, cfg: cfg, now: func() time.Time { return deps.Clock.Now().UTC() }}
	var err error
	if s.master, err = vault.LoadMaster(cfg.masterKey()); err != nil {
		return nil, cfg.missing(err)
	}
	if s.sealer, err = seal.Load(cfg.sealKey()); err != nil {
		return nil, cfg.missing(err)
	}
	if s.bus = cfg.BusMetrics; s.bus == nil {
		if s.bus, err = bus.NewMetrics(deps.Metrics); err != nil {
			return nil, fmt.Errorf("audience: %w", err)
		}
	}
	s.fans, s.metrics = fanout.NewMetrics(deps.Metrics), newMetrics(deps.Metrics)
	s.portal, err = portal.New(portal.Config{
		PublicURL: cfg.PublicURL, ShortURL: cfg.ShortURL, Site: cfg.Site, Key: s.master.PageKey(), Logger: deps.Logger, Now: s.now, Sealer: s.sealer,
		Master: s.master,
	})
	if err != nil {
		return nil, fmt.Errorf("audience: %w", err)
	}
	return s, nil
}

// Name implements run.Service.
func (s *Service) Name() string { return "audience" }

// Ready implements run.Readier.
func (s *Service) Ready() error {
	if s.state.Load() == nil {
		return errors.New("reading subscribers and publications")
	}
	return nil
}

// Handlers implements run.Routed.
func (s *Service) Handlers() []run.Route {
	var routes []run.Route
	for pattern, h := range s.portal.Routes() {
		routes = append(routes, run.Route{Pattern: pattern, Handler: h})
	}
	return routes
}

// Handler returns the portal alone, protected, with the shared assets: for a
// program that serves nothing else.
func (s *Service) Handler() (http.Handler, error) { return s.portal.Handler() }

// running is what one Run works with.
type running struct {
	*Service
	authorities *registry.View[registry.Authority]
	streams     *registry.View[registry.Stream]
	channels    *registry.View[registry.Channel]
	index       *consent.Index
	model       *vault.Model
	vault       *vault.Vault
	desk        *enrol.Desk
	fanout      *fanout.Fanout
	fanouts     jetstream.KeyValue // its bucket
	emitter     *bus.Emitter
	publisher   *bus.Publisher
}

// Run implements run.Service.
func (s *Service) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop() // views, where it fails
	g, ctx := errgroup.WithContext(ctx)
	defer s.state.Store(nil)
	r, err := s.open(ctx)
	if err != nil {
		return err
	}
	kv, err := s.deps.JetStream.KeyValue(ctx, bus.BucketVault)
	if err != nil {
		return fmt.Errorf("audience: bucket %s: %w", bus.BucketVault, err)
	}
	g.Go(func() error { return r.model.Watch(ctx, kv) })
	g.Go(func() error { return r.serve(ctx, g) })
	err = g.Wait()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, r.publisher.Close())
}

// open makes the parts and reads the registry.
func (s *Service) open(ctx context.Context) (*running, error) {
	js := s.deps.JetStream
	reg, err := registry.Open(ctx, js)
	if err != nil {
		return nil, fmt.Errorf("audience: %w", err)
	}
	sealed, err := js.KeyValue(ctx, bus.BucketVault)
	if err != nil {
		return nil, fmt.Errorf("audience: bucket %s: %w", bus.BucketVault, err)
	}
	under, err := js.KeyValue(ctx, bus.BucketFanout)
	if err != nil {
		return nil, fmt.Errorf("audience: bucket %s: %w", bus.BucketFanout, err)
	}
	pub, err := bus.NewPublisher(s.deps.NATS, bus.PublisherConfig{Metrics: s.bus})
	if err != nil {
		return nil, fmt.Errorf("audience: %w", err)
	}
	r := &running{
		Service:     s,
		authorities: registry.NewView(ctx, reg.Authorities),
		streams:     registry.NewView(ctx, reg.Streams),
		channels:    registry.NewView(ctx, reg.Channels),
		index:       consent.NewIndex(),
		publisher:   pub, emitter: bus.NewEmitter(pub), fanouts: under,
	}
	for _, wait := range []func(context.Context) error{r.authorities.Wait, r.streams.Wait, r.channels.Wait} {
		if err := wait(ctx); err != nil {
			return nil, fmt.Errorf("audience: registry: %w", err)
		}
	}
	r.model = vault.NewModel(s.master, r.index, s.deps.Logger)
	r.vault = vault.New(sealed, s.master, r.model)
	if err := r.vault.Check(ctx); errors.Is(err, vault.ErrWrongKey) || errors.Is(err, vault.ErrKeyLost) {
		return nil, run.ConfigError(fmt.Errorf("audience: %w", err))
	} else if err != nil {
		return nil, err
	}
	r.desk = enrol.New(enrol.Deps{
		Vault: r.vault, Master: s.master, Emit: r.emitter.Publish, Render: r.render, Channel: r.channelOf, Now: s.now,
	})
	r.fanout = fanout.New(fanout.Deps{
		KV: under, JS: js, Emit: r.emitter.Publish, Render: r.render, Select: r.selected, Hold: r.hold,
		IDs: r.model.IDs, Ordinal: r.ordinal, Channel: r.channel, Clock: s.deps.Clock, Logger: s.deps.Logger, Metrics: s.fans,
	}, s.cfg.Window)
	return r, nil
}

// serve answers and consumes once everything known was read.
func (r *running) serve(ctx context.Context, g *errgroup.Group) error {
	select {
	case <-r.model.Ready():
	case <-ctx.Done():
		return nil
	}
	server, err := call.NewServer(ctx, r.deps.NATS, "audience", "1.0.0")
	if err != nil {
		return fmt.Errorf("audience: %w", err)
	}
	defer func() { _ = server.Stop() }() // the connection may be gone
	if err := errors.Join(
		call.Handle(server, call.Resolve, r.resolve),
		call.Handle(server, call.OptOut, r.optOut),
		call.Handle(server, call.Reach, r.reach),
		call.Handle(server, call.Enrol, r.enrolPeople),
	); err != nil {
		return fmt.Errorf("audience: %w", err)
	}
	name, sole, closeName, err := lease.OpenName(r.cfg.holderDir())
	if err != nil {
		return fmt.Errorf("audience: %w", err)
	}
	defer closeName()
	read := make(chan struct{})
	g.Go(func() error {
		return r.portal.Run(ctx, portal.Backend{
			JetStream: r.deps.JetStream, Authorities: r.authorities, Streams: r.streams, Channels: r.channels,
			Vault: r.vault, Model: r.model, Desk: r.desk, Fanout: r.fanout, Emit: r.emitter.Publish, OptOut: r.end,
		}, read)
	})
	g.Go(func() error { return r.sweep(ctx) })
	g.Go(func() error {
		select {
		case <-read:
			r.state.Store(r)
		case <-ctx.Done():
		}
		return nil
	})
	turn := lease.Lease{
		KV: r.fanouts, Key: fanout.LeaseKey, Holder: name, Sole: sole, Life: r.cfg.leaseLife, Clock: r.deps.Clock, Logger: r.deps.Logger,
	}
	if err := turn.Hold(ctx, r.fanout.Follow, r.lead); err != nil {
		return fmt.Errorf("audience: %w", err)
	}
	return nil
}

// lead runs the fan-outs, while this process has the lease.
func (r *running) lead(ctx context.Context, term string) error {
	if err := r.fanout.Load(ctx, term); err != nil {
		return err
	}
	router, err := bus.NewRouter(bus.Deps{NATS: r.deps.NATS, Logger: r.deps.Logger, Metrics: r.bus})
	if err != nil {
		return err
	}
	if err := errors.Join(
		router.Consume(bus.ConsumerAudience, bus.SubscriberConfig{}, bus.Handle(r.fanout.Plan)),
		router.Consume(bus.ConsumerAudienceReceipts, bus.SubscriberConfig{Concurrency: 32}, bus.Handle(r.fanout.Receipt)),
	); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return r.fanout.Run(ctx) })
	g.Go(func() error {
		if err := router.Run(ctx); err != nil || ctx.Err() != nil {
			return err
		}
		return errors.New("audience: the consumers ended by themselves")
	})
	if err := g.Wait(); !errors.Is(err, fanout.ErrLost) {
		return err
	}
	r.deps.Logger.Warn("audience: the fan-outs are read again: another process wrote to them")
	return nil
}
