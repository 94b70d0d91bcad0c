package engine

import (
	"context"
	"sync"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// intent stores that the job is about to be handed over. Two publishers that
// hold the same delivery meet here: one of them gets errExists.
func (e *Engine) intent(ctx context.Context, j *job) error {
	if len(j.try) == 0 {
		return nil
	}
	revision, err := e.ledger.send(j.intent, j.entry.name()).wait(ctx)
	if err != nil {
		return err
	}
	j.revision = revision
	return nil
}

// send hands the job to its channel. From here on nothing but the outcome
// counts, so that the end of ctx is a result too, and not an error.
func (e *Engine) send(ctx context.Context, j *job) error {
	if len(j.try) == 0 {
		return nil
	}
	j.tried = true
	ctx, cancel := context.WithTimeout(ctx, e.cfg.SendTimeout)
	defer cancel()
	start := time.Now()
	if j.delivery.Endpoint != "" {
		j.apply(0, e.post(ctx, j), e.now())
	} else if batch, ok := j.channel.Channel.(channel.Batch); ok {
		e.batch(ctx, j, batch)
	} else {
		j.endPending(events.StatusFailed, events.ReasonUnsupported, e.now())
	}
	e.metrics.sending.WithLabelValues(j.delivery.Kind).Observe(time.Since(start).Seconds())
	if j.reason == events.ReasonRateLimited && j.retryAfter > 0 {
		e.rates.hold(j.lane(), e.now().Add(j.retryAfter))
	}
	return nil
}

func (e *Engine) batch(ctx context.Context, j *job, batch channel.Batch) {
	d := j.delivery
	d.Subscribers = nil
	now := e.now()
	var mu sync.Mutex
	batch.DeliverBatch(ctx, channel.Send{Delivery: d, Contacts: j.contacts}, func(k int, r channel.Result) {
		mu.Lock()
		defer mu.Unlock()
		j.apply(j.try[k], r, now)
	})
}
