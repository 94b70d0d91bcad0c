package bus_test

import (
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
)

// TestNATSNode is a server of TestEnsureKeepsReplicas.
func TestNATSNode(t *testing.T) { eventstest.RunNode(t) }

// A program that is told nothing of replicas leaves three where three are.
func TestEnsureKeepsReplicas(t *testing.T) {
	t.Parallel()
	nc, err := nats.Connect(eventstest.StartCluster(t, 3, "TestNATSNode").URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []bus.Options{{Replicas: 3}, {}} {
		if err := bus.Ensure(t.Context(), js, o); err != nil {
			t.Fatal(err)
		}
	}
	streams := js.ListStreams(t.Context())
	n := 0
	for info := range streams.Info() {
		n++
		if info.Config.Replicas != 3 {
			t.Errorf("%s: %d replicas", info.Config.Name, info.Config.Replicas)
		}
	}
	if err := streams.Err(); err != nil || n < 10 {
		t.Errorf("%d streams, %v", n, err)
	}
}
