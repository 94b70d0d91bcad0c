package publisher_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/publisher"
	"github.com/crieur/crieur/services/publisher/channel/sms/smsctest"
)

// TestStopWhileTheProviderHangs stops a publisher whose SMSC answers half of a
// batch and is silent on the rest: the answers that came are kept, a service
// message without one is unknown, and an alert is sent again at the next start.
func TestStopWhileTheProviderHangs(t *testing.T) {
	t.Parallel()
	for class, want := range map[events.Class]map[events.ReceiptStatus]int{
		events.ClassService: {events.StatusSent: window / 4, events.StatusUnknown: window / 4},
		events.ClassAlert:   {events.StatusSent: window / 4},
	} {
		t.Run(string(class), func(t *testing.T) {
			t.Parallel()
			peer := smsctest.Start(t, "none")
			tw := townOn(t, eventstest.Server(t), registry.Channel{
				Authority: "pessac", ID: "sms", Name: "SMS", Kind: "sms",
				Settings: json.RawMessage(fmt.Sprintf(`{"address": %q, "system_id": "crieur", "password_file": %q, "sender": "MAIRIE", "response_timeout": "2m"}`, peer.Addr, secretFile(t))),
			})
			audience(t, tw.nc)
			stop := tw.group(t)
			d := batchOf(tw.rendition(t, "sms"), class, 0, 10_000_000, window/2)
			for i := range window / 4 {
				d.Subscribers[i] = fmt.Sprintf("s3%03d0003", i) // taken, never answered
			}
			tw.deliver(t, d)
			eventstest.Eventually(t, func() bool { return len(peer.Submits()) == window/2 }, 30*time.Second, "the batch is not sent")
			stop()
			if n := tw.intents(t); n != 0 {
				t.Errorf("%d intents without an outcome are left", n)
			}
			if got := tw.statuses(t); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("receipts %v, want %v", got, want)
			}
			if class != events.ClassAlert {
				return
			}
			tw.group(t)
			eventstest.Eventually(t, func() bool { return len(peer.Submits()) == window/2+window/4 }, 30*time.Second, "the alert is not sent again")
		})
	}
}

// group runs the publisher as the program does. The function stops it, in the
// program's time.
func (tw *town) group(t *testing.T) (stop func()) {
	t.Helper()
	deps := run.Deps{NATS: tw.nc, JetStream: tw.js}
	svc, err := publisher.New(deps, publisher.Config{PublicURL: "https://pessac.example"})
	if err != nil {
		t.Fatal(err)
	}
	g := run.NewGroup(deps, run.Options{StopWithin: 3500 * time.Millisecond})
	g.Add(svc)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	t.Cleanup(cancel)
	eventstest.Eventually(t, func() bool { return svc.Ready() == nil }, 30*time.Second, "the publisher is not ready")
	return func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the stop: %v", err)
		}
	}
}
