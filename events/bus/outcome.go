package bus

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"github.com/crieur/crieur/events"
)

// Origin says where a message in a handler's hands comes from and how often
// it was delivered, so that a handler can end things itself on the last
// attempt, or make a token of the sequence.
type Origin struct {
	Stream   string
	Consumer string
	Subject  string
	Sequence uint64    // in the stream
	Stored   time.Time // when the stream stored it, UTC
	Attempt  int       // 1 the first time
	Attempts int       // the last attempt before a dead letter; 0 without limit
}

// Last tells whether a transient error would make this message a dead letter.
func (o Origin) Last() bool { return o.Attempts > 0 && o.Attempt >= o.Attempts }

type (
	originKey     struct{}
	settlementKey struct{}
)

// OriginOf returns the origin of the message whose handler got ctx.
func OriginOf(ctx context.Context) (Origin, bool) {
	o, ok := ctx.Value(originKey{}).(Origin)
	return o, ok
}

// settlement is the slot by which a handler's error reaches the Subscriber.
type settlement struct{ err atomic.Pointer[error] }

func (s *settlement) report(err error) { s.err.Store(&err) }

// errNacked stands for a Nack that came without an error.
var errNacked = errors.New("negative acknowledgement without an error")

func (s *settlement) error() error {
	if err := s.err.Load(); err != nil {
		return *err
	}
	return errNacked
}

// Outcome is the watermill middleware that hands a handler's error to the
// Subscriber. It belongs first in the chain; NewRouter puts it there.
func Outcome(h message.HandlerFunc) message.HandlerFunc {
	return func(m *message.Message) ([]*message.Message, error) {
		slot, ok := m.Context().Value(settlementKey{}).(*settlement)
		produced, err := h(m)
		if err == nil {
			return produced, nil
		}
		err = plainPanic(err)
		if ok {
			slot.report(err)
		}
		return nil, err
	}
}

// plainPanic shortens a recovered panic to what may be logged and stored: its
// value may hold a message's content, its stack is long.
func plainPanic(err error) error {
	var p middleware.RecoveredPanicError
	if !errors.As(err, &p) {
		return err
	}
	text := fmt.Sprintf("handler: panic: %T", p.V)
	var re runtime.Error
	if e, ok := p.V.(error); ok && errors.As(e, &re) {
		text = "handler: panic: " + re.Error()
	}
	return events.Transient(events.ReasonInternal, errors.New(text), 0)
}
