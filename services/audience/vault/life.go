package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/nats-io/nats.go/jetstream"
)

// Enrol returns the subscriber who has a normalised address at an authority,
// made now if there is none.
func (v *Vault) Enrol(ctx context.Context, authority, kind, address, language string, now time.Time) (Record, error) {
	for range maxTries {
		r, err := v.Find(ctx, authority, kind, address)
		if !errors.Is(err, ErrNotFound) {
			return r, err
		}
		r, err = v.create(ctx, authority, kind, address, language, now)
		if !errors.Is(err, jetstream.ErrKeyExists) {
			return r, err
		}
	}
	return Record{}, events.Transient(events.ReasonUnavailable, ErrContested, 0)
}

// create stores a new subscriber, then the way to find him: who subscribes
// twice at once meets there, and the loser's record is purged.
func (v *Vault) create(ctx context.Context, authority, kind, address, language string, now time.Time) (Record, error) {
	ordinal, err := v.ordinal(ctx)
	if err != nil {
		return Record{}, err
	}
	id := newID()
	key, wrapped := v.master.newKey(id)
	sealed, err := seal(key, id, kind, address)
	if err != nil {
		return Record{}, err
	}
	contact := Contact{Kind: kind, Sealed: sealed, Lookup: v.master.Lookup(authority, kind, address)}
	r := Record{
		ID: id, Ordinal: ordinal, Authority: authority, Key: wrapped, Contacts: []Contact{contact},
		Language: language, CreatedAt: now.UTC(),
	}
	body, err := json.Marshal(r)
	if err != nil {
		return r, fmt.Errorf("vault: encode %s: %w", id, err)
	}
	revision, err := v.kv.Create(ctx, subPrefix+id, body)
	if err != nil {
		return r, events.Transient(events.ReasonUnavailable, fmt.Errorf("vault: create %s: %w", id, err), 0)
	}
	if err := v.point(ctx, contact.Lookup, id); err != nil {
		return r, errors.Join(err, v.kv.Purge(ctx, subPrefix+id))
	}
	v.model.Apply(r, revision)
	return r, nil
}

// ordinal takes the next number of the reserved block, or reserves another.
func (v *Vault) ordinal(ctx context.Context) (uint32, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.next == v.last {
		if err := v.reserve(ctx); err != nil {
			return 0, err
		}
	}
	v.next++
	return v.next, nil
}

func (v *Vault) reserve(ctx context.Context) error {
	for range maxTries {
		var at, revision uint64
		e, err := v.kv.Get(ctx, OrdinalKey)
		switch {
		case err == nil:
			if at, err = strconv.ParseUint(string(e.Value()), 10, 32); err != nil {
				return events.Permanentf(events.ReasonInternal, "vault: ordinal: %w", err)
			}
			revision = e.Revision()
		case !isMissing(err):
			return events.Transient(events.ReasonUnavailable, fmt.Errorf("vault: ordinal: %w", err), 0)
		}
		next := []byte(strconv.FormatUint(at+ordinalBlock, 10))
		if _, err = v.kv.Update(ctx, OrdinalKey, next, revision); err == nil {
			v.next, v.last = uint32(at), uint32(at)+ordinalBlock
			return nil
		}
		if !bus.IsConflict(err) {
			return events.Transient(events.ReasonUnavailable, fmt.Errorf("vault: ordinal: %w", err), 0)
		}
	}
	return events.Transient(events.ReasonUnavailable, ErrContested, 0)
}

// Erase forgets a subscriber: the ways to find him, then his record with the
// wrapped key of his contacts. Erasing who is not there is no error.
func (v *Vault) Erase(ctx context.Context, id string) error {
	r, _, err := v.Get(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, c := range r.Contacts {
		e, err := v.kv.Get(ctx, contactPrefix+c.Lookup)
		if isMissing(err) || err == nil && string(e.Value()) != id {
			continue // never proven, and maybe another's
		}
		if err == nil {
			err = v.kv.Purge(ctx, contactPrefix+c.Lookup)
		}
		if err != nil {
			return events.Transient(events.ReasonUnavailable, fmt.Errorf("vault: erase %s: %w", id, err), 0)
		}
	}
	if err := v.kv.Purge(ctx, subPrefix+id); err != nil {
		return events.Transient(events.ReasonUnavailable, fmt.Errorf("vault: erase %s: %w", id, err), 0)
	}
	v.model.Forget(id)
	return nil
}
