package publisher_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/natsserver"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/channel/sms/smsctest"
)

// TestAlertInHandOfAKilledProcessComesBackSoon: well before the half minute
// after which other work does, also when the NATS server of the same process
// died with it.
func TestAlertInHandOfAKilledProcessComesBackSoon(t *testing.T) {
	t.Parallel()
	for _, both := range []bool{false, true} {
		t.Run(fmt.Sprintf("server=%t", both), func(t *testing.T) {
			t.Parallel()
			peer := smsctest.Start(t, "none")
			sms := registry.Channel{
				Authority: "pessac", ID: "sms", Name: "SMS", Kind: "sms",
				Settings: json.RawMessage(fmt.Sprintf(`{"address": %q, "system_id": "crieur", "password_file": %q, "sender": "MAIRIE"}`, peer.Addr, secretFile(t))),
			}
			dir := t.TempDir()
			in := func(c *natsserver.Config) { c.Dir = dir }
			server := eventstest.Server(t, in)
			tw := townOn(t, server, sms)
			tw.deliver(t, batchOf(benchRendition(t, tw), events.ClassAlert, 0, 10_000_000, window/2))
			takeAndDie(t, server)
			taken := time.Now()
			if both {
				if err := server.Close(); err != nil {
					t.Fatal(err)
				}
				tw = townOn(t, eventstest.Server(t, in), sms)
			}
			audience(t, tw.nc)
			tw.start(t)
			eventstest.Eventually(t, func() bool { return tw.sentOf(t, "pessac", events.ClassAlert) == window/2 }, 30*time.Second, "the alert does not come back")
			if took := time.Since(taken); took < 2*time.Second {
				t.Errorf("it was sent after %s: it was in nobody's hand", took)
			} else {
				t.Logf("sent %s after it was taken", took.Round(10*time.Millisecond))
			}
		})
	}
}

// takeAndDie takes an alert from the queue and is heard of no more.
func takeAndDie(t *testing.T, server *natsserver.Server) {
	t.Helper()
	nc, err := server.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := js.Consumer(t.Context(), bus.StreamDeliveries, bus.AlertConsumer("sms"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := consumer.Next(); err != nil {
		t.Fatal(err)
	}
}
