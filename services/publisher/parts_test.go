package publisher_test

import (
	"slices"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/publisher/channel/sms/smsctest"
)

// large is a delivery of five parts: half a window each.
const large = 5 * window / 2

// told checks that each recipient of d has one final outcome, in one receipt,
// and returns the receipts by step.
func (tw *town) told(t *testing.T, d events.Delivery) map[string]int {
	t.Helper()
	ends, steps := map[string]int{}, map[string]int{}
	for _, r := range tw.receipts(t) {
		steps[r.Step] += len(r.Recipients)
		for _, to := range r.Recipients {
			ends[to.ID]++
		}
	}
	for _, id := range d.Subscribers {
		if ends[id] != 1 {
			t.Errorf("%s is in %d receipts", id, ends[id])
		}
	}
	return steps
}

// atMostOnce checks that the SMSC got no number twice.
func atMostOnce(t *testing.T, peer *smsctest.SMSC, want int) {
	t.Helper()
	seen := map[string]bool{}
	for _, e := range peer.Submits() {
		if seen[e.To] {
			t.Errorf("…%s was sent to twice", e.To[len(e.To)-4:])
		}
		seen[e.To] = true
	}
	if len(seen) != want {
		t.Errorf("the SMSC got %d numbers, %d wanted", len(seen), want)
	}
}

func TestLargeDeliveryHasOneReceipt(t *testing.T) {
	t.Parallel()
	tw, peer := smsTown(t, "none")
	d := batchOf(tw.rendition(t, "sms"), events.ClassService, 0, 10_000_000, large)
	tw.deliver(t, d)
	eventstest.Eventually(t, func() bool { return tw.statuses(t)[events.StatusSent] == large }, 30*time.Second, "not all are sent")
	if steps := tw.told(t, d); len(steps) != 1 || steps["submit"] != large {
		t.Errorf("receipts by step: %v, one of all wanted", steps)
	}
	if n := len(tw.receipts(t)); n != 1 {
		t.Errorf("%d receipt events, 1 wanted", n)
	}
	atMostOnce(t, peer, large)
}

func TestPartsAreToldBeforeTheOneThatIsTriedAgain(t *testing.T) {
	t.Parallel()
	tw, peer := smsTown(t, "none")
	d := batchOf(tw.rendition(t, "sms"), events.ClassService, 0, 10_000_000, large)
	const slow = 2*window/2 + 3
	d.Subscribers[slow] = "s10000004"         // of the third part: throttled for ever
	d.Subscribers[4*window/2+1] = "s10000001" // of the fifth: refused
	tw.deliver(t, d)
	eventstest.Eventually(t, func() bool {
		got := tw.statuses(t)
		return got[events.StatusSent] == large-2 && got[events.StatusFailed] == 1
	}, 20*time.Second, "the others have no end")
	d.Subscribers = slices.Delete(d.Subscribers, slow, slow+1)
	steps := tw.told(t, d)
	if steps["submit"] != 0 {
		t.Errorf("receipts by step: %v: some are told in the whole and apart", steps)
	}
	if steps["submit.2"] != window/2-1 || steps["submit.4"] != window/2 {
		t.Errorf("receipts by step: %v", steps)
	}
	atMostOnce(t, peer, large-2)
}

func TestPartWithoutAnAnswerHoldsNoOther(t *testing.T) {
	t.Parallel()
	tw, peer := smsTown(t, "none")
	d := batchOf(tw.rendition(t, "sms"), events.ClassService, 0, 10_000_000, large)
	d.Subscribers[window/2+7] = "s10000003" // of the second part: never answered
	tw.deliver(t, d)
	eventstest.Eventually(t, func() bool {
		got := tw.statuses(t)
		return got[events.StatusSent] == large-1 && got[events.StatusUnknown] == 1
	}, 20*time.Second, "the others are not sent, or the lost answer is not unknown")
	tw.told(t, d)
	atMostOnce(t, peer, large)
}
