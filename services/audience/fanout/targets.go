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
