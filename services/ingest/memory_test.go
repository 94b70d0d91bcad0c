package ingest

import (
	"errors"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/ingest/source"
)

func TestMemoryIsWrittenOverWhatWasReadOnly(t *testing.T) {
	t.Parallel()
	kv, err := registry.OpenBucket(t.Context(), eventstest.JetStream(t), jetstream.KeyValueConfig{Bucket: "cursors"})
	if err != nil {
		t.Fatal(err)
	}
	m := memory{kv}
	for step, c := range []struct {
		revision uint64
		want     error
	}{{0, nil}, {0, source.ErrConflict}, {7, source.ErrConflict}, {1, nil}} {
		if err := m.Save(t.Context(), "slack.a.b", []byte{byte(step)}, c.revision); !errors.Is(err, c.want) {
			t.Errorf("step %d: %v, want %v", step, err, c.want)
		}
	}
	if value, revision, err := m.Load(t.Context(), "slack.a.b"); err != nil || revision != 2 || value[0] != 3 {
		t.Errorf("%v at %d, %v", value, revision, err)
	}
}
