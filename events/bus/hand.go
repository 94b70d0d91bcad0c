package bus

import (
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// held is a message received and not settled.
type held struct {
	msg      jetstream.Msg
	meta     *jetstream.MsgMetadata
	since    time.Time // received, then handed over
	handling bool
}

// hand holds the messages of one subscription, by their sequence in the
// stream, and keeps them alive.
type hand struct {
	limit int

	mu   sync.Mutex
	held map[uint64]*held
	room chan struct{} // signalled, without blocking, when something leaves
}

func newHand(limit int) *hand {
	return &hand{limit: limit, held: make(map[uint64]*held, limit), room: make(chan struct{}, 1)}
}

// wait returns how many messages may be fetched, once at least atLeast may.
// It returns 0 when ctx is done.
func (h *hand) wait(ctx context.Context, atLeast int) int {
	for ctx.Err() == nil {
		h.mu.Lock()
		free := h.limit - len(h.held)
		h.mu.Unlock()
		if free >= atLeast {
			return free
		}
		select {
		case <-h.room:
		case <-ctx.Done():
		}
	}
	return 0
}

// add takes m in hand. It is false when the message is in hand already, from
// an earlier delivery that the server gave up too soon.
func (h *hand) add(m *held) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, twice := h.held[m.meta.Sequence.Stream]; twice {
		return false
	}
	h.held[m.meta.Sequence.Stream] = m
	return true
}

func (h *hand) remove(m *held) {
	h.mu.Lock()
	if h.held[m.meta.Sequence.Stream] == m {
		delete(h.held, m.meta.Sequence.Stream)
	}
	h.mu.Unlock()
	select {
	case h.room <- struct{}{}:
	default:
	}
}

// handOver notes that a handler has m from now on.
func (h *hand) handOver(m *held) {
	h.mu.Lock()
	m.handling, m.since = true, time.Now()
	h.mu.Unlock()
}

// beat tells the server of every message that it is being worked on. It gives
// up, and returns, those that a handler has held for longer than maxHold.
func (h *hand) beat(now time.Time, maxHold time.Duration) []*held {
	var alive, tooLong []*held
	h.mu.Lock()
	for seq, m := range h.held {
		if m.handling && now.Sub(m.since) > maxHold {
			tooLong = append(tooLong, m)
			delete(h.held, seq)
			continue
		}
		alive = append(alive, m)
	}
	h.mu.Unlock()
	for _, m := range alive {
		// An error means that the message was settled meanwhile or that the
		// connection is down; the server then decides by AckWait.
		_ = m.msg.InProgress()
	}
	return tooLong
}
