package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/bus"
)

// Entry is a stored value.
type Entry[T any] struct {
	Key      Key
	Value    T
	Revision uint64    // for Update and DeleteRevision
	At       time.Time // when it was written, UTC, by the server's clock
}

// keyed is a value that knows its own key: the key can then be left out of
// Put, Create and Update, and is checked when given.
type keyed interface{ Key() Key }

// validator is a value that can say what is wrong with it.
type validator interface{ Validate() error }

// defaulter is a value that fills what was left out, before it is validated
// and after it is read.
type defaulter interface{ SetDefaults() }

// Repository reads and writes the values of one type, under one prefix of a
// bucket. It is safe for concurrent use. Its errors wrap ErrNotFound,
// ErrConflict, ErrExists, *DecodeError, the value's own validation error, or
// the bucket's.
type Repository[T any] struct {
	kv     jetstream.KeyValue
	prefix string
	conn   *nats.Conn // nil when unknown: a View then learns of reconnections by polling

	checkEvery time.Duration // of its watches
}

// New returns the repository of the values under prefix, one token of
// letters, digits, - and _. It does not dial.
func New[T any](kv jetstream.KeyValue, prefix string) *Repository[T] {
	return &Repository[T]{kv: kv, prefix: EncodeToken(prefix), checkEvery: checkEvery}
}

// WithConn returns a copy whose views read everything again as soon as conn
// is connected anew. Open does it.
func (r *Repository[T]) WithConn(conn *nats.Conn) *Repository[T] {
	c := *r
	c.conn = conn
	return &c
}

// Prefix returns the first token of the repository's keys.
func (r *Repository[T]) Prefix() string { return r.prefix }

// Get returns the value under key and its revision.
func (r *Repository[T]) Get(ctx context.Context, key ...string) (T, uint64, error) {
	var zero T
	k, err := JoinKey(r.prefix, key...)
	if err != nil {
		return zero, 0, err
	}
	e, err := r.kv.Get(ctx, k)
	if err != nil {
		return zero, 0, r.fail("get", k, err)
	}
	v, err := r.decode(e)
	return v, e.Revision(), err
}

// Put writes v under key, whatever was there, and returns its revision.
func (r *Repository[T]) Put(ctx context.Context, v T, key ...string) (uint64, error) {
	k, body, err := r.encode(v, key)
	if err != nil {
		return 0, err
	}
	rev, err := r.kv.Put(ctx, k, body)
	return rev, r.fail("put", k, err)
}

// Create writes v under key only if nothing is there: ErrExists otherwise.
func (r *Repository[T]) Create(ctx context.Context, v T, key ...string) (uint64, error) {
	k, body, err := r.encode(v, key)
	if err != nil {
		return 0, err
	}
	rev, err := r.kv.Create(ctx, k, body)
	return rev, r.fail("create", k, err)
}

// Update writes v under key only if its revision is still the one given:
// ErrConflict otherwise, and when the value was deleted.
func (r *Repository[T]) Update(ctx context.Context, v T, revision uint64, key ...string) (uint64, error) {
	k, body, err := r.encode(v, key)
	if err != nil {
		return 0, err
	}
	if revision == 0 { // the server would read it as "does not exist"
		return 0, fmt.Errorf("registry: update %s: revision 0: %w", k, ErrConflict)
	}
	rev, err := r.kv.Update(ctx, k, body, revision)
	return rev, r.fail("update", k, err)
}

// Delete removes the value under key with its history. Deleting what is not
// there is no error.
func (r *Repository[T]) Delete(ctx context.Context, key ...string) error {
	k, err := JoinKey(r.prefix, key...)
	if err != nil {
		return err
	}
	return r.fail("delete", k, r.kv.Purge(ctx, k))
}

// DeleteRevision is Delete only if the revision is still the one given:
// ErrConflict otherwise.
func (r *Repository[T]) DeleteRevision(ctx context.Context, revision uint64, key ...string) error {
	k, err := JoinKey(r.prefix, key...)
	if err != nil {
		return err
	}
	if revision == 0 { // the client would read it as "any"
		return fmt.Errorf("registry: delete %s: revision 0: %w", k, ErrConflict)
	}
	return r.fail("delete", k, r.kv.Purge(ctx, k, jetstream.LastRevision(revision)))
}

// List returns the values whose keys are strictly under the given tokens (all
// of them without any), sorted by key. The error joins a *DecodeError for each
// value that cannot be decoded; the others are returned with it.
func (r *Repository[T]) List(ctx context.Context, under ...string) ([]Entry[T], error) {
	pattern, err := r.pattern(under)
	if err != nil {
		return nil, err
	}
	w, err := r.kv.Watch(ctx, pattern, jetstream.IgnoreDeletes())
	if err != nil {
		return nil, r.fail("list", pattern, err)
	}
	defer func() { _ = w.Stop() }() // it has told all it had to tell
	var (
		list []Entry[T]
		bad  []error
	)
	for {
		select {
		case <-ctx.Done():
			return nil, r.fail("list", pattern, ctx.Err())
		case e, open := <-w.Updates():
			if !open {
				return nil, r.fail("list", pattern, nats.ErrConnectionClosed)
			}
			if e == nil {
				return sortLatest(list), errors.Join(bad...)
			}
			entry, err := r.entry(e)
			if err != nil {
				bad = append(bad, err)
				continue
			}
			list = append(list, entry)
		}
	}
}

// sortLatest sorts by key and keeps the latest revision of each: a value
// written while it is listed is seen twice.
func sortLatest[T any](list []Entry[T]) []Entry[T] {
	slices.SortFunc(list, func(a, b Entry[T]) int {
		if c := slices.Compare(a.Key, b.Key); c != 0 {
			return c
		}
		return int(int64(b.Revision) - int64(a.Revision))
	})
	return slices.CompactFunc(list, func(a, b Entry[T]) bool { return slices.Equal(a.Key, b.Key) })
}

func (r *Repository[T]) pattern(under []string) (string, error) {
	if len(under) == 0 {
		return r.prefix + ".>", nil
	}
	k, err := JoinKey(r.prefix, under...)
	return k + ".>", err
}

func (r *Repository[T]) entry(e jetstream.KeyValueEntry) (Entry[T], error) {
	key, err := SplitKey(r.prefix, e.Key())
	if err != nil {
		return Entry[T]{}, &DecodeError{Key: e.Key(), Revision: e.Revision(), Err: err}
	}
	v, err := r.decode(e)
	return Entry[T]{Key: key, Value: v, Revision: e.Revision(), At: e.Created().UTC()}, err
}

func (r *Repository[T]) decode(e jetstream.KeyValueEntry) (T, error) {
	var v T
	if err := json.Unmarshal(e.Value(), &v); err != nil {
		var zero T
		return zero, &DecodeError{Key: e.Key(), Revision: e.Revision(), Err: err}
	}
	if d, ok := any(&v).(defaulter); ok {
		d.SetDefaults()
	}
	return v, nil
}

// encode returns the stored key and body of v, once it is found valid.
func (r *Repository[T]) encode(v T, key []string) (string, []byte, error) {
	if d, ok := any(&v).(defaulter); ok {
		d.SetDefaults()
	}
	if val, ok := any(&v).(validator); ok {
		if err := val.Validate(); err != nil {
			return "", nil, fmt.Errorf("registry: %w", err)
		}
	}
	if own, ok := any(&v).(keyed); ok {
		want := own.Key()
		if len(key) > 0 && !slices.Equal(key, want) {
			return "", nil, fmt.Errorf("registry: %s: value %s cannot be written under key %s", r.prefix, want, Key(key))
		}
		key = want
	}
	k, err := JoinKey(r.prefix, key...)
	if err != nil {
		return "", nil, err
	}
	body, err := json.Marshal(v)
	if err != nil {
		return "", nil, fmt.Errorf("registry: %s: encode: %w", k, err)
	}
	return k, body, nil
}

// fail puts the operation and the key on err, and translates the bucket's
// errors into this package's. A conflict and an existing key share their code
// in NATS: the operation tells them apart.
func (r *Repository[T]) fail(op, key string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jetstream.ErrKeyNotFound), errors.Is(err, jetstream.ErrKeyDeleted):
		err = ErrNotFound
	case bus.IsConflict(err) && op == "create":
		err = ErrExists
	case bus.IsConflict(err):
		err = ErrConflict
	}
	return fmt.Errorf("registry: %s %s: %w", op, key, err)
}
