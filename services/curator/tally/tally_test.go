package tally_test

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/curator/tally"
)

func receipt(step string, status events.ReceiptStatus, n int) events.Receipt {
	d := events.Delivery{ID: "d", Publication: "p", Revision: 1, Authority: "begles", Stream: "infos", Channel: "sms", Kind: "sms", Class: events.ClassService}
	var to []events.Recipient
	for i := range n {
		to = append(to, events.Recipient{ID: strconv.Itoa(i), Status: status, At: time.Unix(int64(100+i), 0)})
	}
	return events.NewReceipt(d, step, time.Unix(200, 0), to)
}

func TestAdd(t *testing.T) {
	t.Parallel()
	var sum tally.Tally
	if !sum.Add(receipt("submit", events.StatusSent, 3)) || !sum.Add(receipt("dlr", events.StatusFailed, 2)) {
		t.Fatal("not counted")
	}
	if sum.Add(receipt("submit", events.StatusSent, 3)) {
		t.Error("counted twice")
	}
	c := sum.Versions[1]["sms"]
	if c[events.StatusSent] != 3 || c[events.StatusFailed] != 2 {
		t.Errorf("tally %+v", sum)
	}
	for i := range 2 * tally.MaxSeen {
		sum.Add(receipt(fmt.Sprint("step", i), events.StatusDelivered, 1))
	}
	if len(sum.Seen) != tally.MaxSeen {
		t.Errorf("%d remembered", len(sum.Seen))
	}
}

func TestEachVersionIsCountedApart(t *testing.T) {
	t.Parallel()
	var sum tally.Tally
	for revision := range tally.MaxVersions + 4 {
		r := receipt(fmt.Sprint("submit", revision), events.StatusSent, revision)
		r.Revision = revision
		sum.Add(r)
	}
	late := receipt("dlr", events.StatusDelivered, 1)
	late.Revision = 2
	sum.Add(late)
	if len(sum.Versions) != tally.MaxVersions || sum.Versions[2] != nil {
		t.Errorf("%d versions, the third %v", len(sum.Versions), sum.Versions[2])
	}
	if n := sum.Versions[9]["sms"].Sent(); n != 9 {
		t.Errorf("%d sent, want 9", n)
	}
}

func TestWhatArrivedWasSent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		counts        tally.Counts
		sent, arrived int
	}{
		"nothing":        {nil, 0, 0},
		"on the way":     {tally.Counts{events.StatusSent: 5, events.StatusDelivered: 3, events.StatusFailed: 1}, 5, 3},
		"only confirmed": {tally.Counts{events.StatusDelivered: 2, events.StatusDisplayed: 1}, 3, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.counts.Sent() != tt.sent || tt.counts.Arrived() != tt.arrived {
				t.Errorf("%d sent, %d arrived", tt.counts.Sent(), tt.counts.Arrived())
			}
		})
	}
}

func TestWhatIsLearntLaterWinsOverUnknown(t *testing.T) {
	t.Parallel()
	type told struct {
		step   string
		status events.ReceiptStatus
		n      int
	}
	for name, tt := range map[string]struct {
		told []told
		want tally.Counts
	}{
		"delivered":         {[]told{{"submit", events.StatusUnknown, 3}, {"dlr", events.StatusDelivered, 2}}, tally.Counts{events.StatusUnknown: 1, events.StatusDelivered: 2}},
		"failed":            {[]told{{"submit", events.StatusUnknown, 3}, {"dlr", events.StatusFailed, 3}}, tally.Counts{events.StatusFailed: 3}},
		"reconciled":        {[]told{{"submit", events.StatusUnknown, 1}, {"submit-2", events.StatusSent, 1}}, tally.Counts{events.StatusSent: 1}},
		"still unknown":     {[]told{{"submit", events.StatusUnknown, 2}, {"dlr", events.StatusUnknown, 2}}, tally.Counts{events.StatusUnknown: 2}},
		"a click":           {[]told{{"submit", events.StatusUnknown, 1}, {"click", events.StatusClicked, 1}}, tally.Counts{events.StatusUnknown: 1, events.StatusClicked: 1}},
		"delivered, opened": {[]told{{"submit", events.StatusUnknown, 1}, {"dlr", events.StatusDelivered, 1}, {"shown", events.StatusDisplayed, 1}}, tally.Counts{events.StatusDelivered: 1, events.StatusDisplayed: 1}},
		"more than are remembered": {
			[]told{{"submit", events.StatusUnknown, tally.MaxUnknown + 5}, {"dlr", events.StatusDelivered, tally.MaxUnknown + 5}},
			tally.Counts{events.StatusUnknown: 5, events.StatusDelivered: tally.MaxUnknown + 5},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sum tally.Tally
			for _, r := range tt.told {
				sum.Add(receipt(r.step, r.status, r.n))
				if len(sum.Unknown) > tally.MaxUnknown {
					t.Errorf("%d remembered", len(sum.Unknown))
				}
			}
			got := sum.Versions[1]["sms"]
			maps.DeleteFunc(got, func(_ events.ReceiptStatus, n int) bool { return n == 0 })
			if !maps.Equal(got, tt.want) {
				t.Errorf("counts %v, want %v", got, tt.want)
			}
		})
	}
}

func TestManyReceiptsAtOnceAreEachCountedOnce(t *testing.T) {
	t.Parallel()
	js, err := jetstream.New(eventstest.Connect(t))
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "items"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	counters := []*tally.Counter{tally.New(ctx, kv), tally.New(ctx, kv)} // two processes
	const receipts = 300
	var wg sync.WaitGroup
	for i := range 2 * receipts {
		wg.Go(func() { // each comes twice
			if err := counters[i%2].Count(t.Context(), receipt(fmt.Sprint("step", i%receipts), events.StatusDelivered, 2)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	eventstest.Eventually(t, func() bool {
		got, _ := counters[0].Get("begles", "p")
		return got.Versions[1]["sms"][events.StatusDelivered] == 2*receipts
	}, 30*time.Second, "every receipt is counted once")
	later := tally.New(ctx, kv)
	if err := later.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, ok := later.Get("begles", "p"); !ok {
		t.Error("a process that begins does not know what was counted")
	}
}
