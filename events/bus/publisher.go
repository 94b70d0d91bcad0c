package bus

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Defaults of PublisherConfig.
const (
	DefaultMaxInFlight = 4096
	DefaultAckTimeout  = 10 * time.Second
)

// deadLetterRoomBytes is kept free in every message so that, whatever happens
// to it, it fits in a dead letter with that letter's headers.
const deadLetterRoomBytes = 16 << 10

// retryPause separates the rounds in which Publish sends again what a lost
// connection left unacknowledged.
const retryPause = 100 * time.Millisecond

// ErrClosed is returned by a Publisher or Subscriber that was closed.
var ErrClosed = errors.New("bus: closed")

// PublisherConfig bounds a Publisher. The zero value is usable.
type PublisherConfig struct {
	// MaxInFlight is how many messages may wait for their acknowledgement,
	// over all concurrent Publish calls.
	MaxInFlight int
	// AckTimeout bounds the wait for one acknowledgement, lost connections
	// included.
	AckTimeout time.Duration
	// Metrics may be nil.
	Metrics *Metrics
}

// Publisher stores messages in JetStream. Publish sends all its messages
// without waiting in between and returns when all are acknowledged. It is safe
// for concurrent use and does not own its connection.
type Publisher struct {
	cfg   PublisherConfig
	nc    *nats.Conn
	js    jetstream.JetStream
	slots chan struct{}

	mu      sync.Mutex
	closed  bool
	calls   sync.WaitGroup
	closing chan struct{}
}

var _ message.Publisher = (*Publisher)(nil)

// NewPublisher returns a Publisher on nc. It does no I/O.
func NewPublisher(nc *nats.Conn, cfg PublisherConfig) (*Publisher, error) {
	if cfg.MaxInFlight == 0 {
		cfg.MaxInFlight = DefaultMaxInFlight
	}
	if cfg.AckTimeout == 0 {
		cfg.AckTimeout = DefaultAckTimeout
	}
	if cfg.MaxInFlight < 0 || cfg.AckTimeout < 0 {
		return nil, errors.New("bus: publisher: max_in_flight and ack_timeout must be positive")
	}
	// The library's own limit is a margin above ours: it also counts what a
	// cancelled call gave up waiting for.
	js, err := jetstream.New(nc,
		jetstream.WithPublishAsyncMaxPending(2*cfg.MaxInFlight),
		jetstream.WithPublishAsyncTimeout(cfg.AckTimeout))
	if err != nil {
		return nil, fmt.Errorf("bus: publisher: %w", err)
	}
	return &Publisher{
		cfg: cfg, nc: nc, js: js,
		slots: make(chan struct{}, cfg.MaxInFlight), closing: make(chan struct{}),
	}, nil
}

// Failure is one message that is not known to be stored.
type Failure struct {
	Index   int // in the call's messages
	ID      string
	Subject string
	Err     error
}

// PublishError tells which messages of a Publish call are not known to be
// stored; the others are. Its outcome is the first failure's.
type PublishError struct {
	Total  int
	Failed []Failure
}

func (e *PublishError) Error() string {
	f := e.Failed[0]
	text := fmt.Sprintf("bus: publish: message %d (%s) on %s: %s", f.Index, f.ID, f.Subject, f.Err)
	if len(e.Failed) > 1 {
		text += fmt.Sprintf(" (and %d more of %d)", len(e.Failed)-1, e.Total)
	}
	return text
}

// Unwrap returns the failures' errors, so that errors.Is and events.OutcomeOf
// see them.
func (e *PublishError) Unwrap() []error {
	errs := make([]error, len(e.Failed))
	for i, f := range e.Failed {
		errs[i] = f.Err
	}
	return errs
}

// Publish stores the messages under the subject topic and returns when all are
// acknowledged, or a *PublishError. Each message's context bounds its own
// wait. They are sent in order; when one fails, later ones may be stored.
func (p *Publisher) Publish(topic string, messages ...*message.Message) error {
	out := make([]outgoing, len(messages))
	for i, m := range messages {
		out[i] = outgoing{ctx: m.Context(), msg: toNATS(topic, m)}
	}
	return p.send(out)
}

// Close waits for running Publish calls and refuses later ones. The
// connection stays open.
func (p *Publisher) Close() error {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.closing)
	}
	p.mu.Unlock()
	p.calls.Wait()
	return nil
}

func (p *Publisher) enter() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	p.calls.Add(1)
	return nil
}
