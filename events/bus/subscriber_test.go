package bus_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
)

func eventually(t testing.TB, cond func() bool) {
	t.Helper()
	eventstest.Eventually(t, cond, patience)
}

func TestSubscribeLeavesNothingBehind(t *testing.T) {
	eventstest.NoLeak(t)
	f := newFixture(t)
	f.consumer(t, time.Minute, 0)
	f.send(t, 3)
	sub, messages := f.subscribe(t, bus.SubscriberConfig{})
	for range 3 {
		receive(t, messages).Ack()
	}
	for range 2 {
		if err := sub.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := sub.Subscribe(t.Context(), "c"); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if !f.nc.IsConnected() {
		t.Error("the shared connection was closed")
	}
	if inHand, _ := f.pending(t); inHand != 0 {
		t.Errorf("%d unacknowledged after Close: acknowledgements were not flushed", inHand)
	}
}

func TestCloseWaitsForHandlers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.consumer(t, time.Minute, 0)
	f.send(t, 1)
	sub, messages := f.subscribe(t, bus.SubscriberConfig{CloseTimeout: patience})
	m := receive(t, messages)
	closed := make(chan error, 1)
	go func() { closed <- sub.Close() }()
	if _, open := <-messages; open {
		t.Fatal("a message after Close")
	}
	select {
	case <-closed:
		t.Fatal("Close did not wait for the handler")
	case <-m.Context().Done():
		t.Fatal("the handler was cancelled within the bound")
	default:
	}
	m.Ack()
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	f.settled(t)
}

func TestCloseGivesUpAHandlerThatHangs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.consumer(t, 500*time.Millisecond, 0)
	f.send(t, 1)
	sub, messages := f.subscribe(t, bus.SubscriberConfig{CloseTimeout: 50 * time.Millisecond})
	m := receive(t, messages)
	if err := sub.Close(); err != nil {
		t.Fatal(err)
	}
	if m.Context().Err() == nil {
		t.Error("the message's context goes on")
	}
	_, messages = f.subscribe(t, bus.SubscriberConfig{})
	again := receive(t, messages)
	if again.UUID != m.UUID {
		t.Errorf("got %s, want the message given up", again.UUID)
	}
	again.Ack()
}

func TestHeldForTooLongIsGivenUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.consumer(t, time.Second, 0)
	f.send(t, 1)
	_, messages := f.subscribe(t, bus.SubscriberConfig{Concurrency: 2, MaxHold: 2 * time.Second})
	first := receive(t, messages) // and never settled
	second := receive(t, messages)
	if o, _ := bus.OriginOf(second.Context()); o.Attempt != 2 || second.UUID != first.UUID {
		t.Errorf("attempt %d of %s, want 2 of %s", o.Attempt, second.UUID, first.UUID)
	}
	second.Ack()
	f.settled(t)
	first.Ack()
}

func TestConcurrencyIsBounded(t *testing.T) {
	t.Parallel()
	const limit = 4
	f := newFixture(t)
	f.consumer(t, time.Minute, 0)
	f.send(t, 40)
	_, messages := f.subscribe(t, bus.SubscriberConfig{Concurrency: limit, Prefetch: bus.NoPrefetch})
	var taken []*message.Message
	for range limit {
		taken = append(taken, receive(t, messages))
	}
	if inHand, _ := f.pending(t); inHand != limit {
		t.Errorf("%d in hand, want %d", inHand, limit)
	}
	select {
	case <-messages:
		t.Error("one more than the limit")
	case <-time.After(50 * time.Millisecond):
	}
	taken[2].Ack()
	receive(t, messages).Ack()
	for _, m := range taken {
		m.Ack()
	}
	for range 35 {
		receive(t, messages).Ack()
	}
	f.settled(t)
}

func TestSubscribeRefusesWhatItCannotKeep(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	sub, err := bus.NewSubscriber(f.nc, bus.SubscriberConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range []string{"unknown", "sms-alert", "Bad Kind-bulk"} {
		if _, err := sub.Subscribe(t.Context(), topic); err == nil {
			t.Errorf("%s: subscribed", topic)
		}
	}
	if _, err := bus.NewSubscriber(f.nc, bus.SubscriberConfig{Concurrency: -1}); err == nil {
		t.Error("concurrency -1 accepted")
	}
}

// TestReconnect restarts the server on its folder and port while publishers
// and a subscriber work: nothing accepted is lost.
func TestReconnect(t *testing.T) {
	t.Parallel()
	const publishers, each = 4, 400
	b := startBroker(t)
	f := &fixture{nc: b.nc, js: b.js}
	if _, err := b.js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "T", Subjects: []string{"t.>"}}); err != nil {
		t.Fatal(err)
	}
	f.consumer(t, 2*time.Second, 0)
	_, messages := f.subscribe(t, bus.SubscriberConfig{})
	var mu sync.Mutex
	seen := map[string]bool{}
	go func() {
		for m := range messages {
			mu.Lock()
			seen[m.UUID] = true
			mu.Unlock()
			m.Ack()
		}
	}()
	pub := f.publisher(t, bus.PublisherConfig{})
	var sent atomic.Int32
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() {
			for i := range each {
				m := message.NewMessage(fmt.Sprintf("%d-%d", p, i), []byte("x"))
				if err := pub.Publish("t.x", m); err != nil {
					t.Errorf("%s: %v", m.UUID, err)
				}
				sent.Add(1)
			}
		})
	}
	for _, at := range []int32{publishers * each / 4, publishers * each / 2} {
		eventually(t, func() bool { return sent.Load() >= at })
		b.restart(t)
	}
	wg.Wait()
	eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(seen) == publishers*each
	})
	stream, err := b.js.Stream(t.Context(), "T")
	if err != nil {
		t.Fatal(err)
	}
	if n := stream.CachedInfo().State.Msgs; n != publishers*each {
		t.Errorf("%d stored, want %d: what was sent again was stored twice", n, publishers*each)
	}
}

func (b *broker) restart(t *testing.T) {
	t.Helper()
	if err := b.server.Close(); err != nil {
		t.Error(err)
	}
	b.start(t)
}

// TestServerGoneForGood ends the channel, so that the process can stop.
func TestServerGoneForGood(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.consumer(t, time.Minute, 0)
	_, messages := f.subscribe(t, bus.SubscriberConfig{})
	f.nc.Close()
	select {
	case _, open := <-messages:
		if open {
			t.Error("a message from nowhere")
		}
	case <-time.After(patience):
		t.Error("the channel stays open")
	}
}

func TestOrderedHandling(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.consumer(t, time.Minute, 0)
	f.send(t, 300)
	_, messages := f.subscribe(t, bus.SubscriberConfig{Concurrency: 1, Prefetch: 64})
	for i := range 300 {
		m := receive(t, messages)
		if m.UUID != strconv.Itoa(i) {
			t.Fatalf("got %s, want %d", m.UUID, i)
		}
		m.Ack()
	}
}

// A service send of any size delays no alert: each has its own consumer.
func TestAlertPassesBulk(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := bus.EnsureDeliveryConsumers(t.Context(), f.js, bus.Options{}, "sms"); err != nil {
		t.Fatal(err)
	}
	pub := f.publisher(t, bus.PublisherConfig{})
	if err := pub.Publish("delivery.sms.service.a", numbered(0, 2000)...); err != nil {
		t.Fatal(err)
	}
	hold := make(chan struct{})
	defer close(hold)
	f.run(t, bus.Deps{CloseTimeout: 50 * time.Millisecond}, bus.BulkConsumer("sms"), bus.SubscriberConfig{Concurrency: 4}, func(m *message.Message) error {
		select {
		case <-hold:
		case <-m.Context().Done():
		}
		return context.Canceled
	})
	alerted := make(chan struct{})
	f.run(t, bus.Deps{}, bus.AlertConsumer("sms"), bus.SubscriberConfig{Prefetch: bus.NoPrefetch}, func(*message.Message) error {
		close(alerted)
		return nil
	})
	if err := pub.Publish("delivery.sms.alert.a", message.NewMessage("alert", nil)); err != nil {
		t.Fatal(err)
	}
	select {
	case <-alerted:
	case <-time.After(patience):
		t.Error("the alert waits behind the bulk")
	}
}
