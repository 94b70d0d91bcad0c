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
	// A throttled message is tried again after a pause, doubled each time.
	throttleTries = 6
	throttlePause = 50 * time.Millisecond
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

// message is one recipient's state: what is worst of its parts counts.
type message struct {
	parts    int // submitted
	left     int // without an answer
	accepted int
	lost     bool
	refused  smpp.Status
	remote   string
	err      error // why nothing was submitted
	ended    bool
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

// Answer implements smpp.Sink.
func (b *batch) Answer(i int, a smpp.Answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := &b.states[i]
	m.left--
	switch {
	case a.Verdict == smpp.Lost:
		m.lost = true
	case a.Verdict == smpp.Unsent:
		m.err = smpp.ErrNotBound
	case a.Status == smpp.StatusOK:
		m.accepted++
		m.remote = a.MessageID
	default:
		m.refused = a.Status
	}
	if b.flying--; b.flying == 0 {
		b.idle.Signal()
	}
}

// run submits everybody, then those who were throttled again.
func (b *batch) run(ctx context.Context, done func(int, channel.Result)) {
	pause := throttlePause
	for try := 1; ; try++ {
		b.submitAll(ctx)
		b.wait()
		again := b.report(done, try == throttleTries || ctx.Err() != nil)
		if again == 0 {
			return
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		pause *= 2
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
			text := b.body.For(b.c.deps.PublicURL, b.send.Contacts[i])
			own, err := b.c.templates(b.send.Delivery, text, b.urgent)
			if err != nil {
				m.err = err
				continue
			}
			templates = own
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
	for _, t := range templates {
		b.mu.Lock()
		b.flying++
		b.states[i].left++
		b.states[i].parts++
		b.mu.Unlock()
		if err := b.c.pool.Submit(waiting, t, number, b.urgent, b, i); err != nil {
			b.mu.Lock()
			b.flying--
			b.states[i].left--
			b.states[i].parts--
			b.states[i].err = err
			b.mu.Unlock()
			if errors.Is(err, smpp.ErrNotBound) {
				b.away = err
			}
			return
		}
	}
}

// wait returns once no answer is awaited. It ends without ctx: the pool gives
// an answer up by itself.
func (b *batch) wait() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.flying > 0 {
		b.idle.Wait()
	}
}

// report ends those who have their result, and counts the throttled others,
// made ready for another try.
func (b *batch) report(done func(int, channel.Result), last bool) (again int) {
	now := b.c.deps.Now()
	for i := range b.states {
		m := &b.states[i]
		if m.ended {
			continue
		}
		if throttled(m) && !last {
			*m = message{}
			again++
			continue
		}
		m.ended = true
		done(i, b.result(m, now))
	}
	return again
}

// throttled tells that nothing of the message was accepted and that the SMSC
// asked for patience.
func throttled(m *message) bool {
	return m.accepted == 0 && !m.lost && m.err == nil && (m.refused == smpp.StatusThrottled || m.refused == smpp.StatusQueueFull)
}

func (b *batch) result(m *message, now time.Time) channel.Result {
	switch {
	case m.accepted > 0 && m.accepted == m.parts && m.err == nil:
		units := len(b.common)
		if units == 0 {
			units = m.parts
		}
		return channel.Result{Remote: m.remote, At: now, Units: units, CostMicroEUR: int64(units) * b.c.cfg.CostMicroEUR}
	case m.lost || m.accepted > 0:
		return channel.Failed(events.Transient(events.ReasonAmbiguous, nil, 0), now)
	case m.refused != smpp.StatusOK:
		return channel.Failed(refusal(m.refused), now)
	case errors.Is(m.err, smpp.ErrNotBound):
		return channel.Failed(notBound(m.err), now)
	case m.err != nil && events.OutcomeOf(m.err).Kind == events.PermanentFailure:
		return channel.Failed(m.err, now)
	}
	return channel.Failed(events.Transient(events.ReasonConnection, m.err, 0), now)
}

// notBound tells a refused bind, which no retry cures before somebody changes
// the password, from a connection that comes back. Both wait in the queue:
// the message is not at fault.
func notBound(err error) error {
	var s smpp.Status
	if errors.As(err, &s) && (s == smpp.StatusBindFailed || s == smpp.StatusPassword || s == smpp.StatusSystemID) {
		return events.Transient(events.ReasonUnauthorized, err, time.Minute)
	}
	return events.Transient(events.ReasonConnection, err, 0)
}

// refusal is the meaning of a submit_sm_resp's status (SMPP 3.4, 5.1.3).
func refusal(s smpp.Status) error {
	switch s {
	case smpp.StatusThrottled, smpp.StatusQueueFull:
		return events.Transient(events.ReasonRateLimited, s, time.Second)
	case smpp.StatusSystemError, smpp.StatusSubmitFailed, smpp.StatusBindState:
		return events.Transient(events.ReasonUnavailable, s, 0)
	case smpp.StatusDestination:
		return events.Permanent(events.ReasonBadRecipient, s)
	case smpp.StatusSource:
		return events.Permanent(events.ReasonInvalidConfig, s)
	}
	if s >= 0x400 && s <= 0x4FF { // the provider's own
		return events.Transient(events.ReasonUnavailable, s, 0)
	}
	return events.Permanent(events.ReasonRejected, s)
}
