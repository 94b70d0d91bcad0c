package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/crieur/crieur/events"
	"github.com/nats-io/nats.go/jetstream"
)

// Find returns the subscriber who has a normalised address at an authority.
func (v *Vault) Find(ctx context.Context, authority, kind, address string) (Record, error) {
	e, err := v.kv.Get(ctx, contactPrefix+v.master.Lookup(authority, kind, address))
	if isMissing(err) {
		return Record{}, ErrNotFound
	}
	if err != nil {
		return Record{}, events.Transient(events.ReasonUnavailable, fmt.Errorf("vault: find: %w", err), 0)
	}
	r, _, err := v.Get(ctx, string(e.Value()))
	return r, err
}

// AddContact seals one more address for a subscriber. Nothing leads from the
// address to him before he has proven it (Claim). jetstream.ErrKeyExists when
// he has a proven contact of that kind already.
func (v *Vault) AddContact(ctx context.Context, id, kind, address string) (Record, error) {
	return v.Modify(ctx, id, func(r *Record) error {
		lookup := v.master.Lookup(r.Authority, kind, address)
		c, ok := r.Contact(kind)
		same := ok && c.Lookup == lookup
		switch {
		case ok && !same && !c.ConfirmedAt.IsZero():
			return jetstream.ErrKeyExists
		case same && len(c.Sealed) > 0:
			return nil
		}
		sealed, err := v.master.sealFor(r, kind, address)
		if err != nil {
			return err
		}
		added := Contact{Kind: kind, Sealed: sealed, Lookup: lookup}
		if same {
			added.ConfirmedAt = c.ConfirmedAt
		}
		r.Contacts = append(slices.DeleteFunc(r.Contacts, func(c Contact) bool { return c.Kind == kind }), added)
		return nil
	})
}

// Return seals the address of a subscriber who comes back by it, where it was
// destroyed as he left.
func (v *Vault) Return(ctx context.Context, r Record, kind, address string) (Record, error) {
	if c, ok := r.Contact(kind); ok && len(c.Sealed) > 0 {
		return r, nil
	}
	return v.AddContact(ctx, r.ID, kind, address)
}

// Replace gives a subscriber another address of a kind in the place of one that
// led to him: a browser that changed its push subscription. ErrNotFound when
// old is not his.
func (v *Vault) Replace(ctx context.Context, r Record, kind, old, address string) error {
	was, now := v.master.Lookup(r.Authority, kind, old), v.master.Lookup(r.Authority, kind, address)
	if err := v.point(ctx, now, r.ID); err != nil {
		return err
	}
	_, err := v.Modify(ctx, r.ID, func(r *Record) error {
		i := slices.IndexFunc(r.Contacts, func(c Contact) bool { return c.Kind == kind && c.Lookup == was })
		if i < 0 {
			return ErrNotFound
		}
		if c := &r.Contacts[i]; len(c.Sealed) > 0 { // else nothing is sent there any more
			sealed, err := v.master.sealFor(r, kind, address)
			if err != nil {
				return err
			}
			c.Sealed = sealed
		}
		r.Contacts[i].Lookup = now
		return nil
	})
	if err == nil && was != now {
		if err = v.kv.Purge(ctx, contactPrefix+was); err != nil {
			err = events.Transient(events.ReasonUnavailable, fmt.Errorf("vault: contact of %s: %w", r.ID, err), 0)
		}
	}
	return err
}

// Claim makes the address of a kind lead to its subscriber:
// jetstream.ErrKeyExists when it leads to another.
func (v *Vault) Claim(ctx context.Context, r Record, kind string) error {
	c, ok := r.Contact(kind)
	if !ok {
		return ErrNotFound
	}
	return v.point(ctx, c.Lookup, r.ID)
}

// point makes an address lead to a subscriber: jetstream.ErrKeyExists when it
// leads to another who exists.
func (v *Vault) point(ctx context.Context, lookup, id string) error {
	_, err := v.kv.Create(ctx, contactPrefix+lookup, []byte(id))
	if err == nil {
		return nil
	}
	if !errors.Is(err, jetstream.ErrKeyExists) {
		return events.Transient(events.ReasonUnavailable, fmt.Errorf("vault: contact of %s: %w", id, err), 0)
	}
	e, err := v.kv.Get(ctx, contactPrefix+lookup)
	if err != nil {
		return jetstream.ErrKeyExists // gone again: the caller starts anew
	}
	if string(e.Value()) == id {
		return nil
	}
	if _, _, err := v.Get(ctx, string(e.Value())); !errors.Is(err, ErrNotFound) {
		return jetstream.ErrKeyExists
	}
	// Left by an erasure that was cut.
	if _, err := v.kv.Update(ctx, contactPrefix+lookup, []byte(id), e.Revision()); err != nil {
		return jetstream.ErrKeyExists
	}
	return nil
}

// Address opens one contact of a record.
func (v *Vault) Address(r Record, kind string) (string, error) {
	c, ok := r.Contact(kind)
	if !ok || len(c.Sealed) == 0 {
		return "", ErrNotFound
	}
	key, err := v.master.unwrap(r.ID, r.Key)
	if err != nil {
		return "", err
	}
	return open(key, r.ID, kind, c.Sealed)
}
