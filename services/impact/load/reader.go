package load

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
)

const (
	firstRetry    = 200 * time.Millisecond
	maxRetry      = 10 * time.Second
	insertTimeout = 2 * time.Minute
	replayTimeout = 10 * time.Second // for one event
)

// run loads the stream until ctx ends.
func (s *reader) run(ctx context.Context) {
	for delay := firstRetry; ctx.Err() == nil; delay = min(delay*2, maxRetry) {
		began := s.deps.Clock.Now()
		err := s.once(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, errElsewhere):
			s.log.Info("another program loads the stream; standing by")
			s.report(s.stream, nil)
			s.standBy(ctx)
			delay = firstRetry
			continue
		case s.deps.Clock.Now().Sub(began) > maxRetry:
			delay = firstRetry
		}
		s.failed(err)
		s.sleep(ctx, delay)
	}
}

// failed makes an error visible; it is logged when it begins only.
func (s *reader) failed(err error) {
	if s.report(s.stream, err) {
		s.log.Warn("not loading", "err", err)
	}
}

// once takes up the position, ends what a crash left, and follows the stream.
func (s *reader) once(ctx context.Context) error {
	stream, err := s.deps.JetStream.Stream(ctx, s.stream)
	if err != nil {
		return err
	}
	info := stream.CachedInfo()
	if err := s.ledger.read(ctx, info.Created); err != nil {
		return err
	}
	s.newest.Store(info.State.LastSeq)
	s.floor = info.State.FirstSeq - min(1, info.State.FirstSeq)
	s.measureLag()
	if p := s.ledger.position; p.First > 0 {
		c, err := s.again(ctx, stream, p)
		if err != nil {
			return err
		}
		if err := s.settle(ctx, c); err != nil {
			return err
		}
	}
	if p := s.ledger.position; info.State.LastSeq < p.Done {
		s.log.Error("the stream ends before what was loaded: it lost events, or was restored from an older copy",
			"last", info.State.LastSeq, "loaded", p.Done)
		err := s.ledger.write(ctx, position{Created: p.Created, Epoch: p.Epoch + 1, Done: info.State.LastSeq})
		if err != nil {
			return err
		}
	}
	if s.report(s.stream, nil) {
		s.log.Info("loading", "from", s.ledger.position.Done+1)
	}
	return s.follow(ctx)
}

// standBy waits until nobody has written the position for a while. The lag is
// the other's to tell.
func (s *reader) standBy(ctx context.Context) {
	s.metrics.lag.DeleteLabelValues(s.stream)
	var revision uint64
	for {
		entry, err := s.ledger.kv.Get(ctx, s.ledger.key)
		if err == nil && entry.Revision() == revision {
			return
		}
		if err == nil {
			revision = entry.Revision()
		}
		if !s.sleep(ctx, s.cfg.Standby) {
			return
		}
	}
}

// again reads the range under way as it was: event by event, by sequence.
func (s *reader) again(ctx context.Context, stream jetstream.Stream, p position) (*chunk, error) {
	c := s.newChunk(p.First)
	for next := p.First; next <= p.Last; {
		ctx, cancel := context.WithTimeout(ctx, replayTimeout)
		m, err := stream.GetMsg(ctx, next, jetstream.WithGetMsgSubject(events.All(s.prefix)))
		cancel()
		if errors.Is(err, jetstream.ErrMsgNotFound) || err == nil && m.Sequence > p.Last {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("event %d: %w", next, err)
		}
		c.add(m.Sequence, m.Subject, m.Header, m.Data, s.deps.Clock.Now())
		next = m.Sequence + 1
	}
	c.last = p.Last
	return c, nil
}

// load writes down the range, inserts it, and writes down that it is in.
func (s *reader) load(ctx context.Context, c *chunk) error {
	p := s.ledger.position
	err := s.ledger.write(ctx, position{Created: p.Created, Epoch: p.Epoch, Done: p.Done, First: c.first, Last: c.last})
	if err != nil {
		return err
	}
	s.onStep(stepIntended)
	return s.settle(ctx, c)
}

// settle inserts the range under way, however long ClickHouse is away.
func (s *reader) settle(ctx context.Context, c *chunk) error {
	p := s.ledger.position
	for delay := firstRetry; ; delay = min(delay*2, maxRetry) {
		err := s.insert(ctx, c, p.token(s.stream))
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.failed(err)
		if !s.sleep(ctx, delay) {
			return ctx.Err()
		}
	}
	if s.report(s.stream, nil) {
		s.log.Info("loading again")
	}
	s.onStep(stepInserted)
	if err := s.ledger.write(ctx, position{Created: p.Created, Epoch: p.Epoch, Done: p.Last}); err != nil {
		return err
	}
	s.metrics.rows.WithLabelValues(s.stream).Add(float64(c.rows.len()))
	s.metrics.letters.WithLabelValues(s.stream).Add(float64(len(c.letters)))
	s.measureLag()
	s.onStep(stepSettled)
	c.rows.reset()
	s.spare.Put(c.rows)
	return nil
}

// measureLag tells how far the position is behind the newest event known of.
// What the stream no longer holds is not waited for.
func (s *reader) measureLag() {
	newest, done := s.newest.Load(), max(s.floor, s.ledger.position.Done)
	s.metrics.lag.WithLabelValues(s.stream).Set(float64(newest - min(done, newest)))
}

// insert stores the dead letters, then the rows under their token.
func (s *reader) insert(ctx context.Context, c *chunk, token string) error {
	for _, letter := range c.letters {
		if _, err := s.deps.JetStream.PublishMsg(ctx, letter); err != nil {
			return fmt.Errorf("dead letter: %w", err)
		}
		h := letter.Header
		s.log.Warn("not an event: it is a dead letter", "sequence", h.Get(bus.HeaderDeadSequence), "subject", h.Get(bus.HeaderDeadSubject),
			"reason", h.Get(bus.HeaderDeadReason), "err", h.Get(bus.HeaderDeadError))
	}
	if c.rows.len() == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, insertTimeout)
	defer cancel()
	began := s.deps.Clock.Now()
	b, err := s.conn.PrepareBatch(clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"insert_deduplication_token":                         token,
		"deduplicate_blocks_in_dependent_materialized_views": 1,
		"async_insert":             0,
		"parallel_view_processing": 1,
	})), c.rows.insert())
	if err != nil {
		return fmt.Errorf("ClickHouse: %w", err)
	}
	if err := send(b, c.rows); err != nil {
		return errors.Join(fmt.Errorf("ClickHouse: %w", err), b.Abort())
	}
	s.metrics.insert.WithLabelValues(s.stream).Observe(s.deps.Clock.Now().Sub(began).Seconds())
	return nil
}
