package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/nats-io/nats.go"
)

// DefaultHandlerTimeout bounds one call of a handler.
const DefaultHandlerTimeout = 2 * time.Minute

// Deps are what a Router works with.
type Deps struct {
	// NATS is shared and never closed here. Required.
	NATS *nats.Conn
	// Logger may be nil.
	Logger *slog.Logger
	// Metrics may be nil.
	Metrics *Metrics
	// HandlerTimeout bounds one call of a handler, by its context.
	HandlerTimeout time.Duration
	// CloseTimeout bounds how long Close waits for handlers.
	CloseTimeout time.Duration
}

// Router is watermill's router on this package's transport. Its middleware
// is, from outside in: Outcome, Recoverer, CorrelationID, Timeout. There is no
// Retry (it sleeps past AckWait), no Deduplicator (it marks before the handler
// succeeds) and no PoisonQueue (its messages are acknowledged by a publish in
// the handler's own chain): the Subscriber retries, the stream deduplicates,
// and the Subscriber stores dead letters.
type Router struct {
	*message.Router
	deps        Deps
	subscribers []*Subscriber
	busy        sync.WaitGroup // handlers at work
}

// NewRouter returns a router without handlers. Add them with Consume, then
// Run it.
func NewRouter(deps Deps) (*Router, error) {
	if deps.NATS == nil {
		return nil, errors.New("bus: router: nats: required")
	}
	if deps.Logger == nil {
		deps.Logger = slog.New(slog.DiscardHandler)
	}
	if deps.HandlerTimeout == 0 {
		deps.HandlerTimeout = DefaultHandlerTimeout
	}
	if deps.CloseTimeout == 0 {
		deps.CloseTimeout = DefaultCloseTimeout
	}
	// The subscribers bound the wait; the router only waits for them.
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: deps.CloseTimeout + 5*time.Second}, watermillLog{deps.Logger})
	if err != nil {
		return nil, fmt.Errorf("bus: router: %w", err)
	}
	router.AddMiddleware(Outcome, middleware.Recoverer, middleware.CorrelationID, middleware.Timeout(deps.HandlerTimeout))
	return &Router{Router: router, deps: deps}, nil
}

// Consume has handler called for each message of a durable consumer of the
// topology. cfg's Logger, Metrics and CloseTimeout default to the router's;
// MaxHold to a margin above HandlerTimeout.
func (r *Router) Consume(consumer string, cfg SubscriberConfig, handler message.NoPublishHandlerFunc) error {
	if cfg.Logger == nil {
		cfg.Logger = r.deps.Logger
	}
	if cfg.Metrics == nil {
		cfg.Metrics = r.deps.Metrics
	}
	if cfg.CloseTimeout == 0 {
		cfg.CloseTimeout = r.deps.CloseTimeout
	}
	if cfg.MaxHold == 0 {
		cfg.MaxHold = r.deps.HandlerTimeout + 2*AckWait
	}
	if _, ok := r.Handlers()[consumer]; ok {
		return fmt.Errorf("bus: router: consumer %s has a handler already", consumer)
	}
	sub, err := NewSubscriber(r.deps.NATS, cfg)
	if err != nil {
		return err
	}
	r.subscribers = append(r.subscribers, sub)
	r.AddConsumerHandler(consumer, consumer, sub, func(m *message.Message) error {
		r.busy.Add(1)
		defer r.busy.Done()
		return handler(m)
	})
	return nil
}

// Run calls handlers until ctx ends or Close is called. It returns once none is
// at work and what they did is acknowledged, for the connection may be closed
// then: watermill's own waits for handlers only, and for none of them when ctx
// ends, or a consumer fails, before it has begun with all.
func (r *Router) Run(ctx context.Context) error {
	own, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	unlink := context.AfterFunc(ctx, func() {
		select {
		case <-r.Running():
		case <-own.Done():
		}
		stop()
	})
	defer unlink()
	err := r.Router.Run(own)
	stop()
	for _, sub := range r.subscribers {
		err = errors.Join(err, sub.Close())
	}
	idle := make(chan struct{})
	go func() { r.busy.Wait(); close(idle) }()
	timer := time.NewTimer(r.deps.CloseTimeout)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C:
		err = errors.Join(err, errors.New("bus: router: a handler does not end"))
	}
	return err
}
