package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/crieur/crieur/events"
)

// A Memory keeps small values by key.
type Memory interface {
	// Load returns what is kept under key and its revision: nil and 0 for nothing.
	Load(ctx context.Context, key string) (value []byte, revision uint64, err error)
	// Save writes over the revision that was loaded: [ErrConflict] where another
	// wrote meanwhile.
	Save(ctx context.Context, key string, value []byte, revision uint64) error
}

// ErrConflict says that another wrote the same key meanwhile.
var ErrConflict = errors.New("memory was written by another")

// amendTries bounds the writers that meet on one key.
const amendTries = 16

// Amend changes what is kept under key, as JSON, and returns what then is. Where
// change returns false nothing is written. It is called again with what another
// wrote meanwhile; what cannot be read is nothing.
func Amend[T any](ctx context.Context, m Memory, key string, change func(v *T) bool) (T, error) {
	for range amendTries {
		var v T
		body, revision, err := m.Load(ctx, key)
		if err != nil {
			return v, err
		}
		if len(body) > 0 && json.Unmarshal(body, &v) != nil {
			v = *new(T)
		}
		if !change(&v) {
			return v, nil
		}
		if body, err = json.Marshal(v); err != nil {
			return v, fmt.Errorf("memory of a source: %w", err)
		}
		if err = m.Save(ctx, key, body, revision); !errors.Is(err, ErrConflict) {
			return v, err
		}
	}
	var none T
	return none, events.Transient(events.ReasonInternal, ErrConflict, 0)
}

// Local is a memory of this process alone. Its zero value is ready.
type Local struct {
	mu        sync.Mutex
	values    map[string][]byte
	revisions map[string]uint64
}

var _ Memory = (*Local)(nil)

// Load implements Memory.
func (l *Local) Load(_ context.Context, key string) ([]byte, uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.values[key], l.revisions[key], nil
}

// Save implements Memory.
func (l *Local) Save(_ context.Context, key string, value []byte, revision uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.revisions[key] != revision {
		return ErrConflict
	}
	if l.values == nil {
		l.values, l.revisions = map[string][]byte{}, map[string]uint64{}
	}
	l.values[key] = value
	l.revisions[key]++
	return nil
}
