package engine

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/time/rate"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/channel"
)

// Made is a channel of the registry, ready for use.
type Made struct {
	channel.Channel
	Kind          string
	Name          string
	Window        int     // recipients in hand; 64 when 0
	RatePerSecond float64 // in RateUnit a second; 0 without limit
	RateUnit      registry.RateUnit
	Paused        bool
	Classes       []events.Class // empty: all
	// Fallback is the channel that takes over while this one's provider fails;
	// empty: none does. It must carry the same.
	Fallback string
	// Carries names what its renditions are made for, with channel.Factory.
	Carries string
	// QuietHours hold what is not an alert, on the authority's wall clock; nil
	// holds nothing.
	QuietHours *registry.QuietHours
}

func (m Made) withDefaults() Made {
	if m.Window <= 0 {
		m.Window = registry.DefaultWindow
	}
	return m
}

// Channels finds channels, from memory.
type Channels interface {
	// Channel returns one; the error says why it cannot be used: permanent
	// when it does not exist or its settings are wrong.
	Channel(authority, id string) (Made, error)
}

// Deps is what an Engine works with.
type Deps struct {
	JS       jetstream.JetStream
	Ledger   jetstream.KeyValue
	Channels Channels
	Resolve  func(context.Context, call.ResolveRequest) (call.ResolveReply, error)
	Emit     func(context.Context, ...events.Event) error
	// Location is an authority's time zone; nil is UTC.
	Location func(authority string) *time.Location
	// Departements are those that an authority is in, whose public holidays it
	// has; nil: none.
	Departements func(authority string) []string
	// Profile completes a channel's profile with what the authority says of
	// itself and the publication's public page.
	Profile func(p events.Publication, endpoint channel.Profile) channel.Profile
	// Health is told when a channel's provider fails, with since when and why,
	// and with a zero time when it answers again; may be nil.
	Health  func(ctx context.Context, authority, channel string, since time.Time, reason events.Reason)
	Now     func() time.Time
	Logger  *slog.Logger
	Metrics *Metrics
}

// Config bounds an Engine. The zero value is usable.
type Config struct {
	SendTimeout  time.Duration // one delivery on a channel; default 60 s
	StuckAfter   time.Duration // an intent without outcome nobody works on; default 20 min
	SweepEvery   time.Duration // default 1 min
	ReceiptGroup time.Duration // longest wait for more provider receipts; default 100 ms
	OrphanWait   time.Duration // before the provider of a receipt that matches nothing yet is answered; default 5 s
	// SlowAfter without an answer to a batch, its provider counts as failing;
	// default 15 s. A channel that fails is tried again every ProbeEvery;
	// default 30 s.
	SlowAfter, ProbeEvery time.Duration
	// RefusedWait is when a delivery asks again whether credentials that were
	// refused are renewed: it asks the engine, not the provider. Default 1 min.
	RefusedWait time.Duration
	// PerChannel and PerAuthority are how many deliveries of a channel, and of
	// an authority's channels of one kind, are in hand at once in each lane;
	// default 8 and 16.
	PerChannel, PerAuthority int
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		value *time.Duration
		is    time.Duration
	}{
		{&c.SendTimeout, time.Minute},
		{&c.StuckAfter, 20 * time.Minute},
		{&c.SweepEvery, time.Minute},
		{&c.ReceiptGroup, 100 * time.Millisecond},
		{&c.OrphanWait, 5 * time.Second},
		{&c.SlowAfter, 15 * time.Second},
		{&c.ProbeEvery, 30 * time.Second},
		{&c.RefusedWait, time.Minute},
	} {
		if *d.value == 0 {
			*d.value = d.is
		}
	}
	c.PerChannel, c.PerAuthority = cmp.Or(c.PerChannel, 8), cmp.Or(c.PerAuthority, 16)
	return c
}

// Engine carries deliveries out. It is safe for concurrent use.
type Engine struct {
	cfg       Config
	deps      Deps
	ledger    *Ledger
	metrics   *Metrics
	turns     *turns
	windows   *windows
	rates     *rates
	healths   *healths
	revisions *revisions
	later     *later
	posts     *keyed
	stages    pipeline
	ready     chan struct{}
}

// New returns an Engine. It does no I/O: Run does.
func New(cfg Config, deps Deps) *Engine {
	e := &Engine{
		cfg: cfg.withDefaults(), deps: deps, metrics: deps.Metrics,
		ledger:    NewLedger(deps.JS, deps.Ledger),
		windows:   &windows{lane: map[laneKey]*lane{}},
		rates:     &rates{limiter: map[laneKey]*rate.Limiter{}, pause: map[laneKey]time.Time{}},
		healths:   &healths{of: map[channelKey]*health{}},
		revisions: &revisions{kv: deps.Ledger, known: map[string]latest{}},
		posts:     &keyed{locks: map[string]*keyLock{}},
		ready:     make(chan struct{}),
	}
	e.healths.probeEvery = e.cfg.ProbeEvery
	e.turns = &turns{perChannel: e.cfg.PerChannel, perAuthority: e.cfg.PerAuthority, lanes: map[laneKey]*turn{}}
	e.later = newLater(e)
	for _, s := range []stageFunc{
		e.resume, e.freshness, e.supersession, e.resolveContacts, e.route, e.rate, e.window, e.intent, e.send, e.outcome,
	} {
		e.stages = append(e.stages, s)
	}
	return e
}

func (e *Engine) now() time.Time { return e.deps.Now().UTC() }

// Receipts is where channels report what providers say later.
func (e *Engine) Receipts() channel.Receipts { return e.later }

// Ready is closed once the engine knows what it sent before.
func (e *Engine) Ready() <-chan struct{} { return e.ready }

// Deliver carries one delivery out. nil means that every recipient has its
// receipt. Its errors are events outcomes: after a transient one it is to be
// called again with the same delivery.
func (e *Engine) Deliver(ctx context.Context, d events.Delivery) error {
	select {
	case <-e.ready:
	case <-ctx.Done():
		return events.Transient(events.ReasonTimeout, ctx.Err(), 0)
	}
	j := &job{delivery: d, attempt: 1}
	if o, ok := bus.OriginOf(ctx); ok {
		j.attempt = o.Attempt
	}
	made, err := e.deps.Channels.Channel(d.Authority, d.Channel)
	made = made.withDefaults()
	switch {
	case err != nil && events.OutcomeOf(err).Kind == events.PermanentFailure:
		j.channel = made
		return e.refuse(ctx, j, events.OutcomeOf(err).Reason)
	case err != nil:
		return err
	case made.Paused:
		return events.Transient(events.ReasonUnavailable, errors.New("the channel is paused"), time.Minute)
	}
	j.channel = made
	over, err := e.turns.take(ctx, d)
	if err != nil {
		return err
	}
	defer over()
	err = e.carry(ctx, j, e.stages)
	if errors.Is(err, errExists) {
		again := &job{delivery: d, channel: made, attempt: j.attempt, resumed: true}
		if err = e.carry(ctx, again, e.stages); errors.Is(err, errExists) {
			return events.Transient(events.ReasonUnavailable, err, time.Second)
		}
	}
	return err
}

// refuse ends a delivery whose channel cannot be used.
func (e *Engine) refuse(ctx context.Context, j *job, reason events.Reason) error {
	refused := stageFunc(func(_ context.Context, j *job) error {
		j.endPending(events.StatusFailed, reason, e.now())
		return nil
	})
	j.resumed = true
	return e.carry(ctx, j, pipeline{stageFunc(e.resume), refused, stageFunc(e.outcome)})
}
