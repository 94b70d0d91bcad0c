package bus_test

import (
	"context"
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/natsserver"
)

const patience = 30 * time.Second

// fixture is a bus of one stream T (t.>) beside the whole topology.
type fixture struct {
	server *natsserver.Server
	nc     *nats.Conn
	js     jetstream.JetStream
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	server := eventstest.Server(t)
	nc := eventstest.Dial(t, server)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Ensure(t.Context(), js, bus.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "T", Subjects: []string{"t.>"}}); err != nil {
		t.Fatal(err)
	}
	return &fixture{server: server, nc: nc, js: js}
}

// consumer declares a durable consumer "c" of T.
func (f *fixture) consumer(t testing.TB, ackWait time.Duration, attempts int) {
	t.Helper()
	_, err := f.js.CreateOrUpdateConsumer(t.Context(), "T", jetstream.ConsumerConfig{
		Durable: "c", AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait,
		Metadata: map[string]string{bus.MetaMaxDeliver: strconv.Itoa(attempts)},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) publisher(t testing.TB, cfg bus.PublisherConfig) *bus.Publisher {
	t.Helper()
	pub, err := bus.NewPublisher(f.nc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pub.Close(); err != nil {
			t.Error(err)
		}
	})
	return pub
}

// send publishes n messages with IDs 0 to n-1 on t.x.
func (f *fixture) send(t testing.TB, n int) {
	t.Helper()
	if err := f.publisher(t, bus.PublisherConfig{}).Publish("t.x", numbered(0, n)...); err != nil {
		t.Fatal(err)
	}
}

func numbered(from, n int) []*message.Message {
	messages := make([]*message.Message, n)
	for i := range messages {
		messages[i] = message.NewMessage(strconv.Itoa(from+i), []byte("x"))
	}
	return messages
}

// subscribe reads consumer c of T; it is closed when the test ends.
func (f *fixture) subscribe(t testing.TB, cfg bus.SubscriberConfig) (*bus.Subscriber, <-chan *message.Message) {
	t.Helper()
	return subscribeOn(t, f.nc, cfg)
}

func subscribeOn(t testing.TB, nc *nats.Conn, cfg bus.SubscriberConfig) (*bus.Subscriber, <-chan *message.Message) {
	t.Helper()
	cfg.Resolve = resolveT
	if cfg.Backoff.Base == 0 {
		cfg.Backoff = bus.Backoff{Base: 10 * time.Millisecond, Max: 50 * time.Millisecond}
	}
	if cfg.CloseTimeout == 0 {
		cfg.CloseTimeout = time.Second
	}
	sub, err := bus.NewSubscriber(nc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	messages, err := sub.Subscribe(t.Context(), "c")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sub.Close(); err != nil && !nc.IsClosed() {
			t.Error(err)
		}
	})
	return sub, messages
}

func resolveT(string) (bus.Binding, error) { return bus.Binding{Stream: "T", Consumer: "c"}, nil }

// route runs a router with one handler of consumer c until the test ends.
func (f *fixture) route(t testing.TB, deps bus.Deps, cfg bus.SubscriberConfig, h message.NoPublishHandlerFunc) *bus.Router {
	t.Helper()
	cfg.Resolve = resolveT
	if cfg.Backoff.Base == 0 {
		cfg.Backoff = bus.Backoff{Base: 10 * time.Millisecond, Max: 50 * time.Millisecond}
	}
	return f.run(t, deps, "c", cfg, h)
}

func (f *fixture) run(t testing.TB, deps bus.Deps, consumer string, cfg bus.SubscriberConfig, h message.NoPublishHandlerFunc) *bus.Router {
	t.Helper()
	deps.NATS = f.nc
	if deps.CloseTimeout == 0 {
		deps.CloseTimeout = time.Second
	}
	router, err := bus.NewRouter(deps)
	if err != nil {
		t.Fatal(err)
	}
	if err := router.Consume(consumer, cfg, h); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- router.Run(context.WithoutCancel(t.Context())) }()
	<-router.Running()
	t.Cleanup(func() {
		if err := router.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return router
}

func receive(t testing.TB, messages <-chan *message.Message) *message.Message {
	t.Helper()
	select {
	case m, ok := <-messages:
		if !ok {
			t.Fatal("channel closed")
		}
		return m
	case <-time.After(patience):
		t.Fatal("no message")
	}
	return nil
}

// pending returns how many messages consumer c of T has in hands and ahead.
func (f *fixture) pending(t testing.TB) (inHand, ahead int) {
	t.Helper()
	info := f.info(t)
	return info.NumAckPending, int(info.NumPending)
}

func (f *fixture) info(t testing.TB) *jetstream.ConsumerInfo {
	t.Helper()
	c, err := f.js.Consumer(t.Context(), "T", "c")
	if err != nil {
		t.Fatal(err)
	}
	return c.CachedInfo()
}

// settled waits until everything in T is acknowledged or terminated.
func (f *fixture) settled(t testing.TB) {
	t.Helper()
	eventstest.Eventually(t, func() bool {
		inHand, ahead := f.pending(t)
		return inHand == 0 && ahead == 0
	}, patience, "all settled")
}

func (f *fixture) letters(t testing.TB) []bus.DeadLetter {
	t.Helper()
	all, err := f.deadLetters(t).List(t.Context(), bus.DeadLetterFilter{})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (f *fixture) deadLetters(t testing.TB) *bus.DeadLetters {
	t.Helper()
	d, err := bus.NewDeadLetters(f.nc)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func rawEvent(item string) events.Raw {
	return events.Raw{
		ID: events.RawID("eysines", "site", item, "h"), Authority: "eysines", Source: "site", Kind: "feed",
		Item: item, Hash: "h", Revision: 1, FetchedAt: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC),
		Record: json.RawMessage(`{"title":"Coupure d’eau"}`),
	}
}

func receiptEvent(raw events.Raw) events.Receipt {
	return events.NewReceipt(events.Delivery{
		ID: events.DeliveryID(raw.ID, 1, "sms", "", 0), Publication: raw.ID, Revision: 1, Authority: raw.Authority,
		Stream: "travaux", Channel: "sms", Kind: "sms", Class: events.ClassService, Topic: "eau",
	}, "sent", raw.FetchedAt, nil)
}
