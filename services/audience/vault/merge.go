package vault

import (
	"context"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/audience/consent"
)

// Merge makes one subscriber of two who are one person: id gets the proven
// contacts and the subscriptions of other, who is no more. It is his who has
// proven both. Cut anywhere, it is done again whole by a second call.
// jetstream.ErrKeyExists when both have a contact of one kind.
func (v *Vault) Merge(ctx context.Context, id string, other Record) error {
	_, err := v.Modify(ctx, id, func(r *Record) error { return v.take(r, other) })
	if err != nil {
		return err
	}
	if err := v.kv.Purge(ctx, subPrefix+other.ID); err != nil {
		return events.Transient(events.ReasonUnavailable, fmt.Errorf("vault: merge %s: %w", other.ID, err), 0)
	}
	v.model.Forget(other.ID)
	for _, c := range other.Contacts {
		if c.ConfirmedAt.IsZero() {
			continue
		}
		if err := v.point(ctx, c.Lookup, id); err != nil {
			return err
		}
	}
	return nil
}

// take writes into r what is other's.
func (v *Vault) take(r *Record, other Record) error {
	if r.Authority != other.Authority || r.ID == other.ID {
		return ErrNotFound
	}
	for _, c := range other.Contacts {
		if c.ConfirmedAt.IsZero() {
			continue
		}
		if mine, ok := r.Contact(c.Kind); ok && mine.Lookup != c.Lookup && !mine.ConfirmedAt.IsZero() {
			return jetstream.ErrKeyExists
		}
		taken := Contact{Kind: c.Kind, Lookup: c.Lookup, ConfirmedAt: c.ConfirmedAt}
		if mine, ok := r.Contact(c.Kind); ok && mine.Lookup == c.Lookup {
			taken.Sealed = mine.Sealed
		} else if len(c.Sealed) > 0 {
			address, err := v.Address(other, c.Kind)
			if err != nil {
				return err
			}
			if taken.Sealed, err = v.master.sealFor(r, c.Kind, address); err != nil {
				return err
			}
		}
		r.Contacts = slices.DeleteFunc(r.Contacts, func(m Contact) bool { return m.Kind == c.Kind })
		r.Contacts = append(r.Contacts, taken)
	}
	for _, s := range other.Subscriptions {
		if consent.Find(r.Subscriptions, s.Stream, s.Kind) < 0 {
			r.Subscriptions = append(r.Subscriptions, s)
		}
	}
	return nil
}
