package ingest

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/services/ingest/source"
)

// memoryPrefix begins the keys of what sources remember in the bucket of the
// cursors; an authority's name is a slug and so never holds an equals sign.
const memoryPrefix = "memory=."

// memory is the sources' own, shared by all processes.
type memory struct{ kv jetstream.KeyValue }

var _ source.Memory = memory{}

// Load implements source.Memory.
func (m memory) Load(ctx context.Context, key string) ([]byte, uint64, error) {
	entry, err := m.kv.Get(ctx, memoryPrefix+key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("memory of a source: %w", err)
	}
	return entry.Value(), entry.Revision(), nil
}

// Save implements source.Memory.
func (m memory) Save(ctx context.Context, key string, value []byte, revision uint64) error {
	_, err := m.kv.Update(ctx, memoryPrefix+key, value, revision)
	if errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
		return source.ErrConflict
	}
	if err != nil {
		return fmt.Errorf("memory of a source: %w", err)
	}
	return nil
}
