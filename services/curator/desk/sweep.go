package desk

import (
	"context"
	"errors"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/item"
)

const (
	// sweepEvery bounds how late an expiry or a schedule is noticed when the
	// clock jumps.
	sweepEvery = 30 * time.Second
	// Keep is how long an ended item stays in the console. Its publications
	// and its audit stay in their streams.
	Keep = 90 * 24 * time.Hour
)

// Sweep expires, sends what is scheduled and forgets what ended long ago,
// until ctx ends. It wakes at the time of the next one.
func (d *Desk) Sweep(ctx context.Context) error {
	timer := d.deps.Clock.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-d.wake:
		case <-timer.C():
		}
		if err := d.sweep(ctx); err != nil && ctx.Err() == nil {
			d.deps.Logger.Error("sweep of items", "err", err)
		}
		timer.Reset(d.next())
	}
}

// next is how long until something is due.
func (d *Desk) next() time.Duration {
	now, wait := d.now(), sweepEvery
	for _, e := range d.view.List() {
		it := e.Value
		switch {
		case it.State == item.Scheduled && !d.suspended(it):
			wait = min(wait, it.NotBefore.Sub(now))
		case !it.State.Ended():
			wait = min(wait, it.Expires.Sub(now))
		}
	}
	return max(wait, 10*time.Millisecond)
}

func (d *Desk) sweep(ctx context.Context) error {
	now := d.now()
	var errs []error
	for _, e := range d.view.List() {
		it := e.Value
		var err error
		switch probe := it; {
		case probe.Expire(now): // before Due: an outage never releases yesterday's news
			err = d.quietly(ctx, e.Key, func(it *item.Item, _ item.Rules) error { it.Expire(now); return nil })
		case it.Due(now) && !d.suspended(it):
			err = d.quietly(ctx, e.Key, func(it *item.Item, r item.Rules) error {
				if !it.Due(now) {
					return nil
				}
				if r.Stream.ID == "" {
					return ErrNoStream
				}
				return it.Release(r, now)
			})
		case it.State.Ended() && it.Outgoing == nil && now.Sub(it.UpdatedAt) > Keep:
			err = d.forget(ctx, e)
		}
		if err != nil && !errors.Is(err, registry.ErrConflict) && !errors.Is(err, registry.ErrNotFound) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// suspended reports whether what is scheduled waits for its stream to be
// resumed. An alert, and what an officer has just approved, do not.
func (d *Desk) suspended(it item.Item) bool {
	r, _ := d.index.rules(it.Authority, it.Stream)
	return r.Stream.Paused && !it.Held() && it.Message.Class != events.ClassAlert
}

// quietly changes an item without an officer. The rules of a stream that is no
// more are empty: what was on it still expires.
func (d *Desk) quietly(ctx context.Context, key registry.Key, act func(*item.Item, item.Rules) error) error {
	it, revision, err := d.items.Get(ctx, key...)
	if err != nil {
		return err
	}
	r, _ := d.index.rules(it.Authority, it.Stream)
	if err := act(&it, r); err != nil {
		return err
	}
	if _, err := d.items.Update(ctx, it, revision); err != nil {
		return err
	}
	_, err = d.settle(ctx, it)
	return err
}

// forget removes an item that ended long ago, and its claim on an incident.
func (d *Desk) forget(ctx context.Context, e registry.Entry[item.Item]) error {
	it := e.Value
	if err := d.items.DeleteRevision(ctx, e.Revision, e.Key...); err != nil {
		return err
	}
	if it.Message.Incident == "" {
		return nil
	}
	key := registry.Key{it.Authority, it.Stream, it.Message.Incident}
	c, revision, err := d.told.Get(ctx, key...)
	if err != nil || c.Item != it.ID {
		return err
	}
	return d.told.DeleteRevision(ctx, revision, key...)
}
