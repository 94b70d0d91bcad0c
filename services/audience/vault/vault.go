package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
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
