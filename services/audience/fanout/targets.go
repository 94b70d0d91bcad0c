package fanout

import (
	"context"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/crieur/crieur/events"
)

// segment stores a leg's targets: those who may be sent to now, then those in
// their quiet hours, by the time these end.
func (f *Fanout) segment(ctx context.Context, p events.Publication, l *leg, b *roaring.Bitmap) error {
	l.Segments, l.Term = nil, f.holder()
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
		n, err := f.store.putSet(ctx, setKey(p, *l, len(l.Segments)), parts[at])
		if err != nil {
			return err
		}
		l.Segments = append(l.Segments, segment{NotBefore: at, People: int(parts[at].GetCardinality()), Chunks: n})
	}
	return nil
}

// meant is, by kind, whom a publication is for now.
func (f *Fanout) meant(ctx context.Context, p events.Publication, legs []leg) (map[string]*roaring.Bitmap, error) {
	if p.Audience.CorrectionOf > 0 {
		if old := f.corrected(p); old != nil {
			return f.received(ctx, p, old, legs)
		}
		if p.MsgType == events.MsgCancel {
			return nil, nil // nobody was told what is withdrawn
		}
	}
	kinds := make([]string, len(legs))
	for i, l := range legs {
		kinds[i] = l.contact()
	}
	return f.deps.Select(p, kinds), nil
}

// corrected is the revision that people have of what p corrects, nil when they
// have none. One that was passed over, or is not known of yet, as when both
// waited for this process, told nobody: p then corrects what that one did, and
// where it was news is news itself.
func (f *Fanout) corrected(p events.Publication) *plan {
	f.mu.Lock()
	defer f.mu.Unlock()
	for revision := p.Audience.CorrectionOf; revision > 0; {
		old := f.plans[planKey(p.ID, revision)]
		switch {
		case old != nil && !old.Begun.IsZero() && !old.Passed:
			return old
		case old == nil || p.MsgType == events.MsgCancel:
			revision--
		default:
			revision = old.Publication.Audience.CorrectionOf
		}
	}
	return nil
}

// received is, by kind, who was sent a revision that p corrects, without
// those it did not reach. Whoever was still to be sent to is told the
// correction too, unless it is a withdrawal.
func (f *Fanout) received(ctx context.Context, p events.Publication, old *plan, legs []leg) (map[string]*roaring.Bitmap, error) {
	out := map[string]*roaring.Bitmap{}
	for _, l := range old.Channels {
		if !slices.ContainsFunc(legs, func(n leg) bool { return n.contact() == l.contact() }) {
			continue
		}
		sets, err := f.store.targets(ctx, old.Publication, l)
		if err != nil {
			return nil, err
		}
		at, err := f.cursor(ctx, old.Publication, l.Channel)
		if err != nil {
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
		out[l.contact()] = b
	}
	return out, nil
}

// cursor is how far a leg is: from memory while the run lives, with what is being
// put in the queue now.
func (f *Fanout) cursor(ctx context.Context, p events.Publication, channel string) (cursor, error) {
	l := f.lane(p.Class)
	l.mu.Lock()
	if r := l.find(p.ID, p.Revision, channel); r != nil {
		defer l.mu.Unlock()
		at := r.at
		for batch := range r.open {
			at.Next = max(at.Next, batch+1)
		}
		return at, nil
	}
	l.mu.Unlock()
	var at cursor
	_, err := f.store.get(ctx, legKey("at", p, channel), &at)
	return at, err
}

// failures reads who could not be reached: from memory while the run lives.
func (f *Fanout) failures(ctx context.Context, p events.Publication, channel string) (*roaring.Bitmap, error) {
	l := f.lane(p.Class)
	l.mu.Lock()
	if r := l.find(p.ID, p.Revision, channel); r != nil {
		defer l.mu.Unlock()
		return r.failed.Clone(), nil
	}
	l.mu.Unlock()
	var kept struct {
		Chunks int `json:"chunks"`
	}
	if n, err := f.store.get(ctx, legKey("failed", p, channel)+".n", &kept); err != nil || n == 0 {
		return roaring.New(), err
	}
	return f.store.getSet(ctx, legKey("failed", p, channel), kept.Chunks)
}
