package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
)

// outgoing is a message of one call and what became of it.
type outgoing struct {
	ctx    context.Context
	msg    *nats.Msg
	future jetstream.PubAckFuture // set while it holds a slot
	err    error
}

func (o *outgoing) id() string { return o.msg.Header.Get(jetstream.MsgIDHeader) }

// send publishes and waits; what a lost connection left unacknowledged is sent
// again, which the message's ID makes harmless.
func (p *Publisher) send(out []outgoing) error {
	if err := p.enter(); err != nil {
		return err
	}
	defer p.calls.Done()
	deadline := time.Now().Add(p.cfg.AckTimeout)
	p.round(out, func(*outgoing) bool { return true })
	for anyRetryable(out) && time.Now().Before(deadline) && p.pause() {
		p.round(out, retryable)
	}
	return p.result(out)
}

// round sends the chosen messages and waits for all of them.
func (p *Publisher) round(out []outgoing, chosen func(*outgoing) bool) {
	oldest := 0
	for i := range out {
		o := &out[i]
		if !chosen(o) {
			continue
		}
		if o.err = p.check(o); o.err != nil {
			continue
		}
		if o.err = p.acquire(out[:i], &oldest, o.ctx); o.err != nil {
			continue
		}
		o.future, o.err = p.js.PublishMsgAsync(o.msg)
		if o.err != nil {
			o.future = nil
			<-p.slots
		}
	}
	for ; oldest < len(out); oldest++ {
		p.await(&out[oldest])
	}
}

// acquire takes a slot. When none is free it waits for the call's own oldest
// message first, so that concurrent calls never wait for each other in a
// circle.
func (p *Publisher) acquire(sent []outgoing, oldest *int, ctx context.Context) error {
	for {
		select {
		case p.slots <- struct{}{}:
			return nil
		default:
		}
		if *oldest == len(sent) {
			break
		}
		p.await(&sent[*oldest])
		*oldest++
	}
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// await waits for one acknowledgement, if there is one to wait for.
func (p *Publisher) await(o *outgoing) {
	if o.future == nil {
		return
	}
	select {
	case <-o.future.Ok():
	case o.err = <-o.future.Err():
	case <-o.ctx.Done():
		o.err = o.ctx.Err()
	}
	o.future = nil
	<-p.slots
}

// check refuses what can never be stored, or could never be dead-lettered.
func (p *Publisher) check(o *outgoing) error {
	if err := o.ctx.Err(); err != nil {
		return err
	}
	limit := p.nc.MaxPayload() - deadLetterRoomBytes
	if size := int64(o.msg.Size()); limit > 0 && size > limit {
		return events.Permanentf(events.ReasonTooLarge, "%d bytes with headers, at most %d", size, limit)
	}
	return nil
}

// pause separates two rounds; it is false once the Publisher closes.
func (p *Publisher) pause() bool {
	timer := time.NewTimer(retryPause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.closing:
		return false
	}
}

func anyRetryable(out []outgoing) bool {
	for i := range out {
		if retryable(&out[i]) {
			return true
		}
	}
	return false
}

// retryable tells the errors of a connection or server that is coming back.
// Without an ID a second copy would be stored, so such a message is not sent
// again.
func retryable(o *outgoing) bool {
	if o.err == nil || o.id() == "" || o.ctx.Err() != nil {
		return false
	}
	return errors.Is(o.err, nats.ErrDisconnected) || errors.Is(o.err, nats.ErrNoResponders) ||
		errors.Is(o.err, jetstream.ErrNoStreamResponse) || errors.Is(o.err, nats.ErrReconnectBufExceeded)
}

// result sums up the call.
func (p *Publisher) result(out []outgoing) error {
	var failed []Failure
	for i := range out {
		o := &out[i]
		if o.err == nil {
			continue
		}
		err := classify(o.err)
		p.cfg.Metrics.publishFailed(events.OutcomeOf(err).Reason)
		failed = append(failed, Failure{Index: i, ID: o.id(), Subject: o.msg.Subject, Err: err})
	}
	p.cfg.Metrics.published(len(out) - len(failed))
	if failed == nil {
		return nil
	}
	return &PublishError{Total: len(out), Failed: failed}
}

// classify gives a transport error its outcome.
func classify(err error) error {
	var api *jetstream.APIError
	switch {
	case events.OutcomeOf(err).Kind == events.PermanentFailure:
		return err
	case errors.Is(err, nats.ErrMaxPayload):
		return events.Permanent(events.ReasonTooLarge, err)
	case errors.Is(err, nats.ErrBadSubject):
		return events.Permanent(events.ReasonInvalidEvent, err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, jetstream.ErrAsyncPublishTimeout):
		return events.Transient(events.ReasonTimeout, err, 0)
	case errors.Is(err, jetstream.ErrNoStreamResponse):
		return events.Transient(events.ReasonUnavailable, fmt.Errorf("no stream takes this subject: %w", err), 0)
	case errors.As(err, &api):
		return events.Transient(events.ReasonUnavailable, err, 0)
	default:
		return events.Transient(events.ReasonConnection, err, 0)
	}
}
