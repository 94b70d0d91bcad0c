package engine_test

import (
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/publisher/engine"
)

// TestAnOlderRevisionIsAnnouncedLate: a process that is behind does not hide the
// newer revision from those that start after it.
func TestAnOlderRevisionIsAnnouncedLate(t *testing.T) {
	t.Parallel()
	js, err := jetstream.New(eventstest.Connect(t))
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: bus.BucketLedger})
	if err != nil {
		t.Fatal(err)
	}
	for _, revision := range []int{2, 4, 3} {
		if err := engine.Announce(t.Context(), kv, events.Publication{ID: "eau", Revision: revision}); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := engine.Newest(t.Context(), kv, "eau"); err != nil || n != 4 {
		t.Errorf("the newest revision is %d, %v", n, err)
	}
}
