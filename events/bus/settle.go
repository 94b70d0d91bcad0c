package bus

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
)

// giveBackDelay is ample for an unsubscribe to reach the server.
const giveBackDelay = 250 * time.Millisecond

// settle ends one delivery: acknowledged, delivered again later, or buried.
func (s *subscription) settle(m *held, err error, took time.Duration) {
	outcome := events.OutcomeOf(err)
	s.parent.cfg.Metrics.handled(s.binding.Consumer, outcome, took)
	switch {
	case outcome.Kind == events.Done:
		s.ack(m)
	case outcome.Kind == events.PermanentFailure:
		s.bury(m, err)
	case s.attempts > 0 && m.meta.NumDelivered >= s.attempts:
		s.bury(m, err)
	default:
		s.later(m, outcome.RetryAfter)
	}
}

func (s *subscription) ack(m *held) { s.report(m, m.msg.Ack()) }

// later has the message delivered again after the back-off.
func (s *subscription) later(m *held, retryAfter time.Duration) {
	s.report(m, m.msg.NakWithDelay(s.parent.cfg.Backoff.delay(m.meta.NumDelivered, retryAfter)))
}

// giveBack has the message delivered again soon, here or elsewhere. It waits
// for the puller to end, and the server for the puller's last request to be
// forgotten: delivered to that, the message would be nobody's until AckWait.
func (s *subscription) giveBack(m *held) {
	<-s.pulled
	s.report(m, m.msg.NakWithDelay(giveBackDelay))
}

// bury stores the dead letter, and only then terminates the original.
func (s *subscription) bury(m *held, cause error) {
	letter := NewLetter(s.origin(m), m.msg.Headers(), m.msg.Data(), cause, time.Now())
	if err := s.parent.letters.send([]outgoing{{ctx: context.Background(), msg: letter}}); err != nil {
		s.log.Error("bus: dead letter not stored; the message will be delivered again",
			"sequence", m.meta.Sequence.Stream, "err", err)
		s.later(m, 0)
		return
	}
	reason := letterReason(cause)
	s.parent.cfg.Metrics.deadLettered(s.binding.Consumer, reason)
	s.report(m, m.msg.TermWithReason(string(reason)))
}

// report logs an acknowledgement that could not be sent. The server delivers
// the message again, which handlers bear.
func (s *subscription) report(m *held, err error) {
	if err != nil && !errors.Is(err, jetstream.ErrMsgAlreadyAckd) {
		s.log.Warn("bus: acknowledge", "sequence", m.meta.Sequence.Stream, "err", err)
	}
}

// forAnother tells a dead letter that is replayed for another consumer.
func (s *subscription) forAnother(m *held) bool {
	consumer := m.msg.Headers().Get(HeaderReplayFor)
	return consumer != "" && consumer != s.binding.Consumer
}
