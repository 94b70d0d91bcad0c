package tally_test

import (
	"context"
	"fmt"
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
	d := events.Delivery{ID: "d", Publication: "p", Authority: "begles", Stream: "infos", Channel: "sms", Kind: "sms", Class: events.ClassService}
	var to []events.Recipient
	for i := range n {
		to = append(to, events.Recipient{ID: strconv.Itoa(i), Status: status, CostMicroEUR: 50_000, At: time.Unix(int64(100+i), 0)})
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
	c := sum.Channels["sms"]
	if c[events.StatusSent] != 3 || c[events.StatusFailed] != 2 || sum.CostMicro != 250_000 || sum.First.Unix() != 100 {
		t.Errorf("tally %+v", sum)
	}
	for i := range 2 * tally.MaxSeen {
		sum.Add(receipt(fmt.Sprint("step", i), events.StatusDelivered, 1))
	}
	if len(sum.Seen) != tally.MaxSeen {
		t.Errorf("%d remembered", len(sum.Seen))
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
		return got.Channels["sms"][events.StatusDelivered] == 2*receipts
	}, 10*time.Second, "every receipt is counted once")
}
