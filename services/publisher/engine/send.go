package engine

import (
	"context"
	"errors"
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
	j.entry.state = stateIntent
	revision, err := e.ledger.put(ctx, j.entry, j.revision)
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

// post carries one action out on an endpoint.
func (e *Engine) post(ctx context.Context, j *job) channel.Result {
	endpoint, ok := j.channel.Channel.(channel.Endpoint)
	if !ok {
		return channel.Failed(events.Permanent(events.ReasonUnsupported, nil), e.now())
	}
	defer e.posts.lock(j.delivery.Publication + "/" + j.delivery.Channel + "/" + j.delivery.Endpoint)()
	p := channel.Post{Delivery: j.delivery}
	if j.delivery.Revision > 1 && j.delivery.Action != events.ActionPublish {
		remote, err := e.remote(ctx, j.delivery)
		if err != nil {
			return channel.Failed(err, e.now())
		}
		p.Remote = remote
	}
	r, err := act(ctx, endpoint, p)
	if err != nil {
		return channel.Failed(err, e.now())
	}
	return r
}

// act chooses the channel's method, and the honest equivalent where it has
// none: a correction is posted anew, a withdrawal fails as unsupported.
func act(ctx context.Context, c channel.Endpoint, p channel.Post) (channel.Result, error) {
	_, idempotent := c.(channel.Idempotent)
	switch p.Delivery.Action {
	case events.ActionUpdate:
		if u, ok := c.(channel.Updater); ok && (p.Remote != "" || idempotent) {
			return u.Update(ctx, p)
		}
	case events.ActionWithdraw:
		w, ok := c.(channel.Withdrawer)
		switch {
		case ok && (p.Remote != "" || idempotent):
			return w.Withdraw(ctx, p)
		case ok:
			return channel.Result{}, nil // nothing of it is out
		}
		return channel.Result{}, events.Permanent(events.ReasonUnsupported, errors.New("the channel cannot withdraw"))
	}
	return c.Deliver(ctx, p)
}

// remote finds what the provider called the latest earlier revision.
func (e *Engine) remote(ctx context.Context, d events.Delivery) (string, error) {
	for rev := d.Revision - 1; rev >= 1; rev-- {
		found, _, err := e.ledger.get(ctx, events.DeliveryID(d.Publication, rev, d.Channel, d.Endpoint, 0))
		if err != nil {
			return "", err
		}
		if found != nil && len(found.records) == 1 && found.records[0].remote != "" {
			return found.records[0].remote, nil
		}
	}
	return "", nil
}

// keyed is a set of locks by name.
type keyed struct {
	mu    sync.Mutex
	locks map[string]*keyLock
}

type keyLock struct {
	sync.Mutex
	users int
}

// lock returns the function that unlocks.
func (k *keyed) lock(name string) func() {
	k.mu.Lock()
	l := k.locks[name]
	if l == nil {
		l = &keyLock{}
		k.locks[name] = l
	}
	l.users++
	k.mu.Unlock()
	l.Lock()
	return func() {
		l.Unlock()
		k.mu.Lock()
		if l.users--; l.users == 0 {
			delete(k.locks, name)
		}
		k.mu.Unlock()
	}
}
