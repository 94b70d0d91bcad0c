package publisher_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/channel/sms/smsctest"
)

// smsTown has an SMS channel on an SMSC that others wrote.
func smsTown(t *testing.T, mode string) (*town, *smsctest.SMSC) {
	t.Helper()
	peer := smsctest.Start(t, mode)
	tw := townOn(t, eventstest.Server(t), registry.Channel{
		Authority: "pessac", ID: "sms", Name: "SMS", Kind: "sms",
		Settings: json.RawMessage(fmt.Sprintf(`{"address": %q, "system_id": "crieur", "password_file": %q, "sender": "MAIRIE", "response_timeout": "3s"}`, peer.Addr, secretFile(t))),
	})
	audience(t, tw.nc)
	tw.start(t)
	return tw, peer
}

func (tw *town) rendition(t *testing.T, channelID string) events.Rendition {
	t.Helper()
	reply, err := call.Ask(t.Context(), tw.nc, call.Render, call.RenderRequest{Publication: publication(channelID)})
	if err != nil || reply.Rendered[0].Error != "" {
		t.Fatal(err, reply)
	}
	return reply.Rendered[0].Rendition
}

func (tw *town) deliver(t *testing.T, deliveries ...events.Delivery) {
	t.Helper()
	out := make([]events.Event, len(deliveries))
	for i, d := range deliveries {
		out[i] = d
	}
	if err := tw.emitter.Publish(t.Context(), out...); err != nil {
		t.Fatal(err)
	}
}

// statuses counts the last status of each recipient. What a provider reports may be
// told before that it accepted, and is true after.
func (tw *town) statuses(t *testing.T) map[events.ReceiptStatus]int {
	t.Helper()
	last := map[string]events.ReceiptStatus{}
	for _, r := range tw.receipts(t) {
		for _, to := range r.Recipients {
			if to.Status != events.StatusSent || last[to.ID] != events.StatusDelivered {
				last[to.ID] = to.Status
			}
		}
	}
	count := map[events.ReceiptStatus]int{}
	for _, s := range last {
		count[s]++
	}
	return count
}

func TestProviderReceiptsReachTheRecipients(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"tlv", "hex", "early"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			tw, peer := smsTown(t, mode)
			r := tw.rendition(t, "sms")
			tw.deliver(t, batchOf(r, events.ClassService, 0, 10_000_000, window/2), batchOf(r, events.ClassAlert, 0, 20_000_000, window/2))
			eventstest.Eventually(t, func() bool { return tw.statuses(t)[events.StatusDelivered] == window }, 30*time.Second, "receipts are missing")
			eventstest.Eventually(t, func() bool {
				answered := 0
				for _, e := range peer.Events() {
					if e.Event == "receipt-answered" && e.Status == 0 {
						answered++
					}
				}
				return answered == window
			}, 20*time.Second, "the SMSC is not answered")
			if n := len(tw.receipts(t)); n > window {
				t.Errorf("%d receipt events for %d recipients: they are not grouped", n, window)
			}
		})
	}
}

func TestAlertPassesABulkSendThatHangs(t *testing.T) {
	t.Parallel()
	tw, _ := smsTown(t, "none")
	r := tw.rendition(t, "sms")
	for n := range 8 {
		d := batchOf(r, events.ClassService, n, 30_000_000+n*10_000, window/2)
		for i := range d.Subscribers {
			d.Subscribers[i] = fmt.Sprintf("s3%03d0003", n*32+i) // never answered
		}
		tw.deliver(t, d)
	}
	eventstest.Eventually(t, func() bool { return tw.inHand(t, bus.BulkConsumer("sms")) > 0 }, 20*time.Second, "the bulk send does not begin")
	tw.deliver(t, batchOf(r, events.ClassAlert, 0, 10_000_000, window/2))
	eventstest.Eventually(t, func() bool { return tw.statuses(t)[events.StatusSent] == window/2 }, 20*time.Second, "the alert is not sent")
	if n := tw.statuses(t)[events.StatusUnknown]; n == 8*window/2 {
		t.Error("the alert is sent after all that hangs")
	}
	eventstest.Eventually(t, func() bool { return tw.statuses(t)[events.StatusUnknown] == 8*window/2 }, 60*time.Second, "lost answers are not unknown")
}

func (tw *town) inHand(t *testing.T, consumer string) int {
	t.Helper()
	c, err := tw.js.Consumer(t.Context(), bus.StreamDeliveries, consumer)
	if err != nil {
		t.Fatal(err)
	}
	info, err := c.Info(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return info.NumAckPending
}

func TestOneBadRecipientEndsAlone(t *testing.T) {
	t.Parallel()
	tw, peer := smsTown(t, "none")
	d := batchOf(tw.rendition(t, "sms"), events.ClassService, 0, 10_000_000, window/2)
	d.Subscribers[3] = "s10000001" // refused by the SMSC
	d.Subscribers[4] = "s10000002" // throttled twice
	tw.deliver(t, d)
	eventstest.Eventually(t, func() bool { return tw.statuses(t)[events.StatusSent] == window/2-1 }, 30*time.Second, "the others are not sent")
	if got := tw.statuses(t); got[events.StatusFailed] != 1 {
		t.Errorf("statuses %v", got)
	}
	if n := len(peer.Submits()); n != window/2-1 {
		t.Errorf("the SMSC accepted %d", n)
	}
}

func TestSupersededBatchIsNotSent(t *testing.T) {
	t.Parallel()
	tw, peer := smsTown(t, "none")
	d := batchOf(tw.rendition(t, "sms"), events.ClassService, 0, 10_000_000, window/2)
	cancel := publication("sms")
	cancel.ID, cancel.Revision, cancel.MsgType = d.Publication, 2, events.MsgCancel
	tw.publish(t, cancel)
	eventstest.Eventually(t, func() bool { return tw.knows(t, d.Publication) }, 20*time.Second, "the withdrawal is not planned")
	tw.deliver(t, d)
	eventstest.Eventually(t, func() bool { return tw.statuses(t)[events.StatusFailed] == window/2 }, 30*time.Second, "superseded recipients have no receipt")
	if n := len(peer.Submits()); n != 0 {
		t.Errorf("%d messages of a withdrawn publication were sent", n)
	}
}

// knows tells that a newer revision of a publication is announced.
func (tw *town) knows(t *testing.T, publication string) bool {
	t.Helper()
	kv, err := tw.js.KeyValue(t.Context(), bus.BucketLedger)
	if err != nil {
		t.Fatal(err)
	}
	_, err = kv.Get(t.Context(), "revision."+publication)
	return err == nil
}
