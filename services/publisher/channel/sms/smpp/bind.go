package smpp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Verdict is how sure an Answer is.
type Verdict uint8

// The verdicts.
const (
	Answered Verdict = iota // the SMSC said so: see Status
	Lost                    // it may have accepted
	Unsent                  // it has not seen it
)

// Answer is what became of one message.
type Answer struct {
	Verdict   Verdict
	Status    Status
	MessageID string
}

// Sink takes answers, by the index given to Submit, from any goroutine. It
// must not wait.
type Sink interface{ Answer(i int, a Answer) }

// Handler takes what the SMSC delivers. It must not keep d.Message nor wait;
// done tells the SMSC that it is stored, from any goroutine.
type Handler func(d Delivery, done func(Status))

// BindConfig is one connection's settings.
type BindConfig struct {
	SystemID, Password, SystemType string
	Window                         int           // messages without an answer
	Reserve                        int           // of the window, for urgent messages only
	EnquireLink                    time.Duration // of silence before the SMSC is asked
	ResponseTimeout                time.Duration
}

// bind is one bound connection.
type bind struct {
	cfg     BindConfig
	conn    net.Conn
	handler Handler

	mu      sync.Mutex
	free    *sync.Cond // signalled when a slot is
	out     []byte     // to be written
	spare   []byte
	epoch   uint64 // of out; what is written has an earlier one
	slots   []slot
	vacant  []int32 // indexes of free slots
	round   uint32  // makes sequence numbers differ
	heard   time.Time
	clock   time.Time // of the last tick of watch: near enough for timeouts
	err     error     // set once, when the connection is of no more use
	probing bool
	wake    chan struct{} // tells the writer
	stop    chan struct{} // closed with err
}

// slot is one message without an answer.
type slot struct {
	seq   uint32 // 0: free
	index int
	sink  Sink
	since time.Time
	epoch uint64
}

func newBind(cfg BindConfig, conn net.Conn, handler Handler) *bind {
	b := &bind{
		cfg: cfg, conn: conn, handler: handler, slots: make([]slot, cfg.Window), vacant: make([]int32, cfg.Window),
		wake: make(chan struct{}, 1), stop: make(chan struct{}), heard: time.Now(), clock: time.Now(), epoch: 1,
	}
	b.free = sync.NewCond(&b.mu)
	for i := range b.vacant {
		b.vacant[i] = int32(i)
	}
	return b
}

// greet binds as transceiver, before any other traffic.
func (b *bind) greet(r *reader) error {
	body := appendCString(nil, b.cfg.SystemID)
	body = appendCString(body, b.cfg.Password)
	body = appendCString(body, b.cfg.SystemType)
	body = appendCString(append(body, 0x34, 0, 0), "") // interface_version 3.4
	_ = b.conn.SetDeadline(time.Now().Add(b.cfg.ResponseTimeout))
	if _, err := b.conn.Write(append(appendHeader(nil, bindTransceiver, 0, 1, len(body)), body...)); err != nil {
		return fmt.Errorf("smpp: bind: %w", err)
	}
	for {
		p, err := r.next()
		if err != nil {
			return fmt.Errorf("smpp: bind: %w", err)
		}
		if p.id != bindTransceiver|response && p.id != genericNack {
			continue
		}
		_ = b.conn.SetDeadline(time.Time{})
		if p.status != StatusOK {
			return fmt.Errorf("smpp: bind: %w", p.status)
		}
		return nil
	}
}

// submit hands one message over, waiting for room in the window. An error
// means that it was not, and that sink will not hear of it.
func (b *bind) submit(ctx context.Context, t Template, number string, urgent bool, sink Sink, index int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.room(urgent) {
		unlink := context.AfterFunc(ctx, func() { b.mu.Lock(); b.free.Broadcast(); b.mu.Unlock() })
		defer unlink()
		for b.err == nil && ctx.Err() == nil && !b.room(urgent) {
			b.free.Wait()
		}
	}
	if b.err != nil {
		return b.err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	last := len(b.vacant) - 1
	at := b.vacant[last]
	b.vacant = b.vacant[:last]
	b.round++
	seq := (b.round*uint32(len(b.slots)) + uint32(at)) & 0x7FFFFFFF
	if b.round >= 0x7FFFFFFF/uint32(len(b.slots))-1 {
		b.round = 0
	}
	b.slots[at] = slot{seq: seq, index: index, sink: sink, since: b.clock, epoch: b.epoch}
	b.out = t.append(b.out, seq, number)
	b.flush()
	return nil
}

func (b *bind) room(urgent bool) bool {
	if urgent {
		return len(b.vacant) > 0
	}
	return len(b.vacant) > b.cfg.Reserve
}

// idle is how many more messages the window takes; -1 when the bind ended.
func (b *bind) idle() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return -1
	}
	return len(b.vacant)
}

// flush wakes the writer. It is called with the lock held.
func (b *bind) flush() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// say queues a PDU of ours.
func (b *bind) say(id uint32, status Status, seq uint32, body ...byte) {
	b.mu.Lock()
	b.out = append(appendHeader(b.out, id, status, seq, len(body)), body...)
	b.flush()
	b.mu.Unlock()
}

// write sends what is queued, all at once, until the bind ends.
func (b *bind) write() {
	for {
		select {
		case <-b.stop:
			return
		case <-b.wake:
		}
		b.mu.Lock()
		out := b.out
		b.out, b.spare = b.spare[:0], nil
		b.epoch++
		b.mu.Unlock()
		if len(out) > 0 {
			_ = b.conn.SetWriteDeadline(time.Now().Add(b.cfg.ResponseTimeout))
			if _, err := b.conn.Write(out); err != nil {
				b.end(fmt.Errorf("smpp: write: %w", err))
				return
			}
		}
		b.mu.Lock()
		b.spare = out[:0]
		b.mu.Unlock()
	}
}

// read takes what the SMSC sends, until the bind ends.
func (b *bind) read(r *reader) error {
	for {
		p, err := r.next()
		if err != nil {
			return fmt.Errorf("smpp: read: %w", err)
		}
		switch p.id {
		case submitSM | response:
			b.answer(p)
		case deliverSM:
			b.deliver(p)
		case enquireLink:
			b.say(enquireLink|response, StatusOK, p.seq)
		case enquireLink | response:
			b.alive()
		case unbind:
			b.say(unbind|response, StatusOK, p.seq)
			return errors.New("smpp: the SMSC unbinds")
		case unbind | response:
			return errors.New("smpp: unbound")
		case genericNack:
			if !b.nack(p) {
				return fmt.Errorf("smpp: %w", p.status)
			}
		default:
			if p.id&response == 0 {
				b.say(genericNack, StatusInvalidCmd, p.seq)
			}
		}
	}
}

func (b *bind) alive() {
	b.mu.Lock()
	b.heard, b.probing = time.Now(), false
	b.mu.Unlock()
}

// answer settles one message.
func (b *bind) answer(p pdu) {
	id := ""
	if n := len(p.body); n > 0 {
		if p.body[n-1] == 0 {
			n--
		}
		id = string(p.body[:n])
	}
	b.settle(p.seq, Answer{Verdict: Answered, Status: p.status, MessageID: id})
}

func (b *bind) nack(p pdu) bool {
	return b.settle(p.seq, Answer{Verdict: Answered, Status: p.status})
}

func (b *bind) settle(seq uint32, a Answer) bool {
	b.mu.Lock()
	s := &b.slots[seq%uint32(len(b.slots))]
	if s.seq != seq || seq == 0 {
		b.mu.Unlock()
		return false
	}
	sink, index := s.sink, s.index
	b.vacate(s, int32(seq%uint32(len(b.slots))))
	b.heard, b.probing = b.clock, false
	b.mu.Unlock()
	sink.Answer(index, a)
	return true
}

func (b *bind) vacate(s *slot, at int32) {
	*s = slot{}
	b.vacant = append(b.vacant, at)
	if len(b.vacant) <= b.cfg.Reserve+1 || len(b.vacant) == 1 {
		b.free.Broadcast()
	}
}

func (b *bind) deliver(p pdu) {
	b.alive()
	d, err := parseDelivery(p.body)
	if err != nil {
		b.say(deliverSM|response, StatusSystemError, p.seq, 0)
		return
	}
	seq := p.seq
	b.handler(d, func(s Status) { b.say(deliverSM|response, s, seq, 0) })
}

// watch asks the SMSC for a sign of life after silence, and gives up messages
// whose answer is overdue.
func (b *bind) watch() {
	tick := time.NewTicker(min(b.cfg.EnquireLink, b.cfg.ResponseTimeout) / 4)
	defer tick.Stop()
	for {
		select {
		case <-b.stop:
			return
		case now := <-tick.C:
			if b.overdue(now) {
				b.end(errors.New("smpp: silence where an answer is due"))
				return
			}
			b.mu.Lock()
			silent, probing := now.Sub(b.heard), b.probing
			b.probing = probing || silent > b.cfg.EnquireLink
			b.mu.Unlock()
			switch {
			case probing && silent > b.cfg.EnquireLink+b.cfg.ResponseTimeout:
				b.end(errors.New("smpp: no answer to enquire_link"))
				return
			case silent > b.cfg.EnquireLink && !probing:
				b.say(enquireLink, 0, 0x7FFFFFFF)
			}
		}
	}
}

// overdue answers what waits for too long as lost. It reports whether nothing
// at all came in that time: the connection may be one that the other side forgot,
// and would swallow the next window too.
func (b *bind) overdue(now time.Time) (silent bool) {
	var late []slot
	b.mu.Lock()
	b.clock = now
	for i := range b.slots {
		s := &b.slots[i]
		if s.seq != 0 && now.Sub(s.since) > b.cfg.ResponseTimeout {
			late = append(late, *s)
			b.vacate(s, int32(i))
		}
	}
	silent = len(late) > 0 && now.Sub(b.heard) > b.cfg.ResponseTimeout
	b.mu.Unlock()
	for _, s := range late {
		s.sink.Answer(s.index, Answer{Verdict: Lost})
	}
	return silent
}

// end closes the connection and answers what has no answer: lost when it was
// written, even in part, unsent when not.
func (b *bind) end(err error) {
	b.mu.Lock()
	if b.err != nil {
		b.mu.Unlock()
		return
	}
	b.err = err
	close(b.stop)
	var left []slot
	for i := range b.slots {
		if b.slots[i].seq != 0 {
			left = append(left, b.slots[i])
			b.slots[i] = slot{}
		}
	}
	unwritten := b.epoch
	b.free.Broadcast()
	b.mu.Unlock()
	_ = b.conn.Close() // its state is known
	for _, s := range left {
		verdict := Lost
		if s.epoch == unwritten {
			verdict = Unsent
		}
		s.sink.Answer(s.index, Answer{Verdict: verdict})
	}
}

// run serves the bound connection until it ends or ctx does. Then it unbinds,
// leaving answers under way a moment to come.
func (b *bind) run(ctx context.Context, r *reader) error {
	var work sync.WaitGroup
	work.Go(b.write)
	work.Go(b.watch)
	unlink := context.AfterFunc(ctx, func() {
		b.say(unbind, 0, 0x7FFFFFFE)
		_ = b.conn.SetReadDeadline(time.Now().Add(time.Second))
	})
	defer unlink()
	err := b.read(r)
	b.end(err)
	work.Wait()
	return err
}
