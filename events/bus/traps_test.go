package bus_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
)

// Each test here keeps out one trap that was found by measurement in other
// transports and middleware.

func TestTrapRepeatedHeader(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.consumer(t, time.Minute, 0)
	stored := &nats.Msg{Subject: "t.x", Header: nats.Header{
		"ce-id": {"one", "two"}, "x": {"first", "second"}, "Nats-Msg-Id": {"n"}, "empty": {""},
	}}
	if _, err := f.js.PublishMsg(t.Context(), stored); err != nil {
		t.Fatal(err)
	}
	_, messages := f.subscribe(t, bus.SubscriberConfig{})
	m := receive(t, messages)
	m.Ack()
	if m.UUID != "one" || m.Metadata["x"] != "first" {
		t.Errorf("got UUID %q and x %q, want the first values", m.UUID, m.Metadata["x"])
	}
	for key := range m.Metadata {
		if strings.HasPrefix(key, "Nats-") {
			t.Errorf("%s: an order to the server must not be handed on", key)
		}
	}
}

func TestTrapPrefetchedMessagesAge(t *testing.T) {
	t.Parallel()
	const ackWait, n = 1500 * time.Millisecond, 3 // a third of it is more than a busy machine makes the heart wait
	f := newFixture(t)
	f.consumer(t, ackWait, 0)
	f.send(t, n)
	_, messages := f.subscribe(t, bus.SubscriberConfig{Concurrency: 1, Prefetch: 8})
	eventstest.Eventually(t, func() bool { inHand, _ := f.pending(t); return inHand == n }, patience, "all in hand")
	// Another process, ready to take whatever the server thinks abandoned.
	_, abandoned := f.subscribe(t, bus.SubscriberConfig{})
	for i := range n {
		m := receive(t, messages)
		if o, _ := bus.OriginOf(m.Context()); o.Attempt != 1 {
			t.Errorf("message %d: attempt %d, want 1", i, o.Attempt)
		}
		select { // work for longer than AckWait while the rest waits
		case twice := <-abandoned:
			t.Fatalf("message %s was delivered again while it was in hand", twice.UUID)
		case <-time.After(ackWait * 5 / 4):
		}
		m.Ack()
	}
	f.settled(t)
}

func TestTrapOneAcknowledgedPublishAtATime(t *testing.T) {
	t.Parallel()
	const n = 500
	nc := eventstest.Connect(t)
	// A server that acknowledges nothing before it has everything.
	var mu sync.Mutex
	var waiting []*nats.Msg
	_, err := nc.Subscribe("slow", func(m *nats.Msg) {
		mu.Lock()
		defer mu.Unlock()
		waiting = append(waiting, m)
		if len(waiting) < n {
			return
		}
		for i, m := range waiting {
			_ = m.Respond(fmt.Appendf(nil, `{"stream":"S","seq":%d}`, i+1))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	pub, err := bus.NewPublisher(nc, bus.PublisherConfig{AckTimeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	if err := pub.Publish("slow", numbered(0, n)...); err != nil {
		t.Fatal(err)
	}
}

func TestTrapDedupeMarksBeforeSuccess(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.consumer(t, time.Minute, 0)
	f.send(t, 1)
	f.send(t, 1) // the same ID: the stream stores it once
	var calls, successes atomic.Int32
	f.route(t, bus.Deps{}, bus.SubscriberConfig{}, func(*message.Message) error {
		if calls.Add(1) == 1 {
			return errors.New("the first try fails")
		}
		successes.Add(1)
		return nil
	})
	f.settled(t)
	if calls.Load() != 2 || successes.Load() != 1 {
		t.Errorf("%d calls and %d successes, want 2 and 1", calls.Load(), successes.Load())
	}
}

func TestTrapRetrySleepsPastAckWait(t *testing.T) {
	t.Parallel()
	const ackWait, retryAfter = time.Second, 3 * time.Second
	f := newFixture(t)
	f.consumer(t, ackWait, 0)
	f.send(t, 3)
	var mu sync.Mutex
	var order []string
	var failedAt, againAt time.Time
	f.route(t, bus.Deps{}, bus.SubscriberConfig{Concurrency: 1}, func(m *message.Message) error {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, m.UUID)
		if m.UUID != "0" {
			return nil
		}
		if failedAt.IsZero() {
			failedAt = time.Now()
			return events.Transient(events.ReasonRateLimited, errors.New("busy"), retryAfter)
		}
		againAt = time.Now()
		return nil
	})
	f.settled(t)
	mu.Lock()
	defer mu.Unlock()
	if got := strings.Join(order, ""); got != "0120" {
		t.Errorf("order %s, want 0120: the wait must hold up nothing and repeat nothing", got)
	}
	if waited := againAt.Sub(failedAt); waited < retryAfter {
		t.Errorf("again after %s, want at least %s", waited, retryAfter)
	}
}

func TestTrapBackOffReplacesAckWait(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	cfg := jetstream.ConsumerConfig{
		Durable: bus.ConsumerNormalizer, AckPolicy: jetstream.AckExplicitPolicy, AckWait: bus.AckWait,
		MaxDeliver: -1, MaxAckPending: 2048, BackOff: []time.Duration{100 * time.Millisecond, time.Second},
	}
	c, err := f.js.UpdateConsumer(t.Context(), bus.StreamRaw, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.CachedInfo().Config.AckWait; got != 100*time.Millisecond {
		t.Errorf("ack_wait %s: the server no longer replaces it, the guard may go", got)
	}
	sub, err := bus.NewSubscriber(f.nc, bus.SubscriberConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sub.Subscribe(t.Context(), bus.ConsumerNormalizer); err == nil || !strings.Contains(err.Error(), "backoff") {
		t.Errorf("subscribed to a consumer with a back-off: %v", err)
	}
	if err := bus.Ensure(t.Context(), f.js, bus.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := sub.Subscribe(t.Context(), bus.ConsumerNormalizer); err != nil {
		t.Errorf("after Ensure: %v", err)
	}
	if err := sub.Close(); err != nil {
		t.Error(err)
	}
}

// The server's own MaxDeliver stops delivering without a word when the process
// dies at the last attempt.
func TestTrapServerMaxDeliverLosesTheLast(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.js.CreateConsumer(t.Context(), "T", jetstream.ConsumerConfig{
		Durable: "c", AckPolicy: jetstream.AckExplicitPolicy, MaxDeliver: 3,
	})
	if err != nil {
		t.Fatal(err)
	}
	sub, err := bus.NewSubscriber(f.nc, bus.SubscriberConfig{Resolve: resolveT})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sub.Subscribe(t.Context(), "c"); err == nil || !strings.Contains(err.Error(), "max_deliver") {
		t.Errorf("subscribed to a consumer with max_deliver: %v", err)
	}
}

func TestTrapCrashInHandlerAtTheLastAttempt(t *testing.T) {
	t.Parallel()
	const attempts = 2
	server := eventstest.Server(t)
	f := &fixture{nc: eventstest.Dial(t, server)}
	f.js, _ = jetstream.New(f.nc)
	if err := bus.Ensure(t.Context(), f.js, bus.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "T", Subjects: []string{"t.>"}}); err != nil {
		t.Fatal(err)
	}
	f.consumer(t, 1500*time.Millisecond, attempts)
	f.send(t, 1)
	for attempt := 1; attempt <= attempts; attempt++ {
		nc := eventstest.Dial(t, server)
		_, messages := subscribeOn(t, nc, bus.SubscriberConfig{})
		m := receive(t, messages)
		if o, _ := bus.OriginOf(m.Context()); o.Attempt != attempt || o.Last() != (attempt == attempts) {
			t.Errorf("attempt %d, last %v; want %d", o.Attempt, o.Last(), attempt)
		}
		nc.Close() // the process dies with the message in the handler's hands
	}
	f.subscribe(t, bus.SubscriberConfig{})
	f.settled(t)
	letters := f.letters(t)
	if len(letters) != 1 || letters[0].Reason != events.ReasonRetriesExceeded || letters[0].Consumer != "c" {
		t.Errorf("dead letters %+v, want one of retries_exceeded", letters)
	}
}

// A stop must not count as an attempt more than once for what is prefetched.
func TestTrapStopTakesBackWhatItGivesBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.consumer(t, time.Minute, 0)
	f.send(t, 20)
	ctx, cancel := context.WithCancel(t.Context())
	sub, err := bus.NewSubscriber(f.nc, bus.SubscriberConfig{Concurrency: 2, Prefetch: 100, Resolve: resolveT})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sub.Subscribe(ctx, "c"); err != nil {
		t.Fatal(err)
	}
	eventstest.Eventually(t, func() bool { n, _ := f.pending(t); return n == 20 }, patience, "all in hand")
	cancel()
	if err := sub.Close(); err != nil {
		t.Fatal(err)
	}
	_, messages := f.subscribe(t, bus.SubscriberConfig{})
	for range 20 {
		m := receive(t, messages) // at once, long before AckWait
		if o, _ := bus.OriginOf(m.Context()); o.Attempt != 2 {
			t.Errorf("attempt %d, want 2", o.Attempt)
		}
		m.Ack()
	}
}
