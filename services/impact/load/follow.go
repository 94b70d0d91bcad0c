package load

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/bus"
)

const (
	// pullMessages is how many events are asked for at once.
	pullMessages = 256
	// maxMessages ends a range of events that give few rows.
	maxMessages = 50_000
)

// chunk is one range of events and what they become.
type chunk struct {
	target      target
	first, last uint64
	messages    int
	rows        rows
	letters     []*nats.Msg
	began       time.Time // when its first event came
}

func (s *reader) newChunk(first uint64) *chunk {
	rows, ok := s.spare.Get().(rows)
	if !ok {
		rows = s.rows()
	}
	return &chunk{target: s.target, first: first, last: first - 1, rows: rows}
}

// add takes one event. Those replayed for another consumer are passed over.
func (c *chunk) add(sequence uint64, subject string, header nats.Header, body []byte, now time.Time) {
	if c.messages == 0 {
		c.began = now
	}
	c.messages++
	c.last = sequence
	if only := header.Get(bus.HeaderReplayFor); only != "" && only != c.target.consumer {
		return
	}
	if err := c.rows.add(sequence, body); err != nil {
		origin := bus.Origin{Stream: c.target.stream, Consumer: c.target.consumer, Subject: subject, Sequence: sequence, Attempt: 1}
		c.letters = append(c.letters, bus.NewLetter(origin, header, body, err, now))
	}
}

func (c *chunk) full(maxRows int) bool { return c.rows.len() >= maxRows || c.messages >= maxMessages }

// follow reads on from the position, gathers and loads. It returns with the
// first error.
func (s *reader) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	in, err := s.tail(ctx, cancel)
	if err != nil {
		return err
	}
	chunks := make(chan *chunk)
	done := make(chan struct{})
	first := s.ledger.position.Done + 1
	go func() { defer close(done); s.gather(ctx, first, in, chunks) }()
	defer func() { <-done }()
	defer cancel(nil)
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case c := <-chunks:
			if err := s.load(ctx, c); err != nil {
				return err
			}
		}
	}
}

// tail reads the stream in order, from the position on.
func (s *reader) tail(ctx context.Context, failed context.CancelCauseFunc) (<-chan jetstream.Msg, error) {
	consumer, err := s.deps.JetStream.OrderedConsumer(ctx, s.stream, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: s.ledger.position.Done + 1,
	})
	if err != nil {
		return nil, err
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(pullMessages))
	if err != nil {
		return nil, err
	}
	in := make(chan jetstream.Msg)
	go func() {
		defer messages.Stop()
		for {
			m, err := messages.Next(jetstream.NextContext(ctx))
			if err != nil {
				failed(err)
				return
			}
			select {
			case in <- m:
			case <-ctx.Done():
				return
			}
		}
	}()
	return in, nil
}

// gather makes chunks, and goes on with the next while one is loaded.
func (s *reader) gather(ctx context.Context, first uint64, in <-chan jetstream.Msg, out chan<- *chunk) {
	c, ripe := s.newChunk(first), (<-chan time.Time)(nil)
	var offer chan<- *chunk
	var sent time.Time
	for {
		more := in
		if c.full(s.cfg.MaxRows) {
			offer, more = out, nil
		}
		select {
		case <-ctx.Done():
			return
		case <-ripe:
			offer, ripe = out, nil
		case offer <- c:
			sent = s.deps.Clock.Now()
			c, offer, ripe = s.newChunk(c.last+1), nil, nil
		case m := <-more:
			s.take(c, m)
			if c.messages == 1 {
				ripe = s.deps.Clock.After(max(s.cfg.Linger, s.cfg.Pace-s.deps.Clock.Now().Sub(sent)))
			}
		}
	}
}

func (s *reader) take(c *chunk, m jetstream.Msg) {
	meta, err := m.Metadata()
	if err != nil { // not of JetStream: nothing to place it by
		s.log.Error("a message without its place", "err", err)
		return
	}
	s.newest.Store(meta.Sequence.Stream + meta.NumPending)
	c.add(meta.Sequence.Stream, m.Subject(), m.Headers(), m.Data(), s.deps.Clock.Now())
}
