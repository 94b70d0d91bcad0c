package bus

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
)

// subscription is one topic being delivered: a puller that fills queue, a
// heart that keeps everything in hand alive, and Concurrency workers that each
// hand one message over and settle it.
type subscription struct {
	parent   *Subscriber
	binding  Binding
	consumer jetstream.Consumer
	log      *slog.Logger

	attempts uint64 // deliveries before a dead letter; 0 without limit
	ackWait  time.Duration

	out   chan *message.Message
	queue chan *held
	hand  *hand

	stopping context.Context    // done when no new message is handed over
	stop     context.CancelFunc // by Close, the Subscribe context or a closed connection
	alive    context.Context    // the messages' contexts; ends when handlers are given up
	abort    context.CancelFunc

	senders sync.RWMutex // read-held while sending on out
	workers sync.WaitGroup
	pulled  chan struct{} // closed when the puller has ended
	done    chan struct{} // closed when all has ended
}

func newSubscription(ctx context.Context, s *Subscriber, b Binding, consumer jetstream.Consumer, cfg jetstream.ConsumerConfig) *subscription {
	limit := s.cfg.Concurrency + s.cfg.Prefetch
	sub := &subscription{
		parent: s, binding: b, consumer: consumer,
		log:      s.cfg.Logger.With("stream", b.Stream, "consumer", b.Consumer),
		attempts: maxDeliver(cfg),
		ackWait:  cfg.AckWait,
		out:      make(chan *message.Message),
		queue:    make(chan *held, limit),
		hand:     newHand(limit),
		pulled:   make(chan struct{}),
		done:     make(chan struct{}),
	}
	values := context.WithoutCancel(ctx)
	sub.stopping, sub.stop = context.WithCancel(values)
	sub.alive, sub.abort = context.WithCancel(values)
	return sub
}

// maxDeliver reads the limit that Ensure wrote into the consumer.
func maxDeliver(cfg jetstream.ConsumerConfig) uint64 {
	n, err := strconv.ParseUint(cfg.Metadata[MetaMaxDeliver], 10, 32)
	if err != nil {
		return 0
	}
	return n
}

func (s *subscription) start(ctx context.Context) {
	unlink := context.AfterFunc(ctx, s.stop)
	for range s.parent.cfg.Concurrency {
		s.workers.Go(s.work)
	}
	go s.pull()
	beating := make(chan struct{})
	go func() {
		defer close(beating)
		s.heart()
	}()
	go func() {
		defer close(s.done)
		defer unlink()
		<-s.stopping.Done()
		s.senders.Lock() // no worker is sending from here on
		close(s.out)
		s.senders.Unlock()
		s.awaitWorkers()
		s.abort()
		<-beating
		<-s.pulled
	}()
}

// awaitWorkers gives handlers CloseTimeout to finish.
func (s *subscription) awaitWorkers() {
	idle := make(chan struct{})
	go func() { s.workers.Wait(); close(idle) }()
	timer := time.NewTimer(s.parent.cfg.CloseTimeout)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C:
		s.log.Warn("bus: handlers did not end in time; their messages will be redelivered",
			"timeout", s.parent.cfg.CloseTimeout)
		s.abort()
		<-idle
	}
}

// heart keeps everything in hand alive, three times an AckWait.
func (s *subscription) heart() {
	tick := time.NewTicker(max(s.ackWait/3, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-s.alive.Done():
			return
		case now := <-tick.C:
			for _, m := range s.hand.beat(now, s.parent.cfg.MaxHold) {
				s.log.Error("bus: a handler holds a message for too long; it will be redelivered",
					"sequence", m.meta.Sequence.Stream, "hold", s.parent.cfg.MaxHold)
			}
		}
	}
}

// work hands messages over, one at a time, until the queue is closed.
func (s *subscription) work() {
	for m := range s.queue {
		if s.stopping.Err() != nil {
			s.giveBack(m)
		} else {
			s.handle(m)
		}
		s.hand.remove(m)
		s.parent.cfg.Metrics.settled(s.binding.Consumer)
	}
}

func (s *subscription) handle(m *held) {
	switch {
	case s.forAnother(m):
		s.ack(m)
		return
	case s.attempts > 0 && m.meta.NumDelivered > s.attempts:
		// The process died at the last attempt: nobody said why.
		s.bury(m, events.Permanentf(events.ReasonRetriesExceeded, "no outcome after %d deliveries", s.attempts))
		return
	}
	ctx, cancel := context.WithCancel(s.alive)
	defer cancel()
	slot := new(settlement)
	msg := fromNATS(m.msg, s.binding.Stream+"-"+strconv.FormatUint(m.meta.Sequence.Stream, 10))
	msg.SetContext(context.WithValue(context.WithValue(ctx, settlementKey{}, slot), originKey{}, s.origin(m)))
	s.hand.handOver(m)
	if !s.send(msg) {
		s.giveBack(m)
		return
	}
	start := time.Now()
	var err error
	select {
	case <-msg.Acked():
	case <-msg.Nacked():
		err = slot.error()
	case <-s.alive.Done():
		return // left for AckWait: the handler may still be at work
	}
	cancel()
	s.settle(m, err, time.Since(start))
}

// send hands msg over, or tells that the subscription is stopping.
func (s *subscription) send(msg *message.Message) bool {
	s.senders.RLock()
	defer s.senders.RUnlock()
	if s.stopping.Err() != nil {
		return false
	}
	select {
	case s.out <- msg:
		return true
	case <-s.stopping.Done():
		return false
	}
}

func (s *subscription) origin(m *held) Origin {
	return Origin{
		Stream: s.binding.Stream, Consumer: s.binding.Consumer, Subject: m.msg.Subject(),
		Sequence: m.meta.Sequence.Stream, Stored: m.meta.Timestamp.UTC(),
		Attempt: int(m.meta.NumDelivered), Attempts: int(s.attempts),
	}
}
