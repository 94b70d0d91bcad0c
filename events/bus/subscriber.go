package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Defaults of SubscriberConfig.
const (
	DefaultConcurrency = 16
	// DefaultCloseTimeout leaves a handler time to store what it knows before
	// the program ends: a whole stop takes five seconds.
	DefaultCloseTimeout = 1500 * time.Millisecond
	DefaultMaxHold      = 15 * time.Minute
)

// NoPrefetch asks the server only for what a handler is free to take.
const NoPrefetch = -1

// Binding is the durable consumer behind a topic.
type Binding struct{ Stream, Consumer string }

// SubscriberConfig bounds a Subscriber. The zero value is usable.
type SubscriberConfig struct {
	// Concurrency is how many messages are handled at once, by topic. 1 keeps
	// the order of the stream as long as handlers succeed; for an order that
	// failures and several processes cannot break, the consumer's
	// MaxAckPending must be 1 too.
	Concurrency int
	// Prefetch is how many more messages are held ready; 0 is as many as
	// Concurrency, NoPrefetch none. They are kept alive like those in
	// handlers, but another process cannot take them meanwhile.
	Prefetch int
	// Backoff spaces the deliveries of a message that failed.
	Backoff Backoff
	// CloseTimeout bounds how long Close waits for handlers. Then their
	// contexts are cancelled and their messages left to be redelivered.
	CloseTimeout time.Duration
	// MaxHold is how long one handler may keep one message alive; after that
	// the message is given up to be redelivered. It must exceed the time a
	// handler is allowed.
	MaxHold time.Duration
	// Resolve finds the durable consumer of a topic. The default takes the
	// topic for the name of a consumer in this package's topology.
	Resolve func(topic string) (Binding, error)
	// Logger may be nil.
	Logger *slog.Logger
	// Metrics may be nil.
	Metrics *Metrics
}

func (c SubscriberConfig) withDefaults() SubscriberConfig {
	if c.Concurrency == 0 {
		c.Concurrency = DefaultConcurrency
	}
	switch c.Prefetch {
	case 0:
		c.Prefetch = c.Concurrency
	case NoPrefetch:
		c.Prefetch = 0
	}
	c.Backoff = c.Backoff.withDefaults()
	if c.CloseTimeout == 0 {
		c.CloseTimeout = DefaultCloseTimeout
	}
	if c.MaxHold == 0 {
		c.MaxHold = DefaultMaxHold
	}
	if c.Resolve == nil {
		c.Resolve = Resolve
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// Subscriber hands the messages of durable pull consumers to handlers. It is
// safe for concurrent use and does not own its connection.
type Subscriber struct {
	cfg     SubscriberConfig
	nc      *nats.Conn
	js      jetstream.JetStream
	letters *Publisher

	mu     sync.Mutex
	closed bool
	subs   map[*subscription]struct{}
}

var _ message.Subscriber = (*Subscriber)(nil)

// NewSubscriber returns a Subscriber on nc. It does no I/O.
func NewSubscriber(nc *nats.Conn, cfg SubscriberConfig) (*Subscriber, error) {
	cfg = cfg.withDefaults()
	if cfg.Concurrency < 1 || cfg.Prefetch < 0 {
		return nil, errors.New("bus: subscriber: concurrency and prefetch must be positive")
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("bus: subscriber: %w", err)
	}
	letters, err := NewPublisher(nc, PublisherConfig{MaxInFlight: cfg.Concurrency + cfg.Prefetch, Metrics: cfg.Metrics})
	if err != nil {
		return nil, err
	}
	return &Subscriber{cfg: cfg, nc: nc, js: js, letters: letters, subs: make(map[*subscription]struct{})}, nil
}

// Subscribe starts delivering the topic's messages. The channel is closed
// when ctx is done, when Close is called, or when the connection is closed for
// good. ctx's values, not its end, pass to the messages: handlers finish what
// they began, within CloseTimeout.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	binding, err := s.cfg.Resolve(topic)
	if err != nil {
		return nil, err
	}
	consumer, err := s.js.Consumer(ctx, binding.Stream, binding.Consumer)
	if err != nil {
		return nil, fmt.Errorf("bus: subscribe: consumer %s of stream %s: %w", binding.Consumer, binding.Stream, err)
	}
	info := consumer.CachedInfo()
	if err := checkConsumer(info.Config); err != nil {
		return nil, fmt.Errorf("bus: subscribe: consumer %s of stream %s: %w", binding.Consumer, binding.Stream, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	sub := newSubscription(ctx, s, binding, consumer, info.Config)
	s.subs[sub] = struct{}{}
	s.cfg.Metrics.forConsumer(binding.Consumer)
	sub.start(ctx)
	go func() {
		<-sub.done
		s.mu.Lock()
		delete(s.subs, sub)
		s.mu.Unlock()
	}()
	return sub.out, nil
}

// checkConsumer refuses a consumer under which the promises cannot be kept.
func checkConsumer(c jetstream.ConsumerConfig) error {
	switch {
	case c.AckPolicy != jetstream.AckExplicitPolicy:
		return errors.New("ack_policy must be explicit")
	case len(c.BackOff) > 0:
		return errors.New("backoff must be empty: its first value replaces ack_wait, so that messages are redelivered while they are handled")
	case c.MaxDeliver > 0:
		return fmt.Errorf("max_deliver must be unlimited, not %d: the limit is kept in metadata (%s), so that the last delivery cannot be lost", c.MaxDeliver, MetaMaxDeliver)
	}
	return nil
}

// Close stops taking messages, waits for handlers within CloseTimeout, and
// flushes their acknowledgements. It is idempotent.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	s.closed = true
	subs := make([]*subscription, 0, len(s.subs))
	for sub := range s.subs {
		subs = append(subs, sub)
	}
	s.mu.Unlock()
	for _, sub := range subs {
		sub.stop()
	}
	for _, sub := range subs {
		<-sub.done
	}
	if err := s.letters.Close(); err != nil {
		return err
	}
	if s.nc.IsConnected() {
		if err := s.nc.FlushTimeout(5 * time.Second); err != nil {
			return fmt.Errorf("bus: subscriber: flush acknowledgements: %w", err)
		}
	}
	return nil
}
