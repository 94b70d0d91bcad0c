package bus

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// pullExpires is how long one request waits at the server.
	pullExpires = 30 * time.Second
	// pullPause is the wait after a request that failed.
	pullPause = 500 * time.Millisecond
	// lastPull is how long, when stopping, what the server already sent is
	// waited for: a message nobody takes would block until AckWait.
	lastPull = 100 * time.Millisecond
)

// pull fetches into the queue no more than the hand can hold, so that every
// message the server counts as delivered is one that the heart keeps alive. A
// continuous Consume would leave messages ageing in the client's buffer.
func (s *subscription) pull() {
	defer close(s.pulled)
	defer close(s.queue)
	changed := s.parent.nc.StatusChanged(nats.CONNECTED, nats.CLOSED)
	defer s.parent.nc.RemoveStatusListener(changed)
	// Wait until a good part of the prefetch is free, so that requests are
	// few, but never so long that a worker starves.
	atLeast := max(1, s.parent.cfg.Prefetch/2)
	for {
		room := s.hand.wait(s.stopping, atLeast)
		if room == 0 {
			return
		}
		if err := s.fetch(room, changed); err != nil {
			if s.parent.nc.IsClosed() {
				s.log.Error("bus: connection closed", "err", err)
				s.stop()
				return
			}
			s.log.Warn("bus: pull", "err", err)
			s.pause()
		}
		if s.stopping.Err() != nil {
			return
		}
	}
}

// fetch makes one request and queues what it brings. A new connection ends it:
// the server has forgotten the request. So does the end of the connection,
// which nothing else would tell before a heartbeat is missed.
func (s *subscription) fetch(room int, changed <-chan nats.Status) error {
	ctx, cancel := context.WithTimeout(s.alive, pullExpires)
	defer cancel()
	unlink := context.AfterFunc(s.stopping, func() { time.AfterFunc(lastPull, cancel) })
	defer unlink()
	batch, err := s.consumer.Fetch(room, jetstream.FetchContext(ctx))
	if err != nil {
		return err
	}
	messages := batch.Messages()
	for {
		select {
		case msg, ok := <-messages:
			if !ok {
				return pullError(batch.Error())
			}
			s.take(msg)
		case <-changed:
			cancel()
		}
	}
}

func (s *subscription) take(msg jetstream.Msg) {
	meta, err := msg.Metadata()
	if err != nil {
		s.log.Error("bus: not a JetStream message", "err", err)
		return
	}
	m := &held{msg: msg, meta: meta, since: time.Now()}
	if !s.hand.add(m) {
		return
	}
	s.parent.cfg.Metrics.received(s.binding.Consumer, meta.NumDelivered)
	s.queue <- m
}

// pullError forgets the ends a request has in the ordinary course.
func pullError(err error) error {
	for _, ordinary := range []error{
		context.Canceled, context.DeadlineExceeded, nats.ErrTimeout, jetstream.ErrNoMessages,
		jetstream.ErrNoHeartbeat, jetstream.ErrConsumerLeadershipChanged, jetstream.ErrServerShutdown,
	} {
		if errors.Is(err, ordinary) {
			return nil
		}
	}
	return err
}

func (s *subscription) pause() {
	timer := time.NewTimer(pullPause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.stopping.Done():
	}
}
