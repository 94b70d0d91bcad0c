package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// SessionBucket is the key-value bucket of sessions. Whoever creates it gives it a TTL of the longest
// session lifetime, so that sessions nobody comes back to are forgotten.
const SessionBucket = "sessions"

// KVSessions keeps sessions in a JetStream key-value bucket.
type KVSessions struct{ bucket jetstream.KeyValue }

var _ SessionStore = (*KVSessions)(nil)

// NewKVSessions uses an existing bucket.
func NewKVSessions(bucket jetstream.KeyValue) *KVSessions { return &KVSessions{bucket} }

// Get returns ErrNoSession where the key is unknown or deleted.
func (k *KVSessions) Get(ctx context.Context, key string) (Session, error) {
	entry, err := k.bucket.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return Session{}, ErrNoSession
	}
	if err != nil {
		return Session{}, fmt.Errorf("web: session: get: %w", err)
	}
	var s Session
	if err := json.Unmarshal(entry.Value(), &s); err != nil {
		return Session{}, fmt.Errorf("web: session: decode: %w", err)
	}
	s.revision = entry.Revision()
	return s, nil
}

// Put writes a session whole, over the revision that Get returned: what ended a session meanwhile stays done.
func (k *KVSessions) Put(ctx context.Context, key string, s Session) error {
	value, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("web: session: encode: %w", err)
	}
	_, err = k.bucket.Update(ctx, key, value, s.revision)
	switch {
	case errors.Is(err, jetstream.ErrKeyRevisionMismatch):
		return ErrSessionChanged
	case err != nil:
		return fmt.Errorf("web: session: put: %w", err)
	}
	return nil
}

// Delete purges a key, or every key that matches when it ends in ".*".
func (k *KVSessions) Delete(ctx context.Context, key string) error {
	keys := []string{key}
	if strings.HasSuffix(key, ".*") {
		lister, err := k.bucket.ListKeysFiltered(ctx, key)
		if err != nil {
			return fmt.Errorf("web: session: list: %w", err)
		}
		keys = keys[:0]
		for found := range lister.Keys() {
			keys = append(keys, found)
		}
	}
	for _, found := range keys {
		if err := k.bucket.Purge(ctx, found); err != nil {
			return fmt.Errorf("web: session: purge: %w", err)
		}
	}
	return nil
}
