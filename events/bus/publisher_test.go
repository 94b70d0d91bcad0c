package bus_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
)

func TestPublishTellsWhichMessageFailed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	pub := f.publisher(t, bus.PublisherConfig{AckTimeout: 300 * time.Millisecond})
	huge := message.NewMessage("huge", make([]byte, f.nc.MaxPayload()))
	cancelled := message.NewMessage("cancelled", nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cancelled.SetContext(ctx)
	err := pub.Publish("t.x", message.NewMessage("a", nil), huge, message.NewMessage("b", nil), cancelled)
	var pe *bus.PublishError
	if !errors.As(err, &pe) {
		t.Fatalf("got %v, want a PublishError", err)
	}
	if len(pe.Failed) != 2 || pe.Failed[0].Index != 1 || pe.Failed[0].ID != "huge" || pe.Failed[1].Index != 3 || pe.Total != 4 {
		t.Errorf("failed %+v", pe.Failed)
	}
	if o := events.OutcomeOf(err); o.Kind != events.PermanentFailure || o.Reason != events.ReasonTooLarge {
		t.Errorf("outcome %+v, want permanent too_large", o)
	}
	if !strings.Contains(err.Error(), "message 1 (huge) on t.x") || !errors.Is(err, context.Canceled) {
		t.Errorf("text: %v", err)
	}
	info, err := f.js.Stream(t.Context(), "T")
	if err != nil {
		t.Fatal(err)
	}
	if n := info.CachedInfo().State.Msgs; n != 2 {
		t.Errorf("%d stored, want the other 2", n)
	}
	err = pub.Publish("nowhere", message.NewMessage("a", nil))
	if o := events.OutcomeOf(err); o.Kind != events.TransientFailure || o.Reason != events.ReasonUnavailable {
		t.Errorf("no stream: %v: %+v", err, o)
	}
}

func TestPublishRefusedByAFullStream(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := bus.Ensure(t.Context(), f.js, bus.Options{MaxBytes: map[string]int64{bus.StreamDeliveries: 4096}}); err != nil {
		t.Fatal(err)
	}
	pub := f.publisher(t, bus.PublisherConfig{})
	big := func(id string) *message.Message { return message.NewMessage(id, make([]byte, 3000)) }
	if err := pub.Publish("delivery.sms.alert.a", big("1")); err != nil {
		t.Fatal(err)
	}
	err := pub.Publish("delivery.sms.alert.a", big("2"))
	if o := events.OutcomeOf(err); err == nil || o.Kind != events.TransientFailure || o.Reason != events.ReasonUnavailable {
		t.Errorf("got %v, want a transient refusal: the old must not be dropped silently", err)
	}
}

func TestPublishSharesTheInFlightLimit(t *testing.T) {
	t.Parallel()
	const limit, calls, each = 8, 6, 50
	nc := eventstest.Connect(t)
	var mu sync.Mutex
	waiting, most := 0, 0
	_, err := nc.Subscribe("slow", func(m *nats.Msg) {
		mu.Lock()
		waiting++
		most = max(most, waiting)
		mu.Unlock()
		time.AfterFunc(time.Millisecond, func() {
			mu.Lock()
			waiting--
			mu.Unlock()
			_ = m.Respond([]byte(`{"stream":"S","seq":1}`))
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	pub, err := bus.NewPublisher(nc, bus.PublisherConfig{MaxInFlight: limit})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range calls {
		wg.Go(func() {
			if err := pub.Publish("slow", numbered(i*each, each)...); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most > limit || most < limit/2 {
		t.Errorf("at most %d in flight, want up to %d", most, limit)
	}
}

func TestPublishIsBoundedByItsContext(t *testing.T) {
	t.Parallel()
	nc := eventstest.Connect(t)
	if _, err := nc.Subscribe("silent", func(*nats.Msg) {}); err != nil {
		t.Fatal(err)
	}
	pub, err := bus.NewPublisher(nc, bus.PublisherConfig{MaxInFlight: 2, AckTimeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	messages := numbered(0, 5) // more than the limit: the fourth waits for a slot
	for _, m := range messages {
		m.SetContext(ctx)
	}
	err = pub.Publish("silent", messages...)
	if !errors.Is(err, context.DeadlineExceeded) || events.OutcomeOf(err).Reason != events.ReasonTimeout {
		t.Errorf("got %v, want a timeout", err)
	}
}

func TestPublisherCloseLeavesTheConnection(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	pub, err := bus.NewPublisher(f.nc, bus.PublisherConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := pub.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := pub.Publish("t.x", message.NewMessage("a", nil)); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if !f.nc.IsConnected() {
		t.Error("the shared connection was closed")
	}
}

func TestPublishKeepsOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.send(t, 1000)
	stream, err := f.js.Stream(t.Context(), "T")
	if err != nil {
		t.Fatal(err)
	}
	for seq := uint64(1); seq <= 1000; seq++ {
		m, err := stream.GetMsg(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Header.Get(jetstream.MsgIDHeader); got != strconv.FormatUint(seq-1, 10) {
			t.Fatalf("sequence %d is %s", seq, got)
		}
	}
}
