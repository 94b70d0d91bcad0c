package sms

import (
	"context"
	"errors"
	"hash/fnv"
	"strings"
	"sync"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/sms/smpp"
	"github.com/crieur/crieur/services/publisher/gsm"
)

const (
	// bindWait is how long a batch waits for a bind before it goes back to the
	// queue.
	bindWait = 5 * time.Second
	// What is throttled is tried again after a pause, doubled each time.
	throttleTries    = 6
	throttlePause    = 50 * time.Millisecond
	maxThrottlePause = time.Second
)

// DeliverBatch implements channel.Batch.
func (c *Channel) DeliverBatch(ctx context.Context, send channel.Send, done func(int, channel.Result)) {
	now := c.deps.Now()
	fail := func(err error) {
		for i := range send.Contacts {
			done(i, channel.Failed(err, now))
		}
	}
	body, err := channel.BodyOf[Body](send.Delivery.Rendition)
	if err != nil {
		fail(err)
		return
	}
	b := &batch{c: c, send: send, body: body, urgent: send.Delivery.Class == events.ClassAlert, states: make([]message, len(send.Contacts))}
	b.idle.L = &b.mu
	if body.Unsubscribe == "" && len(body.Variants) == 0 {
		if b.common, err = c.templates(send.Delivery, body.Text, b.urgent); err != nil {
			fail(err)
			return
		}
		n := len(b.common)
		parts := make([]part, n*len(b.states))
		for i := range b.states {
			b.states[i].parts = parts[i*n : (i+1)*n : (i+1)*n]
		}
	}
	b.run(ctx, done)
}

// templates are the parts of a text, ready to be addressed. Only the last
// part asks for a receipt: it tells of the whole.
func (c *Channel) templates(d events.Delivery, text string, urgent bool) ([]smpp.Template, error) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(d.ID)) // never fails
	parts, err := gsm.Segments(text, gsm.SegmentOptions{Number: uint16(h.Sum32())})
	if err != nil {
		return nil, events.Permanent(events.ReasonTooLarge, err)
	}
	list := make([]smpp.Template, len(parts))
	for i, p := range parts {
		short := smpp.Short{
			Source: c.source, UDH: len(p.UDH) > 0, Urgent: urgent, Expires: d.Expires,
			Receipt: c.cfg.Receipts && i == len(parts)-1, Payload: p.ShortMessage(),
		}
		if p.Encoding != gsm.GSM7 {
			short.DataCoding = 8
		}
		list[i] = short.Template()
	}
	return list, nil
}

// batch sends to some recipients and gathers the answers. It is a smpp.Sink.
type batch struct {
	c      *Channel
	send   channel.Send
	body   Body
	common []smpp.Template
	urgent bool
	away   error // why no bind came, once one was waited for

	mu     sync.Mutex
	idle   sync.Cond // no answer is awaited
	flying int
	states []message
}

// maxParts is above the parts of any text, whose number is one octet (3GPP TS
// 23.040, 9.2.3.24.1): the pool knows a part as recipient × maxParts + part.
const maxParts = 256

// Answer implements smpp.Sink.
func (b *batch) Answer(at int, a smpp.Answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.states[at/maxParts].answer(at%maxParts, a)
	if b.flying--; b.flying == 0 {
		b.idle.Signal()
	}
}

// run submits everybody, then what was throttled again. A message of which the
// SMSC has some parts is not given back: the rest is tried until ctx ends.
func (b *batch) run(ctx context.Context, done func(int, channel.Result)) {
	pause := throttlePause
	for try := 1; ; try++ {
		b.submitAll(ctx)
		b.wait(ctx)
		again := b.report(done, func(m *message) bool {
			return m.throttled() && ctx.Err() == nil && (try < throttleTries || m.count(accepted) > 0)
		})
		if again == 0 {
			return
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		pause = min(2*pause, maxThrottlePause)
	}
}

func (b *batch) submitAll(ctx context.Context) {
	for i := range b.states {
		m := &b.states[i]
		if m.ended {
			continue
		}
		templates := b.common
		if templates == nil {
			text := b.body.For(b.c.deps.Short(), b.send.Contacts[i])
			own, err := b.c.templates(b.send.Delivery, text, b.urgent)
			if err != nil {
				m.err = err
				continue
			}
			if templates = own; m.parts == nil {
				m.parts = make([]part, len(own))
			}
		}
		number := strings.TrimPrefix(b.send.Contacts[i].Address.Reveal(), "+")
		b.submit(ctx, i, number, templates)
	}
}

func (b *batch) submit(ctx context.Context, i int, number string, templates []smpp.Template) {
	waiting, cancel := ctx, context.CancelFunc(nil)
	if b.c.pool.Bound() == 0 {
		if b.away != nil { // waited for already, for all
			b.states[i].err = b.away
			return
		}
		waiting, cancel = context.WithTimeout(ctx, bindWait)
		defer cancel()
	}
	parts := b.states[i].parts
	for n, t := range templates {
		if parts[n].state == accepted {
			continue
		}
		b.mu.Lock()
		b.flying++
		parts[n].state = awaited
		b.mu.Unlock()
		if err := b.c.pool.Submit(waiting, t, number, b.urgent, b, i*maxParts+n); err != nil {
			b.mu.Lock()
			b.flying--
			parts[n].state = unsent
			b.states[i].err = err
			b.mu.Unlock()
			if errors.Is(err, smpp.ErrNotBound) {
				b.away = err
			}
			return
		}
	}
}

// wait returns once no answer is awaited, or when ctx ends.
func (b *batch) wait(ctx context.Context) {
	unlink := context.AfterFunc(ctx, func() { b.mu.Lock(); b.idle.Signal(); b.mu.Unlock() })
	defer unlink()
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.flying > 0 && ctx.Err() == nil {
		b.idle.Wait()
	}
}

// report ends those who have their result, and counts the others, made ready for
// another try.
func (b *batch) report(done func(int, channel.Result), patient func(*message) bool) (again int) {
	now := b.c.deps.Now()
	b.mu.Lock() // answers may still come to what ctx did not wait for
	defer b.mu.Unlock()
	for i := range b.states {
		m := &b.states[i]
		switch {
		case m.ended:
		case patient(m):
			m.again()
			again++
		default:
			m.ended = true
			done(i, m.result(now, b.c.cfg.CostMicroEUR))
		}
	}
	return again
}
