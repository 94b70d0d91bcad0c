package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/bus"
)

// errElsewhere means that another program wrote the position since it was read.
var errElsewhere = errors.New("another program loads this stream")

// position is how far one stream is in the tables. First is 0 when no range is
// under way; otherwise First is Done+1.
type position struct {
	Created time.Time `json:"created"`         // of the stream, UTC
	Epoch   int       `json:"epoch,omitempty"` // how often the stream was found to end before Done
	Done    uint64    `json:"done"`            // every event up to this sequence is in
	First   uint64    `json:"first,omitempty"`
	Last    uint64    `json:"last,omitempty"`
}

// token is the deduplication token of the range under way.
func (p position) token(stream string) string {
	return fmt.Sprintf("%s-%d-%d-%d-%d", stream, p.Created.UnixNano(), p.Epoch, p.First, p.Last)
}

// ledger is the position in its bucket, changed by compare-and-set.
type ledger struct {
	kv       jetstream.KeyValue
	key      string
	position position
	revision uint64 // 0 when not yet written
}

// read takes the position of a stream created at a time; one of another
// creation, or none, is the start.
func (l *ledger) read(ctx context.Context, created time.Time) error {
	l.position, l.revision = position{Created: created.UTC()}, 0
	entry, err := l.kv.Get(ctx, l.key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("position %s: %w", l.key, err)
	}
	var p position
	if err := json.Unmarshal(entry.Value(), &p); err != nil {
		return fmt.Errorf("position %s: %w", l.key, err)
	}
	l.revision = entry.Revision()
	if p.Created.Equal(created) {
		l.position = p
	}
	return nil
}

// write changes the position, or returns errElsewhere.
func (l *ledger) write(ctx context.Context, p position) error {
	body, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("position %s: %w", l.key, err)
	}
	var revision uint64
	if l.revision == 0 {
		revision, err = l.kv.Create(ctx, l.key, body)
	} else {
		revision, err = l.kv.Update(ctx, l.key, body, l.revision)
	}
	switch {
	case bus.IsConflict(err):
		return errElsewhere
	case err != nil:
		return fmt.Errorf("position %s: %w", l.key, err)
	}
	l.position, l.revision = p, revision
	return nil
}
