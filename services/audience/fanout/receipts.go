package fanout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/services/audience/consent"
	"github.com/nats-io/nats.go/jetstream"
)

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
	return f.saveCursor(ctx, r, at)
}

// saveCursor writes over the cursor that this hold wrote or read: ErrLost when
// another process has gone on with the leg. One lane's loop calls it.
func (f *Fanout) saveCursor(ctx context.Context, r *fan, at cursor) error {
	key := legKey("at", r.publication, r.leg.Channel)
	at.Term = f.holder()
	revision, err := f.store.swap(ctx, key, at, r.revision)
	if errors.Is(err, ErrLost) {
		// The answer to a write of ours may have been lost.
		var kept cursor
		found, bad := f.store.get(ctx, key, &kept)
		if bad != nil || found == 0 || kept.Term != at.Term {
			return errors.Join(err, bad)
		}
		revision, err = f.store.swap(ctx, key, at, found)
	}
	if err == nil {
		r.revision = revision
	}
	return err
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
	if _, people := consent.ContactOf(rc.Kind); !people {
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
