package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/services/audience/consent"
)

// The errors of a Vault.
var (
	ErrNotFound  = errors.New("vault: no such subscriber")
	ErrKeyLost   = errors.New("vault: the master key is missing")
	ErrWrongKey  = errors.New("vault: the master key is not the one this vault was sealed with")
	ErrContested = errors.New("vault: too many writers at once")
)

const (
	// SubscriberPrefix begins the key of a subscriber's record.
	SubscriberPrefix = "sub."
	subPrefix        = SubscriberPrefix
	contactPrefix    = "contact."
	// OrdinalKey holds the last number that was reserved.
	OrdinalKey     = "ordinal"
	FingerprintKey = "master"
	// ordinalBlock is reserved at a time; a restart leaves the rest of one unused.
	ordinalBlock = 64
	maxTries     = 16
)

// Vault reads and writes subscribers. It is safe for concurrent use, in
// several processes.
type Vault struct {
	kv     jetstream.KeyValue
	master *Master
	model  *Model

	mu         sync.Mutex
	next, last uint32 // of the reserved block
}

// New returns the vault kept in kv, with its read model. It does no I/O.
func New(kv jetstream.KeyValue, master *Master, model *Model) *Vault {
	return &Vault{kv: kv, master: master, model: model}
}

// Check makes sure that the master key is this vault's. ErrWrongKey otherwise,
// and ErrKeyLost when the key was made just now, since its file was not there:
// that file is taken away again, so that nothing stands where the copy is to be
// put. Both name the fingerprint of the key that is wanted. An empty vault
// takes the key.
func (v *Vault) Check(ctx context.Context) error {
	_, err := v.kv.Create(ctx, FingerprintKey, []byte(v.master.Fingerprint()))
	if err != nil && !errors.Is(err, jetstream.ErrKeyExists) {
		return fmt.Errorf("vault: check: %w", err)
	}
	e, err := v.kv.Get(ctx, FingerprintKey)
	if err != nil {
		return fmt.Errorf("vault: check: %w", err)
	}
	if string(e.Value()) != v.master.Fingerprint() {
		if file := v.master.made; file != "" {
			return errors.Join(fmt.Errorf("%w: master_key_file: %s: put back the copy of the key whose fingerprint is %s: nothing was changed", ErrKeyLost, file, e.Value()), os.Remove(file))
		}
		return fmt.Errorf("%w: its fingerprint is %s, that of the vault's is %s: nothing was changed", ErrWrongKey, v.master.Fingerprint(), e.Value())
	}
	v.master.made = "" // from now on something is sealed with it
	return nil
}

// Get returns a subscriber and the revision of his record.
func (v *Vault) Get(ctx context.Context, id string) (Record, uint64, error) {
	if _, ok := parseID(id); !ok {
		return Record{}, 0, ErrNotFound
	}
	e, err := v.kv.Get(ctx, subPrefix+id)
	if isMissing(err) {
		return Record{}, 0, ErrNotFound
	}
	if err != nil {
		return Record{}, 0, events.Transient(events.ReasonUnavailable, fmt.Errorf("vault: get %s: %w", id, err), 0)
	}
	var r Record
	if err := json.Unmarshal(e.Value(), &r); err != nil {
		return Record{}, 0, events.Permanentf(events.ReasonInternal, "vault: decode %s: %w", id, err)
	}
	return r, e.Revision(), nil
}

func isMissing(err error) bool {
	return errors.Is(err, jetstream.ErrKeyNotFound) || errors.Is(err, jetstream.ErrKeyDeleted)
}

// Modify changes a subscriber, again when someone else wrote in between.
// change may be called several times; its error ends it and writes nothing.
func (v *Vault) Modify(ctx context.Context, id string, change func(*Record) error) (Record, error) {
	for range maxTries {
		r, revision, err := v.Get(ctx, id)
		if err != nil {
			return r, err
		}
		if err := change(&r); err != nil {
			return r, err
		}
		err = v.update(ctx, r, revision)
		if !errors.Is(err, jetstream.ErrKeyExists) {
			return r, err
		}
	}
	return Record{}, events.Transient(events.ReasonUnavailable, ErrContested, 0)
}

// update writes r over a revision; jetstream.ErrKeyExists when there is another.
func (v *Vault) update(ctx context.Context, r Record, revision uint64) error {
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("vault: encode %s: %w", r.ID, err)
	}
	revision, err = v.kv.Update(ctx, subPrefix+r.ID, body, revision)
	if err != nil {
		if bus.IsConflict(err) {
			return jetstream.ErrKeyExists
		}
		return events.Transient(events.ReasonUnavailable, fmt.Errorf("vault: update %s: %w", r.ID, err), 0)
	}
	v.model.Apply(r, revision)
	return nil
}

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

// AddContact seals one more address for a subscriber. Nothing leads from the
// address to him before he has proven it (Claim). jetstream.ErrKeyExists when
// he has a proven contact of that kind already.
func (v *Vault) AddContact(ctx context.Context, id, kind, address string) (Record, error) {
	return v.Modify(ctx, id, func(r *Record) error {
		lookup := v.master.Lookup(r.Authority, kind, address)
		if c, ok := r.Contact(kind); ok && !c.ConfirmedAt.IsZero() && c.Lookup != lookup {
			return jetstream.ErrKeyExists
		} else if ok && c.Lookup == lookup {
			return nil
		}
		key, err := v.master.unwrap(r.ID, r.Key)
		if err != nil {
			return err
		}
		sealed, err := seal(key, r.ID, kind, address)
		if err != nil {
			return err
		}
		r.Contacts = slices.DeleteFunc(r.Contacts, func(c Contact) bool { return c.Kind == kind })
		r.Contacts = append(r.Contacts, Contact{Kind: kind, Sealed: sealed, Lookup: lookup})
		return nil
	})
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
		key, err := v.master.unwrap(r.ID, r.Key)
		if err != nil {
			return err
		}
		sealed, err := seal(key, r.ID, kind, address)
		if err != nil {
			return err
		}
		r.Contacts[i].Sealed, r.Contacts[i].Lookup = sealed, now
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

// Address opens one contact of a record.
func (v *Vault) Address(r Record, kind string) (string, error) {
	c, ok := r.Contact(kind)
	if !ok {
		return "", ErrNotFound
	}
	key, err := v.master.unwrap(r.ID, r.Key)
	if err != nil {
		return "", err
	}
	return open(key, r.ID, kind, c.Sealed)
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

// Confirmed marks a record's contact as proven to be its owner's.
func (r *Record) Confirmed(kind string, at time.Time) {
	for i := range r.Contacts {
		if r.Contacts[i].Kind == kind && r.Contacts[i].ConfirmedAt.IsZero() {
			r.Contacts[i].ConfirmedAt = at.UTC()
		}
	}
	if r.ConfirmedAt.IsZero() {
		r.ConfirmedAt = at.UTC()
	}
}

// Live reports whether anything of r is not ended.
func (r *Record) Live() bool {
	for _, s := range r.Subscriptions {
		if s.Status != consent.Ended {
			return true
		}
	}
	return false
}
