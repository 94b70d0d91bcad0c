package fanout

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/audience/consent"
)

// Defaults of Config.
const (
	DefaultWindow = 64 // batches of a channel of a publication in the queue
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

// Load reads what was under way. It is called before Run and Plan.
func (f *Fanout) Load(ctx context.Context) error {
	list, err := f.store.plans(ctx)
	if err != nil {
		return err
	}
	for i := range list {
		p := &list[i]
		f.mu.Lock()
		f.plans[planKey(p.Publication.ID, p.Publication.Revision)] = p
		f.mu.Unlock()
	}
	for i := range list {
		p := &list[i]
		if p.Begun.IsZero() {
			f.mu.Lock()
			f.due = append(f.due, p)
			f.mu.Unlock()
			continue
		}
		if err := f.start(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// Run works until ctx ends.
func (f *Fanout) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, l := range []*lane{f.alert, f.bulk} {
		wg.Go(func() { l.loop(ctx) })
	}
	wg.Go(func() { f.beginDue(ctx) })
	wg.Wait()
	return nil
}

// Plan takes a publication in. Once it returns nil, all of its targets will
// have an end, whatever happens.
func (f *Fanout) Plan(ctx context.Context, p events.Publication) error {
	key := planKey(p.ID, p.Revision)
	f.mu.Lock()
	_, known := f.plans[key]
	newer := f.newer(p)
	f.mu.Unlock()
	if known || newer {
		return nil
	}
	f.alert.supersede(p.ID, p.Revision)
	f.bulk.supersede(p.ID, p.Revision)
	made := &plan{Publication: p}
	if f.concerns(p) {
		var err error
		if made.Channels, err = f.legs(ctx, p); err != nil {
			return err
		}
	}
	if len(made.Channels) == 0 {
		return nil
	}
	if err := f.store.put(ctx, key, made); err != nil {
		return err
	}
	f.mu.Lock()
	f.plans[key] = made
	f.due = append(f.due, made)
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
	return nil
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

// legs asks for the rendition of each channel that writes to people: the first
// of each kind.
func (f *Fanout) legs(ctx context.Context, p events.Publication) ([]leg, error) {
	var list []leg
	for _, id := range p.Channels {
		ch, ok := f.deps.Channel(p.Authority, id)
		if !ok || !consent.IsKind(ch.Kind) || !ch.Takes(p.Class) {
			continue
		}
		if slices.ContainsFunc(list, func(l leg) bool { return l.Kind == ch.Kind }) {
			continue
		}
		list = append(list, leg{Channel: id, Kind: ch.Kind, Size: max(1, ch.Window/2)})
	}
	if len(list) == 0 {
		return nil, nil
	}
	req := call.RenderRequest{Publication: p}
	for _, l := range list {
		req.Channels = append(req.Channels, l.Channel)
	}
	reply, err := f.deps.Render(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("fanout: publication %s: %w", p.EventID(), err)
	}
	return f.rendered(ctx, p, list, reply)
}

// rendered keeps the legs that have a rendition; the others end as failed.
func (f *Fanout) rendered(ctx context.Context, p events.Publication, list []leg, reply call.RenderReply) ([]leg, error) {
	kept := list[:0]
	for _, l := range list {
		i := slices.IndexFunc(reply.Rendered, func(r call.Rendered) bool { return r.Channel == l.Channel })
		if i < 0 {
			return nil, events.Transient(events.ReasonInternal, fmt.Errorf("fanout: publication %s: no rendition for channel %s", p.EventID(), l.Channel), 0)
		}
		if r := reply.Rendered[i]; r.Error == "" && r.Reason == "" {
			l.Rendition = r.Rendition
			kept = append(kept, l)
			continue
		}
		f.deps.Logger.Warn("fanout: channel cannot show the publication", "authority", p.Authority, "channel", l.Channel, "message", p.Message, "reason", reply.Rendered[i].Reason)
		r := sender(p, l)
		at := f.now().Truncate(time.Millisecond)
		rc := events.NewReceipt(r.delivery(0, nil, at), "plan", at, []events.Recipient{
			{ID: l.Channel, Status: events.StatusFailed, Reason: reply.Rendered[i].Reason, At: at},
		})
		if err := f.deps.Emit(ctx, rc); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// sender is a fan that only makes deliveries.
func sender(p events.Publication, l leg) *fan {
	return &fan{publication: p, leg: l, action: actionOf(p)}
}

// beginDue begins each plan when its publication may start.
func (f *Fanout) beginDue(ctx context.Context) {
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
			if err := f.begin(ctx, p); err != nil {
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
	switch {
	case newer:
		sets = map[string]*roaring.Bitmap{}
	case pub.Audience.CorrectionOf > 0:
		var err error
		if sets, err = f.received(ctx, pub, p.Channels); err != nil {
			return err
		}
	default:
		kinds := make([]string, len(p.Channels))
		for i, l := range p.Channels {
			kinds[i] = l.Kind
		}
		sets = f.deps.Select(pub, kinds)
	}
	for i := range begun.Channels {
		l := &begun.Channels[i]
		if err := f.segment(ctx, pub, l, sets[l.Kind]); err != nil {
			return err
		}
	}
	begun.Begun = f.now()
	if err := f.store.put(ctx, planKey(pub.ID, pub.Revision), begun); err != nil {
		return err
	}
	f.mu.Lock()
	*p = begun
	f.mu.Unlock()
	return f.start(ctx, p)
}

// segment stores a leg's targets: those who may be sent to now, then those in
// their quiet hours, by the time these end.
func (f *Fanout) segment(ctx context.Context, p events.Publication, l *leg, b *roaring.Bitmap) error {
	l.Segments = nil
	if b == nil || b.IsEmpty() {
		return nil
	}
	parts := map[time.Time]*roaring.Bitmap{}
	if p.Class != events.ClassAlert {
		parts = f.deps.Hold(p.Authority, b, f.now())
		b = b.Clone()
		for _, held := range parts {
			b.AndNot(held)
		}
	}
	if !b.IsEmpty() {
		parts[time.Time{}] = b
	}
	times := make([]time.Time, 0, len(parts))
	for at := range parts {
		times = append(times, at)
	}
	slices.SortFunc(times, time.Time.Compare)
	for _, at := range times {
		n, err := f.store.putSet(ctx, setKey(p, l.Channel, len(l.Segments)), parts[at])
		if err != nil {
			return err
		}
		l.Segments = append(l.Segments, segment{NotBefore: at, People: int(parts[at].GetCardinality()), Chunks: n})
	}
	return nil
}

// received is, by kind, who was sent the revision that p corrects, without
// those it did not reach. Whoever was still to be sent to is told the
// correction too, unless it is a withdrawal.
func (f *Fanout) received(ctx context.Context, p events.Publication, legs []leg) (map[string]*roaring.Bitmap, error) {
	out := map[string]*roaring.Bitmap{}
	f.mu.Lock()
	old := f.plans[planKey(p.ID, p.Audience.CorrectionOf)]
	f.mu.Unlock()
	if old == nil {
		f.deps.Logger.Warn("fanout: the corrected revision was sent to nobody", "message", p.Message, "authority", p.Authority)
		return out, nil
	}
	for _, l := range old.Channels {
		if !slices.ContainsFunc(legs, func(n leg) bool { return n.Kind == l.Kind }) {
			continue
		}
		sets, err := f.store.targets(ctx, old.Publication, l)
		if err != nil {
			return nil, err
		}
		var at cursor
		if _, err := f.store.get(ctx, legKey("at", old.Publication, l.Channel), &at); err != nil {
			return nil, err
		}
		b := sent(l, sets, at)
		if p.MsgType != events.MsgCancel && at.Reason != events.ReasonExpired {
			for _, s := range sets {
				b.Or(s)
			}
		}
		failed, err := f.failures(ctx, old.Publication, l.Channel)
		if err != nil {
			return nil, err
		}
		b.AndNot(failed)
		out[l.Kind] = b
	}
	return out, nil
}

// failures reads who could not be reached: from memory while the run lives.
func (f *Fanout) failures(ctx context.Context, p events.Publication, channel string) (*roaring.Bitmap, error) {
	l := f.lane(p.Class)
	l.mu.Lock()
	for _, r := range l.runs {
		if r.publication.ID == p.ID && r.publication.Revision == p.Revision && r.leg.Channel == channel {
			defer l.mu.Unlock()
			return r.failed.Clone(), nil
		}
	}
	l.mu.Unlock()
	var kept struct {
		Chunks int `json:"chunks"`
	}
	if ok, err := f.store.get(ctx, legKey("failed", p, channel)+".n", &kept); err != nil || !ok {
		return roaring.New(), err
	}
	return f.store.getSet(ctx, legKey("failed", p, channel), kept.Chunks)
}

// start puts the legs of a begun plan that are not done in their lane.
func (f *Fanout) start(ctx context.Context, p *plan) error {
	for _, l := range p.Channels {
		var at cursor
		if _, err := f.store.get(ctx, legKey("at", p.Publication, l.Channel), &at); err != nil {
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

// save stores a run's cursor, and its failures when they changed.
func (f *Fanout) save(ctx context.Context, r *fan) error {
	l := f.lane(r.publication.Class)
	l.mu.Lock()
	at := r.at
	var failed *roaring.Bitmap
	if r.dirty {
		failed, r.dirty = r.failed.Clone(), false
	}
	l.mu.Unlock()
	// What was stored in the queue stays so: the cursor follows even while stopping.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if failed != nil {
		if err := f.saveFailures(ctx, r.publication, r.leg.Channel, failed); err != nil {
			return err
		}
	}
	return f.store.put(ctx, legKey("at", r.publication, r.leg.Channel), at)
}

func (f *Fanout) saveFailures(ctx context.Context, p events.Publication, channel string, failed *roaring.Bitmap) error {
	n, err := f.store.putSet(ctx, legKey("failed", p, channel), failed)
	if err != nil {
		return err
	}
	return f.store.put(ctx, legKey("failed", p, channel)+".n", map[string]int{"chunks": n})
}

// Receipt takes a receipt of any delivery.
func (f *Fanout) Receipt(ctx context.Context, rc events.Receipt) error {
	if !consent.IsKind(rc.Kind) {
		return nil
	}
	if f.lane(rc.Class).receipt(rc, f.deps.Ordinal) {
		return nil
	}
	return f.late(ctx, rc)
}

// late takes a receipt of a run that is over: the provider's last word on who
// was not reached.
func (f *Fanout) late(ctx context.Context, rc events.Receipt) error {
	f.mu.Lock()
	p := f.plans[planKey(rc.Publication, rc.Revision)]
	f.mu.Unlock()
	bad := slices.ContainsFunc(rc.Recipients, func(to events.Recipient) bool { return to.Status == events.StatusFailed })
	if p == nil || !bad {
		return nil
	}
	f.lateMu.Lock()
	defer f.lateMu.Unlock()
	failed, err := f.failures(ctx, p.Publication, rc.Channel)
	if err != nil {
		return err
	}
	r := &fan{failed: failed}
	if r.note(rc, f.deps.Ordinal); !r.dirty {
		return nil
	}
	return f.saveFailures(ctx, p.Publication, rc.Channel, failed)
}

// queued returns how many deliveries of a subject are in the queue.
func (f *Fanout) queued(ctx context.Context, subject string) (int, error) {
	s, err := f.deps.JS.Stream(ctx, bus.StreamDeliveries)
	if err != nil {
		return 0, fmt.Errorf("fanout: stream %s: %w", bus.StreamDeliveries, err)
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(subject))
	if err != nil {
		return 0, fmt.Errorf("fanout: stream %s: %w", bus.StreamDeliveries, err)
	}
	return int(info.State.Subjects[subject]), nil
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
