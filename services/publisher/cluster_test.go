package publisher_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/channel/sms/smsctest"
)

// TestNATSNode is a server of TestFaultNodeLost.
func TestNATSNode(t *testing.T) { eventstest.RunNode(t) }

// TestFaultNodeLost kills the server that leads the deliveries, of a cluster of
// three, in the middle of a send, and brings it back.
func TestFaultNodeLost(t *testing.T) {
	peer := smsctest.Start(t, "none")
	cluster := eventstest.StartCluster(t, 3, "TestNATSNode")
	nc, err := nats.Connect(cluster.URL, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	ch := smppTo(t, "sms", "", peer)
	ch.RatePerSecond, ch.Window = 400, window
	tw := townIn(t, nc, bus.Options{Replicas: 3}, []registry.Option{registry.Replicas(3)}, ch)
	audience(t, tw.nc)
	tw.start(t)
	r := tw.rendition(t, "sms")
	const batches = 80
	for k := range batches {
		class := events.ClassService
		if k%2 == 1 {
			class = events.ClassAlert
		}
		tw.deliver(t, batchOf(r, class, k, 10_000_000+k*10_000, window/2))
	}
	stream, err := tw.js.Stream(t.Context(), bus.StreamDeliveries)
	if err != nil {
		t.Fatal(err)
	}
	eventstest.Eventually(t, func() bool { return len(peer.Submits()) > batches*window/8 }, 60*time.Second, "nothing is sent")
	lost := cluster.Leader(t, stream)
	cluster.Kill(lost)
	eventstest.Eventually(t, func() bool { return len(peer.Submits()) > batches*window/4 }, 90*time.Second, "nothing goes on after the loss")
	cluster.Start(t, lost)
	eventstest.Eventually(t, func() bool { return tw.endedNow(t) == batches*window/2 }, 2*time.Minute, "no end")
	sum := tw.account(t, "a NATS node of three lost", batches*window/2, acceptedBy(peer))
	t.Logf("%d unknown", sum.unknown)
}

// endedNow is ended, and 0 while the stream cannot be read.
func (tw *town) endedNow(t *testing.T) int {
	t.Helper()
	stream, err := tw.js.Stream(t.Context(), bus.StreamReceipts)
	if err != nil {
		return 0
	}
	ends := map[string]bool{}
	state := stream.CachedInfo().State
	for seq := state.FirstSeq; seq > 0 && seq <= state.LastSeq; seq++ {
		msg, err := stream.GetMsg(t.Context(), seq)
		if err != nil {
			return 0
		}
		receipt, err := events.Unmarshal[events.Receipt](msg.Data)
		if err != nil {
			t.Fatal(err)
		}
		for _, to := range receipt.Recipients {
			if to.Status != events.StatusAccepted {
				ends[to.ID] = true
			}
		}
	}
	return len(ends)
}
