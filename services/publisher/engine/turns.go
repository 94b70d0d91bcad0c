package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/crieur/crieur/events"
)

// turns shares the handlers of a channel kind: no channel and no authority
// holds them all, so that one which hangs leaves some to the others. A delivery
// waits for its turn while its channel goes on, and goes back to the queue when
// it does not.
type turns struct {
	perChannel, perAuthority int

	mu    sync.Mutex
	lanes map[laneKey]*turn // an authority's own has no channel
}

type turn struct {
	taken int
	last  time.Time     // when a part of one ended, or the first began
	freed chan struct{} // signalled, without blocking, while there is room
}

const (
	// stalledAfter without the end of any part, a full channel is taken to hang.
	stalledAfter = 500 * time.Millisecond
	// stalledWait is when a delivery of such a channel comes again.
	stalledWait = 2 * time.Second
)

var errNoTurn = events.Transient(events.ReasonUnavailable, errors.New("the channel has enough in hand and does not go on"), stalledWait)

// keys are a delivery's lanes: its channel's, and its authority's by kind.
func (t *turns) keys(d events.Delivery) [2]laneKey {
	alert := d.Class == events.ClassAlert
	return [2]laneKey{{d.Authority, d.Channel, alert}, {d.Authority + "/" + d.Kind, "", alert}}
}

// take returns the function that ends a turn.
func (t *turns) take(ctx context.Context, d events.Delivery) (func(), error) {
	keys := t.keys(d)
	for {
		freed, since, ok := t.try(keys)
		if ok {
			return func() { t.end(keys) }, nil
		}
		wait := stalledAfter - since
		if wait <= 0 {
			return nil, errNoTurn
		}
		timer := time.NewTimer(wait)
		select {
		case <-freed:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, events.Transient(events.ReasonTimeout, ctx.Err(), 0)
		}
		timer.Stop()
	}
}

// try takes a turn, or tells what to wait for and since when nothing ended.
func (t *turns) try(keys [2]laneKey) (<-chan struct{}, time.Duration, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	most := [...]int{t.perChannel, t.perAuthority}
	var both [len(keys)]*turn
	for i, key := range keys {
		l := t.lanes[key]
		if l == nil {
			l = &turn{freed: make(chan struct{}, 1)}
			t.lanes[key] = l
		}
		if l.taken >= most[i] {
			for _, free := range both[:i] {
				free.signal() // for who can take it
			}
			return l.freed, now.Sub(l.last), false
		}
		both[i] = l
	}
	for i, l := range both {
		if l.taken == 0 {
			l.last = now
		}
		if l.taken++; l.taken < most[i] {
			l.signal() // one signal may stand for several
		}
	}
	return nil, 0, true
}

func (t *turns) end(keys [2]laneKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, key := range keys {
		l := t.lanes[key]
		l.taken, l.last = l.taken-1, time.Now()
		l.signal()
	}
}

// goesOn tells that a part of a delivery has ended: its channel does not hang,
// however long the whole takes.
func (t *turns) goesOn(d events.Delivery) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, key := range t.keys(d) {
		if l := t.lanes[key]; l != nil {
			l.last = time.Now()
		}
	}
}

// signal wakes one that waits.
func (l *turn) signal() {
	select {
	case l.freed <- struct{}{}:
	default:
	}
}
