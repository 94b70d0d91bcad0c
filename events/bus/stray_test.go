package bus_test

import (
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
)

// A delivery of a kind that no channel has would wait in the queue for ever.
func TestDeliveriesThatNobodyTakesAreBuried(t *testing.T) {
	t.Parallel()
	nc := eventstest.Connect(t)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Ensure(t.Context(), js, bus.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := bus.EnsureDeliveryConsumers(t.Context(), js, bus.Options{}, "sms"); err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{
		"delivery.sms.service.ville", "delivery.sms.alert.ville", "delivery.nosuch.service.ville", "delivery.nosuch.service.ville", "delivery.sms.nosuch.ville",
	} {
		if _, err := js.Publish(t.Context(), subject, []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []int{3, 0} {
		if n, err := bus.BuryStrays(t.Context(), nc); err != nil || n != want {
			t.Fatalf("buried %d, %v; want %d", n, err, want)
		}
	}
	queue, err := js.Stream(t.Context(), bus.StreamDeliveries)
	if err != nil {
		t.Fatal(err)
	}
	if n := queue.CachedInfo().State.Msgs; n != 2 {
		t.Errorf("%d deliveries are left, want the 2 that are taken", n)
	}
	dead, err := bus.NewDeadLetters(nc)
	if err != nil {
		t.Fatal(err)
	}
	counts, err := dead.Count(t.Context())
	if err != nil || len(counts) != 1 {
		t.Fatalf("%+v %v", counts, err)
	}
	if c := counts[0]; c.Authority != "ville" || c.Consumer != bus.ConsumerPublisher || c.Reason != events.ReasonUnsupported || c.Letters != 3 || c.Latest.IsZero() {
		t.Errorf("%+v", c)
	}
}
