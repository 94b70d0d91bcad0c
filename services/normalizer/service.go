package normalizer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/normalizer/classify"
	"github.com/crieur/crieur/services/normalizer/dedupe"
	"github.com/crieur/crieur/services/normalizer/stem"
)

// Config is the service's configuration. The zero value is usable.
type Config struct {
	// Rules is the path of a file of classification rules; empty for those
	// that come with the program (classify/rules.yaml).
	Rules string `yaml:"rules"`
	// Concurrency is how many raws are handled at once, 1 to 1024; 0 is 64.
	Concurrency int `yaml:"concurrency"`
}

// Service is the stage on the bus.
type Service struct {
	deps     run.Deps
	cfg      Config
	pipeline *Pipeline
	busStats *bus.Metrics
	raws     *prometheus.CounterVec
	took     *prometheus.HistogramVec
	ready    atomic.Bool
}

var (
	_ run.Service = (*Service)(nil)
	_ run.Readier = (*Service)(nil)
)

// The actions, as labels of crieur_normalizer_raws_total.
const (
	actionMessage   = "message"   // a first revision
	actionUpdate    = "update"    // a revision, or a cancellation
	actionUnchanged = "unchanged" // the same meaning
	actionSkipped   = "skipped"   // handled already
	actionRefused   = "refused"   // cannot be used
)

// New checks the configuration and compiles the rules. deps.NATS and
// deps.JetStream are required; the bus must have been made by bus.Ensure.
func New(deps run.Deps, cfg Config) (*Service, error) {
	deps = deps.WithDefaults()
	if deps.NATS == nil || deps.JetStream == nil {
		return nil, errors.New("normalizer: NATS connection required")
	}
	if cfg.Concurrency == 0 {
		cfg.Concurrency = 64
	}
	if cfg.Concurrency < 1 || cfg.Concurrency > 1024 {
		return nil, fmt.Errorf("normalizer: concurrency: %d is not between 1 and 1024", cfg.Concurrency)
	}
	rules := classify.DefaultRules()
	if cfg.Rules != "" {
		var err error
		if rules, err = classify.ReadRules(cfg.Rules); err != nil {
			return nil, err
		}
	}
	p, err := NewPipeline(rules)
	if err != nil {
		return nil, err
	}
	stats, err := bus.NewMetrics(deps.Metrics)
	if err != nil {
		return nil, err
	}
	stage := run.NewStage(deps.Metrics, "normalizer")
	return &Service{
		deps: deps, cfg: cfg, pipeline: p, busStats: stats,
		raws: stage.Counter("raws_total", "Raws handled, by what became of them.",
			run.Label{Name: "action", Values: []string{actionMessage, actionUpdate, actionUnchanged, actionSkipped, actionRefused}}),
		took: stage.Histogram("normalise_seconds", "Time to make a message of a raw, without the bus.",
			[]float64{.00005, .0001, .00025, .0005, .001, .005, .025, .1, 1}),
	}, nil
}

// Name implements run.Service.
func (s *Service) Name() string { return "normalizer" }

// Ready implements run.Readier.
func (s *Service) Ready() error {
	if !s.ready.Load() {
		return errors.New("reading the sources and the last messages")
	}
	return nil
}

// running is what one Run works with.
type running struct {
	*Service
	authorities *registry.View[registry.Authority]
	sources     *registry.View[registry.Source]
	states      *registry.Repository[dedupe.State]
	window      *dedupe.Window
	turns       *turns
	emitter     *bus.Emitter
}

// Run implements run.Service: it handles raws until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	defer s.ready.Store(false)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r, err := s.open(ctx)
	if err != nil {
		return err
	}
	router, err := bus.NewRouter(bus.Deps{NATS: s.deps.NATS, Logger: s.deps.Logger, Metrics: s.busStats})
	if err != nil {
		return err
	}
	err = router.Consume(bus.ConsumerNormalizer, bus.SubscriberConfig{Concurrency: s.cfg.Concurrency}, bus.Handle(r.handle))
	if err != nil {
		return err
	}
	silence, err := s.answer(ctx, r.authorities)
	if err != nil {
		return err
	}
	defer silence()
	go r.forget(ctx)
	s.ready.Store(true)
	return router.Run(ctx)
}

// open reads what the handlers need to know.
func (s *Service) open(ctx context.Context) (*running, error) {
	reg, err := registry.Open(ctx, s.deps.JetStream)
	if err != nil {
		return nil, err
	}
	kv, err := s.deps.JetStream.KeyValue(ctx, bus.BucketDedupe)
	if err != nil {
		return nil, fmt.Errorf("normalizer: bucket %s: %w", bus.BucketDedupe, err)
	}
	pub, err := bus.NewPublisher(s.deps.NATS, bus.PublisherConfig{Metrics: s.busStats})
	if err != nil {
		return nil, err
	}
	r := &running{
		Service:     s,
		authorities: registry.NewView(ctx, reg.Authorities),
		sources:     registry.NewView(ctx, reg.Sources),
		states:      registry.New[dedupe.State](kv, "message"),
		window:      dedupe.NewWindow(dedupe.NewMaker(stem.New())),
		turns:       newTurns(registry.New[turn](kv, "turn")),
		emitter:     bus.NewEmitter(pub),
	}
	if err := r.authorities.Wait(ctx); err != nil {
		return nil, fmt.Errorf("normalizer: authorities: %w", err)
	}
	if err := r.sources.Wait(ctx); err != nil {
		return nil, fmt.Errorf("normalizer: sources: %w", err)
	}
	return r, r.learn(ctx)
}

// learn fills the window with the messages of the last days, and then with
// those that other processes emit. It returns when the past is read.
func (r *running) learn(ctx context.Context) error {
	since := r.deps.Clock.Now().Add(-dedupe.Remembered)
	stream, err := r.deps.JetStream.Stream(ctx, bus.StreamMessages)
	if err != nil {
		return fmt.Errorf("normalizer: stream %s: %w", bus.StreamMessages, err)
	}
	last := stream.CachedInfo().State.LastSeq
	consumer, err := r.deps.JetStream.OrderedConsumer(ctx, bus.StreamMessages, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &since,
	})
	if err != nil {
		return fmt.Errorf("normalizer: stream %s: %w", bus.StreamMessages, err)
	}
	read := make(chan struct{})
	done := false
	reached := func(seq, pending uint64) {
		if !done && (seq >= last || pending == 0) {
			done = true
			close(read)
		}
	}
	consuming, err := consumer.Consume(func(msg jetstream.Msg) {
		m, err := events.Unmarshal[events.Message](msg.Data())
		if err == nil { // a broken event is the curator's to bury
			r.window.Learn(m)
		}
		if meta, err := msg.Metadata(); err == nil {
			reached(meta.Sequence.Stream, meta.NumPending)
		}
	})
	if err != nil {
		return fmt.Errorf("normalizer: stream %s: %w", bus.StreamMessages, err)
	}
	context.AfterFunc(ctx, consuming.Stop)
	info, err := consumer.Info(ctx)
	if err != nil {
		return fmt.Errorf("normalizer: stream %s: %w", bus.StreamMessages, err)
	}
	if info.NumPending == 0 && info.Delivered.Consumer == 0 {
		return nil
	}
	select {
	case <-read:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *running) forget(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-r.deps.Clock.After(time.Hour):
			r.window.Forget(now)
		}
	}
}

// maxTries bounds how often a state that others write is tried again.
const maxTries = 8

// handle is the handler of one raw.
func (r *running) handle(ctx context.Context, raw events.Raw) error {
	start := time.Now()
	m, err := r.pipeline.Normalise(raw, r.source(raw), r.authority(raw), r.deps.Clock.Now())
	r.took.WithLabelValues().Observe(time.Since(start).Seconds())
	if err != nil {
		r.raws.WithLabelValues(actionRefused).Inc()
		r.deps.Logger.LogAttrs(ctx, slog.LevelWarn, "raw refused", slog.String("authority", raw.Authority),
			slog.String("source", raw.Source), slog.String("raw", raw.ID), slog.String("reason", string(events.OutcomeOf(err).Reason)))
		return err
	}
	for range maxTries {
		err = r.settle(ctx, raw, m)
		if !conflict(err) {
			return err
		}
	}
	return events.Transient(events.ReasonUnavailable, fmt.Errorf("normalizer: state of %s: %w", m.ID, err), time.Second)
}

// settle decides on a message, keeps its state and emits it.
func (r *running) settle(ctx context.Context, raw events.Raw, m events.Message) error {
	var prev *dedupe.State
	state, revision, err := r.states.Get(ctx, m.ID)
	switch {
	case err == nil:
		prev = &state
	case !errors.Is(err, registry.ErrNotFound):
		return err
	case !raw.Withdrawn:
		if m, err = r.place(ctx, m); err != nil {
			return err
		}
	}
	action, m, next := dedupe.Decide(prev, raw, m)
	switch action {
	case dedupe.Skip:
		r.raws.WithLabelValues(actionSkipped).Inc()
		return nil
	case dedupe.Note:
		r.raws.WithLabelValues(actionUnchanged).Inc()
		_, err := r.states.Update(ctx, next, revision, m.ID)
		return err
	}
	if prev == nil {
		revision, err = r.states.Create(ctx, next, m.ID)
	} else {
		revision, err = r.states.Update(ctx, next, revision, m.ID)
	}
	if err != nil {
		return err
	}
	if err := r.emitter.Publish(ctx, m); err != nil {
		return err
	}
	r.window.Learn(m)
	r.turns.emitted(m.ID)
	r.count(m)
	next.Emitted = true
	if _, err := r.states.Update(ctx, next, revision, m.ID); err != nil && !errors.Is(err, registry.ErrConflict) {
		return err
	}
	return nil
}

func (r *running) count(m events.Message) {
	action := actionMessage
	if m.Revision > 1 || m.MsgType != events.MsgAlert {
		action = actionUpdate
	}
	r.raws.WithLabelValues(action).Inc()
}

// place gives a new message its incident: that of the message it refers to,
// else that of a near one from another source.
func (r *running) place(ctx context.Context, m events.Message) (events.Message, error) {
	for _, ref := range m.Refs {
		state, _, err := r.states.Get(ctx, ref)
		if errors.Is(err, registry.ErrNotFound) {
			continue
		}
		if err != nil {
			return m, err
		}
		if m.MsgType == events.MsgCancel {
			return dedupe.Inherit(m, state.Message), nil
		}
		m.Incident = state.Message.Incident
		return m, nil
	}
	return r.join(ctx, m)
}

// source is a raw's source; one that was deleted since is trusted with
// nothing.
func (r *running) source(raw events.Raw) registry.Source {
	if s, ok := r.sources.Get(raw.Authority, raw.Source); ok {
		return s
	}
	return registry.Source{Authority: raw.Authority, ID: raw.Source, Kind: raw.Kind, ClassDefault: events.ClassService, Trust: registry.TrustPublic}
}

func (r *running) authority(raw events.Raw) registry.Authority {
	if a, ok := r.authorities.Get(raw.Authority); ok {
		return a
	}
	return registry.Authority{ID: raw.Authority}
}
