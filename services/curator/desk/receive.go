package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/item"
	"github.com/crieur/crieur/services/curator/rule"
)

// Receive takes a message onto every stream whose rule takes it, and onto
// those that had it before: a correction goes wherever the error went.
func (d *Desk) Receive(ctx context.Context, m events.Message) error {
	seen := map[string]bool{}
	var errs []error
	for _, r := range d.index.taking(m) {
		a := d.arrival(ctx, r, m)
		seen[a.ID()] = true
		errs = append(errs, d.receive(ctx, a, true))
	}
	if m.Revision > 1 || m.MsgType != events.MsgAlert {
		for _, e := range d.deps.Directory.Streams.List() {
			r, ok := d.index.rules(e.Value.Authority, e.Value.ID)
			a := d.arrival(ctx, r, m)
			if !ok || seen[a.ID()] {
				continue
			}
			if _, had := d.view.Get(a.Key()...); had || m.Authority == r.Authority.ID {
				errs = append(errs, d.receive(ctx, a, false))
			}
		}
	}
	return errors.Join(errs...)
}

func (d *Desk) arrival(ctx context.Context, r item.Rules, m events.Message) item.Arrival {
	return item.Arrival{
		Authority: r.Authority, Stream: r.Stream, Message: m,
		Trace: bus.TraceParent(ctx), Trust: d.index.trust(m), Manual: m.Source == rule.ConsoleSource,
	}
}

// receive takes a message onto one stream. create is whether the rule takes it
// now; otherwise only an item that exists is changed.
func (d *Desk) receive(ctx context.Context, a item.Arrival, create bool) error {
	for range maxSettles {
		it, revision, err := d.items.Get(ctx, a.Key()...)
		switch {
		case errors.Is(err, registry.ErrNotFound):
			if !create {
				return nil
			}
			err = d.create(ctx, a)
		case err != nil:
			return err
		case it.Outgoing != nil || it.Audited < it.Changes:
			// A life before, or another process, was interrupted here.
			if it, err = d.settle(ctx, it); err == nil && it.Outgoing == nil {
				continue
			}
		default:
			err = d.change(ctx, a, it, revision)
		}
		if !errors.Is(err, registry.ErrConflict) && !errors.Is(err, registry.ErrExists) {
			return err
		}
	}
	return events.Transient(events.ReasonUnavailable, fmt.Errorf("curator: item %s: %w", a.ID(), registry.ErrConflict), time.Second)
}

func (d *Desk) create(ctx context.Context, a item.Arrival) error {
	if err := d.whoTold(ctx, &a); err != nil {
		return err
	}
	it, ok := item.New(a, d.now())
	if !ok {
		d.deps.Metrics.messages.WithLabelValues(outcomeIgnored).Inc()
		return nil
	}
	if _, err := d.items.Create(ctx, it); err != nil {
		return err
	}
	d.deps.Metrics.messages.WithLabelValues(outcomeNew).Inc()
	_, err := d.settle(ctx, it)
	return err
}

func (d *Desk) change(ctx context.Context, a item.Arrival, it item.Item, revision uint64) error {
	if !it.Receive(a, d.now()) {
		d.deps.Metrics.messages.WithLabelValues(outcomeUnchanged).Inc()
		return nil
	}
	if _, err := d.items.Update(ctx, it, revision); err != nil {
		return err
	}
	d.deps.Metrics.messages.WithLabelValues(outcomeChanged).Inc()
	_, err := d.settle(ctx, it)
	return err
}

// claim is which item tells residents of an incident by rule, on a stream. Its
// key is {authority, stream, incident}.
type claim struct {
	Item string    `json:"item"`
	At   time.Time `json:"at"`
}

// whoTold finds, for a message that may leave without an officer, the item
// that has told the same incident already; or claims to be the one.
func (d *Desk) whoTold(ctx context.Context, a *item.Arrival) error {
	m := a.Message
	if m.Incident == "" || !a.Automatic() {
		return nil
	}
	key := registry.Key{a.Stream.Authority, a.Stream.ID, m.Incident}
	mine := claim{Item: a.ID(), At: d.now()}
	_, err := d.told.Create(ctx, mine, key...)
	if !errors.Is(err, registry.ErrExists) {
		return err
	}
	c, revision, err := d.told.Get(ctx, key...)
	if err != nil || c.Item == mine.Item {
		return err
	}
	first, _, err := d.items.Get(ctx, a.Stream.Authority, a.Stream.ID, c.Item)
	if err != nil && !errors.Is(err, registry.ErrNotFound) {
		return err
	}
	if err == nil && (first.Live() || first.Outgoing != nil) {
		a.Told = &first
		return nil
	}
	_, err = d.told.Update(ctx, mine, revision, key...)
	return err
}
