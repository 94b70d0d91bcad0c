package publisher_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/channel/sms/smsctest"
)

// otherTown gives a commune an SMS channel of its own.
func (tw *town) otherTown(t *testing.T, id, settings string) {
	t.Helper()
	if _, err := tw.reg.Authorities.Put(t.Context(), registry.Authority{ID: id, Name: id, Kind: registry.Municipality, INSEE: []string{"33522"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := tw.reg.Channels.Put(t.Context(), registry.Channel{Authority: id, ID: "sms", Name: "SMS", Kind: "sms", Settings: json.RawMessage(settings)}); err != nil {
		t.Fatal(err)
	}
}

// of makes a batch another authority's.
func of(authority string, d events.Delivery) events.Delivery {
	d.Authority, d.Publication = authority, events.PublicationID(authority, d.Stream, d.Publication)
	d.ID = events.DeliveryID(d.Publication, 1, d.Channel, "", d.Batch)
	return d
}

// TestHungChannelLeavesHandlersToOthers: a provider that takes everything and
// never answers has more in the queue than there are handlers.
func TestHungChannelLeavesHandlersToOthers(t *testing.T) {
	t.Parallel()
	peer := smsctest.Start(t, "none")
	settings := fmt.Sprintf(`{"address": %q, "system_id": "crieur", "password_file": %q, "sender": "MAIRIE", "response_timeout": "2m"}`, peer.Addr, secretFile(t))
	tw := townOn(t, eventstest.Server(t), registry.Channel{Authority: "pessac", ID: "sms", Name: "SMS", Kind: "sms", Settings: json.RawMessage(settings)})
	tw.otherTown(t, "talence", settings)
	audience(t, tw.nc)
	tw.start(t)
	r := tw.rendition(t, "sms")
	for _, class := range []events.Class{events.ClassService, events.ClassAlert} {
		for n := range 200 {
			d := batchOf(r, class, n, 0, window/2)
			for i := range d.Subscribers {
				d.Subscribers[i] = fmt.Sprintf("s3%03d0003", n*32+i) // never answered
			}
			tw.deliver(t, d)
		}
	}
	eventstest.Eventually(t, func() bool {
		return tw.inHand(t, bus.BulkConsumer("sms")) >= 32 && tw.inHand(t, bus.AlertConsumer("sms")) >= 32
	}, 30*time.Second, "the hung channel does not fill the handlers")
	for _, class := range []events.Class{events.ClassService, events.ClassAlert} {
		began := time.Now()
		for n := range 4 {
			tw.deliver(t, of("talence", batchOf(r, class, n, 50_000_000+n*10_000, window/2)))
		}
		eventstest.Eventually(t, func() bool { return tw.sentOf(t, "talence", class) == 4*window/2 }, 30*time.Second, "the other commune waits behind a hung channel: "+string(class))
		t.Logf("%s of another commune: %s", class, time.Since(began))
	}
	if n := tw.sentOf(t, "pessac", events.ClassService); n != 0 {
		t.Errorf("the hung channel sent %d", n)
	}
}

// sentOf counts the recipients of an authority that were sent to.
func (tw *town) sentOf(t *testing.T, authority string, class events.Class) int {
	t.Helper()
	n := 0
	for _, r := range tw.receipts(t) {
		for _, to := range r.Recipients {
			if r.Authority == authority && r.Class == class && to.Status == events.StatusSent {
				n++
			}
		}
	}
	return n
}

// TestAlertInTheMiddleOfABigSend: an alert to 100 started in the middle of a
// service send to many has its last receipt within two seconds.
func TestAlertInTheMiddleOfABigSend(t *testing.T) {
	recipients := 20_000
	slow := os.Getenv("CRIEUR_SLOW") == "1"
	if slow {
		recipients = 500_000
	}
	peer := smsctest.Start(t, "none", "quiet")
	tw := townOn(t, eventstest.Server(t), registry.Channel{
		Authority: "pessac", ID: "sms", Name: "SMS", Kind: "sms",
		Settings: json.RawMessage(fmt.Sprintf(`{"address": %q, "system_id": "crieur", "password_file": %q, "sender": "MAIRIE", "receipts": false}`, peer.Addr, secretFile(t))),
	})
	audience(t, tw.nc)
	tw.start(t)
	r := tw.rendition(t, "sms")
	stream, err := tw.js.Stream(t.Context(), bus.StreamDeliveries)
	if err != nil {
		t.Fatal(err)
	}
	left := func() int {
		info, err := stream.Info(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return int(info.State.Msgs)
	}
	batches := recipients / (window / 2)
	began := time.Now()
	for n := 0; n < batches; n += 50 {
		var out []events.Event
		for k := n; k < min(n+50, batches); k++ {
			out = append(out, batchOf(r, events.ClassService, k, k*320, window/2))
		}
		if err := tw.emitter.Publish(t.Context(), out...); err != nil {
			t.Fatal(err)
		}
	}
	eventstest.Eventually(t, func() bool { return left() <= batches/2 }, 5*time.Minute, "the send does not reach its middle")
	alerted := time.Now()
	var sent time.Duration
	for n := range 4 { // 100 recipients: three batches and an eighth of one
		d := batchOf(r, events.ClassAlert, n, 60_000_000+n*1000, window/2)
		if n == 3 {
			d.Subscribers = d.Subscribers[:4]
		}
		tw.deliver(t, d)
	}
	consumer, err := tw.js.OrderedConsumer(t.Context(), bus.StreamReceipts, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &alerted})
	if err != nil {
		t.Fatal(err)
	}
	for reached := 0; reached < 100; {
		msg, err := consumer.Next()
		if err != nil {
			t.Fatalf("%d of 100 reached: %v", reached, err)
		}
		receipt, err := events.Unmarshal[events.Receipt](msg.Data())
		if err != nil {
			t.Fatal(err)
		}
		if receipt.Class == events.ClassAlert {
			reached += len(receipt.Recipients)
			meta, _ := msg.Metadata()
			sent = meta.Timestamp.Sub(alerted)
		}
	}
	remaining := left()
	if remaining == 0 {
		t.Error("the other send was over: this shows nothing about priority")
	}
	t.Logf("alert to 100 in %s, with %d of %d batches of the other send left", sent.Round(time.Millisecond), remaining, batches)
	if slow && sent > 2*time.Second { // forty times what it takes
		t.Errorf("the alert took %s", sent)
	}
	eventstest.Eventually(t, func() bool { return left() == 0 }, 5*time.Minute, "the big send does not end")
	t.Logf("%d recipients in %s", recipients, time.Since(began).Round(time.Millisecond))
}
