package bus_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/natsserver"
)

// TestAcceptance is watermill's own suite for a Pub/Sub, with several messages
// handled at once, and through two restarts of the server.
func TestAcceptance(t *testing.T) {
	features := tests.Features{
		ConsumerGroups: true,
		Persistent:     true,
	}
	broker := startBroker(t)
	// The suite's reconnect test has a data race of its own (publishedMessages,
	// watermill v1.5.1): under -race, TestReconnect stands in for it.
	if !testing.Short() && !raceDetector {
		features.RestartServiceCommand = broker.restartOnSignal(t)
	}
	tests.TestPubSub(t, features, broker.pubSub(bus.SubscriberConfig{Concurrency: 8}), broker.group(bus.SubscriberConfig{Concurrency: 8}))
}

// TestAcceptanceOrdered is the same suite with one message at a time, and the
// stream's order kept.
func TestAcceptanceOrdered(t *testing.T) {
	features := tests.Features{
		ConsumerGroups:                      true,
		Persistent:                          true,
		GuaranteedOrder:                     true,
		GuaranteedOrderWithSingleSubscriber: true,
	}
	broker := startBroker(t)
	ordered := bus.SubscriberConfig{Concurrency: 1, Prefetch: 32}
	tests.TestPubSub(t, features, broker.pubSub(ordered), broker.group(ordered))
}

// broker is a server on a fixed port that can be restarted, and a connection.
type broker struct {
	cfg    natsserver.Config
	server *natsserver.Server
	nc     *nats.Conn
	js     jetstream.JetStream
}

func startBroker(t *testing.T) *broker {
	t.Helper()
	b := &broker{cfg: natsserver.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", MinFreeBytes: -1}}
	b.start(t)
	b.cfg.Listen = b.server.URL()[len("nats://"):]
	t.Cleanup(func() {
		if err := b.server.Close(); err != nil {
			t.Error(err)
		}
	})
	nc, err := nats.Connect(b.server.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	b.nc = nc
	if b.js, err = jetstream.New(nc); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *broker) start(t *testing.T) {
	t.Helper()
	server, err := natsserver.Start(context.Background(), b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	b.server = server
}

// restartOnSignal returns the command that has this process restart the
// server: the suite knows commands only.
func (b *broker) restartOnSignal(t *testing.T) []string {
	t.Helper()
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGUSR1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range signals {
			if err := b.server.Close(); err != nil {
				t.Error(err)
			}
			server, err := natsserver.Start(context.Background(), b.cfg)
			if err != nil {
				t.Error(err)
				return
			}
			b.server = server
		}
	}()
	t.Cleanup(func() {
		signal.Stop(signals)
		close(signals)
		<-ended
	})
	return []string{"sh", "-c", "kill -USR1 " + strconv.Itoa(os.Getpid())}
}

func (b *broker) pubSub(cfg bus.SubscriberConfig) tests.PubSubConstructor {
	return func(t *testing.T) (message.Publisher, message.Subscriber) {
		return b.group(cfg)(t, "all")
	}
}

func (b *broker) group(cfg bus.SubscriberConfig) tests.ConsumerGroupPubSubConstructor {
	cfg.Backoff = bus.Backoff{Base: 5 * time.Millisecond, Max: 20 * time.Millisecond}
	cfg.CloseTimeout = 200 * time.Millisecond
	return func(t *testing.T, group string) (message.Publisher, message.Subscriber) {
		cfg := cfg
		cfg.Resolve = func(topic string) (bus.Binding, error) { return b.declare(topic, group) }
		pub, err := bus.NewPublisher(b.nc, bus.PublisherConfig{})
		if err != nil {
			t.Fatal(err)
		}
		sub, err := bus.NewSubscriber(b.nc, cfg)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(t.Name(), "/TestReconnect") {
			answered := &answered{}
			return told{pub, answered}, patient{initializer{sub, cfg.Resolve}, answered}
		}
		return pub, initializer{Subscriber: sub, resolve: cfg.Resolve}
	}
}

// The suite's TestReconnect compares what was received with what Publish has
// returned for, as soon as the last message is received: that may be before its
// Publish returns. So there a message is handed on once it has.

// answered are the messages whose publication has succeeded, by UUID.
type answered struct{ messages sync.Map }

func (a *answered) of(uuid string) chan struct{} {
	c, _ := a.messages.LoadOrStore(uuid, make(chan struct{}))
	ch, _ := c.(chan struct{})
	return ch
}

type told struct {
	message.Publisher
	answered *answered
}

func (p told) Publish(topic string, messages ...*message.Message) error {
	if err := p.Publisher.Publish(topic, messages...); err != nil {
		return err
	}
	for _, m := range messages {
		close(p.answered.of(m.UUID))
	}
	return nil
}

type patient struct {
	initializer
	answered *answered
}

func (s patient) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	in, err := s.initializer.Subscribe(ctx, topic)
	if err != nil {
		return nil, err
	}
	out := make(chan *message.Message)
	go func() {
		var under sync.WaitGroup
		for m := range in {
			under.Go(func() {
				select {
				case <-s.answered.of(m.UUID):
				case <-m.Context().Done():
					return
				}
				select {
				case out <- m:
				case <-m.Context().Done():
				}
			})
		}
		under.Wait()
		close(out)
	}()
	return out, nil
}

// declare makes the stream of a topic and the durable consumer of a group.
func (b *broker) declare(topic, group string) (bus.Binding, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := b.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: topic, Subjects: []string{topic}})
	if err != nil {
		return bus.Binding{}, fmt.Errorf("stream: %w", err)
	}
	_, err = b.js.CreateOrUpdateConsumer(ctx, topic, jetstream.ConsumerConfig{
		Durable: group, AckPolicy: jetstream.AckExplicitPolicy, AckWait: 5 * time.Second, MaxAckPending: 20_000,
	})
	if err != nil {
		return bus.Binding{}, fmt.Errorf("consumer: %w", err)
	}
	return bus.Binding{Stream: topic, Consumer: group}, nil
}

// initializer lets the suite publish before it subscribes.
type initializer struct {
	*bus.Subscriber
	resolve func(string) (bus.Binding, error)
}

func (i initializer) SubscribeInitialize(topic string) error {
	_, err := i.resolve(topic)
	return err
}
