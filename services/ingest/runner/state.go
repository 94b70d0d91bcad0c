package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/klauspost/compress/s2"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/services/ingest/source"
)

// maxStateBytes is what a key-value bucket takes, with room for headers.
const maxStateBytes = 900 << 10

// errConflict says that another process wrote the state meanwhile.
var errConflict = errors.New("cursor was written by another process")

// state is what the bucket keeps of a source: the cursor, which stays in memory,
// and the ledger, which is read only when the source changed.
type state struct {
	Cursor source.Cursor `json:"cursor"`
	// Address is a hash of the configuration the cursor belongs to.
	Address string `json:"address"`
	shape
	revision uint64
}

type storedState struct {
	state
	// Ledger is JSON compressed with S2.
	Ledger []byte `json:"ledger,omitempty"`
}

// A store keeps states in a key-value bucket, under <authority>.<source>.
type store struct{ kv jetstream.KeyValue }

// load returns the state under key, zero when there is none.
func (s store) load(ctx context.Context, key string) (state, *Ledger, error) {
	entry, err := s.kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return state{}, &Ledger{}, nil
	}
	if err != nil {
		return state{}, nil, fmt.Errorf("cursor of %s: %w", key, err)
	}
	var stored storedState
	ledger := &Ledger{}
	if err := json.Unmarshal(entry.Value(), &stored); err != nil {
		return state{}, nil, fmt.Errorf("cursor of %s: %w", key, err)
	}
	stored.revision = entry.Revision()
	if len(stored.Ledger) == 0 {
		return stored.state, ledger, nil
	}
	plain, err := s2.Decode(nil, stored.Ledger)
	if err == nil {
		err = json.Unmarshal(plain, ledger)
	}
	if err != nil {
		return state{}, nil, fmt.Errorf("cursor of %s: ledger: %w", key, err)
	}
	return stored.state, ledger, nil
}

// save writes a state, only over the revision it was read at: errConflict otherwise.
// A ledger too large for the bucket forgets its older half.
func (s store) save(ctx context.Context, key string, st *state, ledger *Ledger) error {
	for {
		plain, err := json.Marshal(ledger)
		if err != nil {
			return fmt.Errorf("cursor of %s: %w", key, err)
		}
		body, err := json.Marshal(storedState{state: *st, Ledger: s2.EncodeBetter(nil, plain)})
		if err != nil {
			return fmt.Errorf("cursor of %s: %w", key, err)
		}
		if len(body) > maxStateBytes && len(ledger.Entries) > 1 {
			ledger.trimTo(len(ledger.Entries) / 2)
			continue
		}
		revision, err := s.kv.Update(ctx, key, body, st.revision)
		if errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
			return errConflict
		}
		if err != nil {
			return fmt.Errorf("cursor of %s: %w", key, err)
		}
		st.revision = revision
		return nil
	}
}
