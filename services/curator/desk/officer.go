package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/item"
)

// ErrNoStream is what acting on an item of a stream that is no more gives.
var ErrNoStream = errors.New("the item's stream does not exist any more")

// Act lets an officer change an item that had as many changes as seen when it
// was read, whatever it had when seen is 0: ErrConflict when it changed since.
// What is noted beside, as that a change was audited, is no change of what the
// officer read. The error of act is returned wrapped, and nothing written then;
// act may be called again on what the item is by then.
func (d *Desk) Act(ctx context.Context, key registry.Key, seen int, act func(it *item.Item, r item.Rules, now time.Time) error) (item.Item, error) {
	for range maxSettles {
		it, revision, err := d.items.Get(ctx, key...)
		if err != nil {
			return it, err
		}
		if seen != 0 && it.Changes != seen {
			return it, fmt.Errorf("curator: item %s: %w", it.ID, ErrConflict)
		}
		r, ok := d.index.rules(it.Authority, it.Stream)
		if !ok {
			return it, fmt.Errorf("curator: item %s: %w", it.ID, ErrNoStream)
		}
		if err := act(&it, r, d.now()); err != nil {
			return it, err
		}
		if _, err := d.items.Update(ctx, it, revision); errors.Is(err, registry.ErrConflict) {
			continue
		} else if err != nil {
			return it, err
		}
		return d.settle(ctx, it)
	}
	return item.Item{}, fmt.Errorf("curator: item %s: %w", key[len(key)-1], ErrConflict)
}

// Approve is Act with an officer's approval. Once complete, the other items of
// the incident on the stream that wait for review are covered by this one,
// and their provenance goes with it.
func (d *Desk) Approve(ctx context.Context, key registry.Key, seen int, officer string, notBefore time.Time, before ...func(*item.Item, item.Rules, time.Time) error) (item.Item, error) {
	complete := false
	var others []item.Item
	it, err := d.Act(ctx, key, seen, func(it *item.Item, r item.Rules, now time.Time) error {
		for _, f := range before {
			if err := f(it, r, now); err != nil {
				return err
			}
		}
		others = d.Twins(*it)
		it.Message.Origin = it.Origin(others...)
		var err error
		complete, err = it.Approve(officer, r, notBefore, now)
		return err
	})
	if err != nil || !complete {
		return it, err
	}
	for _, o := range others {
		_, err := d.Act(ctx, o.Key(), 0, func(other *item.Item, _ item.Rules, now time.Time) error {
			if other.State == item.Pending && other.Outgoing == nil && !other.Live() {
				other.Cover(it.ID, officer, now)
			}
			return nil
		})
		// The officer's own act is done: a twin that changed meanwhile stays in
		// the queue, to be seen.
		if err != nil && !errors.Is(err, ErrConflict) {
			return it, err
		}
	}
	return it, nil
}

// Restore is Act with item.Restore. What was approved and has not left uncovers
// what it covered: the others of its incident wait for review again.
func (d *Desk) Restore(ctx context.Context, key registry.Key, seen int, officer string) (item.Item, error) {
	var covered []item.Item
	it, err := d.Act(ctx, key, seen, func(it *item.Item, _ item.Rules, now time.Time) error {
		if it.State == item.Scheduled && !it.Live() {
			covered = d.Covered(*it)
		}
		return it.Restore(officer, now)
	})
	if err != nil {
		return it, err
	}
	for _, o := range covered {
		_, err := d.Act(ctx, o.Key(), 0, func(other *item.Item, _ item.Rules, now time.Time) error {
			if other.State != item.Covered || other.CoveredBy != it.ID || !other.Expires.After(now) {
				return nil
			}
			return other.Restore(officer, now)
		})
		if err != nil && !errors.Is(err, ErrConflict) { // as Approve
			return it, err
		}
	}
	return it, nil
}

// Twins are the other items of the same incident that wait for review on the
// same stream.
func (d *Desk) Twins(it item.Item) []item.Item {
	if it.Message.Incident == "" {
		return nil
	}
	var list []item.Item
	for _, e := range d.view.List(it.Authority, it.Stream) {
		o := e.Value
		if o.ID != it.ID && o.Message.Incident == it.Message.Incident && o.State == item.Pending && !o.Live() {
			list = append(list, o)
		}
	}
	return list
}

// Covered are the items that an item covers.
func (d *Desk) Covered(it item.Item) []item.Item {
	var list []item.Item
	for _, e := range d.view.List(it.Authority, it.Stream) {
		if e.Value.CoveredBy == it.ID {
			list = append(list, e.Value)
		}
	}
	return list
}

// Rules are those of a stream, false when it is no more.
func (d *Desk) Rules(authority, stream string) (item.Rules, bool) {
	return d.index.rules(authority, stream)
}
