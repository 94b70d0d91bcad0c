package shelf

import (
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
)

// later is what the watch tells of a key after the shelf itself knows more.
type later struct {
	jetstream.KeyValueEntry
	key      string
	revision uint64
	value    []byte // nil: it was removed
}

func (l later) Key() string      { return l.key }
func (l later) Revision() uint64 { return l.revision }
func (l later) Value() []byte    { return l.value }

func (l later) Operation() jetstream.KeyValueOp {
	if l.value == nil {
		return jetstream.KeyValuePurge
	}
	return jetstream.KeyValuePut
}

// A sign must not show again what was taken off it, however late the watch is.
func TestWhatWasRemovedDoesNotComeBack(t *testing.T) {
	t.Parallel()
	kv, err := eventstest.JetStream(t).CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "displays"})
	if err != nil {
		t.Fatal(err)
	}
	s := New(slog.New(slog.DiscardHandler), time.Now)
	s.kv = kv // as Run does, whose watch is played here
	d := events.Delivery{ID: "d1", Publication: "p1", Revision: 1, Kind: "sign", Authority: "pessac", Endpoint: "gare"}
	body, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	shows := func(want int, when string) {
		t.Helper()
		if n := len(s.Items("sign", "pessac", "gare")); n != want {
			t.Errorf("%s: %d items, want %d", when, n, want)
		}
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(s.Put(t.Context(), d))    // 1
	do(s.Remove(t.Context(), d)) // 2
	shows(0, "removed")
	do(s.Put(t.Context(), d))    // 3
	do(s.Remove(t.Context(), d)) // 4
	s.apply(later{key: key(d), revision: 1, value: body})
	s.apply(later{key: key(d), revision: 2})
	s.apply(later{key: key(d), revision: 3, value: body})
	shows(0, "the watch tells that it was there")
	s.apply(later{key: key(d), revision: 4})
	do(s.Put(t.Context(), d)) // 5
	shows(1, "there again")
	s.apply(later{key: key(d), revision: 5, value: body})
	do(s.Remove(t.Context(), d)) // 6, and the watch knows of 5
	shows(0, "removed again")
	s.apply(later{key: key(d), revision: 6})
	s.apply(later{key: key(d), revision: 7, value: body}) // by another process
	shows(1, "put by another")
	if len(s.gone) > 0 {
		t.Errorf("%d keys are remembered for nothing", len(s.gone))
	}
}
