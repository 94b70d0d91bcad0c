package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// intent stores that the job is about to be handed over. Two publishers that
// hold the same delivery meet here: one of them gets errExists. A stop does not
// leave an intent behind of what was not handed over.
func (e *Engine) intent(ctx context.Context, j *job) error {
	if len(j.try) == 0 {
		return nil
	}
	ctx, cancel := settling(ctx)
	defer cancel()
	revision, err := e.ledger.send(j.intent, j.entry.name()).wait(ctx)
	if err != nil {
		return err
	}
	j.revision = revision
	return nil
}

// send hands the job to its carrier. From here on nothing but the outcome
// counts, so that the end of ctx is a result too, and not an error.
func (e *Engine) send(ctx context.Context, j *job) error {
	if len(j.try) == 0 {
		return nil
	}
	j.tried = true
	limited, cancel := context.WithTimeout(ctx, e.cfg.SendTimeout)
	defer cancel()
	start := time.Now()
	var t tried
	if j.delivery.Endpoint != "" {
		r := e.post(limited, j)
		t.add(r, false)
		e.record(j, []answer{{0, r}}, t.refused, e.now())
	} else if batch, ok := j.by.Channel.(channel.Batch); ok {
		t = e.batch(limited, j, batch)
	} else {
		j.endPending(events.StatusFailed, events.ReasonUnsupported, e.now())
	}
	e.metrics.sending.WithLabelValues(j.delivery.Kind).Observe(time.Since(start).Seconds())
	if j.reason == events.ReasonRateLimited && j.retryAfter > 0 {
		e.rates.hold(j.lane(), e.now().Add(j.retryAfter))
	}
	if ctx.Err() == nil { // else it was we who ended it
		e.learn(context.WithoutCancel(ctx), j, t)
	}
	return nil
}

// answer is what became of the i-th record.
type answer struct {
	i int
	r channel.Result
}

// batch hands a batch over. An answer that none came before for SlowAfter is
// a failure of the provider's, whatever it says.
func (e *Engine) batch(ctx context.Context, j *job, batch channel.Batch) tried {
	d := j.delivery
	d.Subscribers = nil
	now := e.now()
	var mu sync.Mutex
	var t tried
	answers, latest := make([]answer, 0, len(j.try)), time.Now()
	batch.DeliverBatch(ctx, channel.Send{Delivery: d, Contacts: j.contacts}, func(k int, r channel.Result) {
		mu.Lock()
		defer mu.Unlock()
		at := time.Now()
		t.add(r, at.Sub(latest) > e.cfg.SlowAfter)
		answers, latest = append(answers, answer{j.try[k], r}), at
	})
	if stopping(ctx) && d.Class == events.ClassAlert {
		answers = e.leave(j, answers)
	}
	e.record(j, answers, t.refused, now)
	return t
}

// add counts a result.
func (t *tried) add(r channel.Result, slow bool) {
	if t.answers == 0 {
		t.refused = true
	}
	t.answers++
	t.refused = t.refused && r.Outcome.Reason == events.ReasonUnauthorized
	switch {
	case isFailure(r):
		t.failures++
		t.reason = r.Outcome.Reason
	case slow:
		t.failures++
		t.reason = events.ReasonTimeout
	}
}

// leave has an alert sent again to those whose answer the stop did not wait for,
// as after a crash, and returns the other answers.
func (e *Engine) leave(j *job, answers []answer) []answer {
	return slices.DeleteFunc(answers, func(a answer) bool {
		if !a.r.Ambiguous() {
			return false
		}
		e.doubt(j, a.i)
		j.postpone(events.ReasonAmbiguous, 0)
		return true
	})
}

// record writes the answers down. Credentials that are refused for all are the
// channel's, and whoever waits for new ones is not lost.
func (e *Engine) record(j *job, answers []answer, refused bool, now time.Time) {
	for _, a := range answers {
		if refused {
			j.postpone(events.ReasonUnauthorized, e.cfg.RefusedWait)
			continue
		}
		j.apply(a.i, a.r, now)
	}
}
