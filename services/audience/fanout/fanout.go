package fanout

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
)

const (
	// DefaultWindow is how many batches of a channel of a publication are in
	// the queue, unless the configuration says otherwise.
	DefaultWindow = 64
	mostOfBatch   = 512 // recipients
	keepTargets   = 30 * 24 * time.Hour
)

// Deps is what a Fanout works with.
type Deps struct {
	KV     jetstream.KeyValue // bucket fanout
	JS     jetstream.JetStream
	Emit   func(context.Context, ...events.Event) error
	Render func(context.Context, call.RenderRequest) (call.RenderReply, error)
	// Select decides whom a publication is for, on each of some kinds.
	Select func(p events.Publication, kinds []string) map[string]*roaring.Bitmap
	// Hold returns when the quiet hours that some of b are in now end, with
	// those people.
	Hold    func(authority string, b *roaring.Bitmap, now time.Time) map[time.Time]*roaring.Bitmap
	IDs     func(ordinals []uint32) []string // without those who are gone
	Ordinal func(id string) (uint32, bool)
	Channel func(authority, id string) (registry.Channel, bool)
	Batch   int // recipients of a batch; 0: eight windows of its channel
	Clock   run.Clock
	Logger  *slog.Logger
	Metrics *Metrics
}

// Fanout runs every fan-out. It is safe for concurrent use.
type Fanout struct {
	deps    Deps
	store   store
	window  int
	metrics *Metrics
	alert   *lane
	bulk    *lane

	mu    sync.Mutex
	term  string           // of the lease
	plans map[string]*plan // by plan key: what is known of every publication
	due   []*plan          // not begun
	wake  chan struct{}

	lateMu sync.Mutex // late words are read, changed and written
}

// New returns a Fanout. It does no I/O. window is in batches, 0 for the default.
func New(deps Deps, window int) *Fanout {
	if window <= 0 {
		window = DefaultWindow
	}
	f := &Fanout{
		deps: deps, store: store{deps.KV}, window: window, metrics: deps.Metrics,
		plans: map[string]*plan{}, wake: make(chan struct{}, 1),
	}
	f.alert, f.bulk = newLane(f), newLane(f)
	return f
}

func (f *Fanout) now() time.Time { return f.deps.Clock.Now().UTC() }

func (f *Fanout) lane(c events.Class) *lane {
	if c == events.ClassAlert {
		return f.alert
	}
	return f.bulk
}

// holder is the term of the lease that the fan-outs are run under.
func (f *Fanout) holder() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.term
}

// Follow keeps what is known of every publication up to date while another
// process runs the fan-outs, until ctx ends (nil).
func (f *Fanout) Follow(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := f.follow(ctx); ctx.Err() == nil {
			f.deps.Logger.Warn("fanout: plans not followed; trying again", "err", err)
			select {
			case <-ctx.Done():
			case <-f.deps.Clock.After(emitPause):
			}
		}
	}
	return nil
}

func (f *Fanout) follow(ctx context.Context) error {
	seen := map[string]*plan{}
	read := false
	return f.store.plans(ctx, func(key string, p *plan) {
		f.mu.Lock()
		defer f.mu.Unlock()
		to := seen
		if read {
			to = f.plans
		}
		if to[key] = p; p == nil {
			delete(to, key)
		}
	}, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.plans, read = seen, true
		return false
	})
}

// Load takes over what was under way, under a term of the lease that is like
// no other. It is called before Run and Plan, and again for another term once
// Run has ended.
func (f *Fanout) Load(ctx context.Context, term string) error {
	list := map[string]*plan{}
	err := f.store.plans(ctx, func(key string, p *plan) {
		if list[key] = p; p == nil {
			delete(list, key)
		}
	}, func() bool { return true })
	if err != nil {
		return err
	}
	f.alert.empty()
	f.bulk.empty()
	f.metrics.running.Set(0)
	f.mu.Lock()
	f.plans, f.due, f.term = list, nil, term
	for _, p := range list {
		if p.Begun.IsZero() {
			f.due = append(f.due, p)
		}
	}
	f.mu.Unlock()
	for _, p := range list {
		if p.Begun.IsZero() {
			continue
		}
		if err := f.start(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// Run works until ctx ends (nil), or another process has taken over (an error).
func (f *Fanout) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, l := range []*lane{f.alert, f.bulk} {
		g.Go(func() error { return l.loop(ctx) })
	}
	g.Go(func() error { return f.beginDue(ctx) })
	err := g.Wait()
	return errors.Join(err, f.alert.flush(ctx), f.bulk.flush(ctx))
}

// Plan takes a publication in. Once it returns nil, all of its targets will
// have an end, whatever happens.
func (f *Fanout) Plan(ctx context.Context, p events.Publication) error {
	key := planKey(p.ID, p.Revision)
	f.mu.Lock()
	_, known := f.plans[key]
	newer := f.newer(p)
	f.mu.Unlock()
	if known {
		return nil
	}
	f.supersede(p)
	made := &plan{Publication: p, Trace: bus.TraceParent(ctx)}
	switch {
	case newer:
		made.Begun, made.Passed = f.now(), true
	case f.concerns(p):
		var err error
		if made.Channels, err = f.legs(ctx, p); err != nil {
			return err
		}
	}
	if len(made.Channels) == 0 && !made.Passed {
		return nil
	}
	var err error
	if made.revision, err = f.store.swap(ctx, key, made, 0); errors.Is(err, ErrLost) {
		// Written, and the answer lost; or by who had the lease before.
		made = &plan{}
		made.revision, err = f.store.get(ctx, key, made)
	}
	if err != nil {
		return err
	}
	f.mu.Lock()
	f.plans[key] = made
	if !made.Passed {
		f.due = append(f.due, made)
	}
	f.mu.Unlock()
	f.supersede(p) // what was begun while nobody knew of this one, too
	select {
	case f.wake <- struct{}{}:
	default:
	}
	return nil
}

// supersede gives up what is left of older revisions.
func (f *Fanout) supersede(p events.Publication) {
	f.alert.supersede(p.ID, p.Revision)
	f.bulk.supersede(p.ID, p.Revision)
}

// newer reports whether a later revision is known. f.mu is held.
func (f *Fanout) newer(p events.Publication) bool {
	for _, other := range f.plans {
		if other.Publication.ID == p.ID && other.Publication.Revision > p.Revision {
			return true
		}
	}
	return false
}

// concerns reports whether anything of p is to be sent to people: not what
// expired, nor a withdrawal that nobody asked to tell them.
func (f *Fanout) concerns(p events.Publication) bool {
	if p.MsgType == events.MsgCancel {
		return p.Audience.CorrectionOf > 0
	}
	return f.now().Before(p.Expires)
}

// beginDue begins each plan when its publication may start.
func (f *Fanout) beginDue(ctx context.Context) error {
	for ctx.Err() == nil {
		wait := time.Hour
		f.mu.Lock()
		due := slices.Clone(f.due)
		f.mu.Unlock()
		for _, p := range due {
			if in := p.Publication.NotBefore.Sub(f.now()); in > 0 {
				wait = min(wait, in)
				continue
			}
			if err := f.begin(ctx, p); errors.Is(err, ErrLost) {
				return err
			} else if err != nil {
				if ctx.Err() == nil {
					f.deps.Logger.Error("fanout: targets not stored; trying again", "message", p.Publication.Message, "err", err)
				}
				wait = min(wait, emitPause)
				continue
			}
			f.mu.Lock()
			f.due = slices.DeleteFunc(f.due, func(other *plan) bool { return other == p })
			f.mu.Unlock()
		}
		if err := f.purge(ctx); err != nil && ctx.Err() == nil {
			f.deps.Logger.Warn("fanout: old targets not purged", "err", err)
		}
		t := f.deps.Clock.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-f.wake:
		case <-t.C():
		}
		t.Stop()
	}
	return nil
}

// begin decides and stores whom a plan is for, then starts it.
func (f *Fanout) begin(ctx context.Context, p *plan) error {
	pub := p.Publication
	f.mu.Lock()
	newer := f.newer(pub)
	f.mu.Unlock()
	begun := *p
	begun.Channels = slices.Clone(p.Channels)
	var sets map[string]*roaring.Bitmap
	if begun.Passed = newer; !newer {
		var err error
		if sets, err = f.meant(ctx, pub, p.Channels); err != nil {
			return err
		}
	}
	for i := range begun.Channels {
		l := &begun.Channels[i]
		if err := f.segment(ctx, pub, l, sets[l.contact()]); err != nil {
			return err
		}
	}
	begun.Begun = f.now()
	var err error
	if begun.revision, err = f.store.swap(ctx, planKey(pub.ID, pub.Revision), begun, p.revision); err != nil {
		return err
	}
	f.mu.Lock()
	*p = begun
	f.mu.Unlock()
	return f.start(ctx, p)
}

// start puts the legs of a begun plan that are not done in their lane.
func (f *Fanout) start(ctx context.Context, p *plan) error {
	for _, l := range p.Channels {
		var at cursor
		revision, err := f.store.get(ctx, legKey("at", p.Publication, l.Channel), &at)
		if err != nil {
			return err
		}
		if at.Done || l.people() == 0 {
			continue
		}
		sets, err := f.store.targets(ctx, p.Publication, l)
		if err != nil {
			return err
		}
		r := newFan(p.Publication, l, sets, at, f.window)
		r.revision, r.trace = revision, p.Trace
		if at.Next > 0 {
			if r.failed, err = f.failures(ctx, p.Publication, l.Channel); err != nil {
				return err
			}
		}
		f.mu.Lock()
		if f.newer(p.Publication) {
			r.stop = events.ReasonSuperseded
		}
		f.mu.Unlock()
		f.metrics.running.Inc()
		f.lane(p.Publication.Class).add(r)
	}
	return nil
}

// purge drops the targets of what expired a month ago.
func (f *Fanout) purge(ctx context.Context) error {
	before := f.now().Add(-keepTargets)
	f.mu.Lock()
	var old []*plan
	for key, p := range f.plans {
		if !p.Begun.IsZero() && p.Publication.Expires.Before(before) && p.Begun.Before(before) {
			old = append(old, p)
			delete(f.plans, key)
		}
	}
	f.mu.Unlock()
	var errs []error
	for _, p := range old {
		errs = append(errs, f.store.drop(ctx, *p))
	}
	return errors.Join(errs...)
}
