package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// post carries one action out on an endpoint.
func (e *Engine) post(ctx context.Context, j *job) channel.Result {
	endpoint, ok := j.channel.Channel.(channel.Endpoint)
	if !ok {
		return channel.Failed(events.Permanent(events.ReasonUnsupported, nil), e.now())
	}
	defer e.posts.lock(j.delivery.Publication + "/" + j.delivery.Channel + "/" + j.delivery.Endpoint)()
	if e.superseded(j.delivery) { // while it waited for the newer one
		return channel.Failed(events.Permanent(events.ReasonSuperseded, nil), e.now())
	}
	p, err := e.earlier(ctx, j.delivery, endpoint)
	if err != nil {
		return channel.Failed(err, e.now())
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
	switch p.Delivery.Action {
	case events.ActionUpdate:
		if u, ok := c.(channel.Updater); ok && (p.Remote != "" || isIdempotent(c)) {
			return u.Update(ctx, p)
		}
	case events.ActionWithdraw:
		w, ok := c.(channel.Withdrawer)
		switch {
		case ok && (p.Remote != "" || isIdempotent(c)):
			return w.Withdraw(ctx, p)
		case ok:
			return channel.Result{Delivered: true}, nil // nothing of it is out
		}
		return channel.Result{}, events.Permanent(events.ReasonUnsupported, errors.New("the channel cannot withdraw"))
	}
	return c.Deliver(ctx, p)
}

// repeats reports whether act may be called again when its answer was lost.
func repeats(c channel.Channel, p channel.Post) bool {
	switch p.Delivery.Action {
	case events.ActionUpdate:
		_, ok := c.(channel.Updater)
		return isIdempotent(c) || ok && p.Remote != ""
	case events.ActionWithdraw:
		return true
	}
	return isIdempotent(c)
}

func isIdempotent(c channel.Channel) bool {
	_, ok := c.(channel.Idempotent)
	return ok
}

// earlier completes a delivery with what the provider called the latest earlier
// revision. A revision whose answer was lost is asked about first, for a
// correction must not leave it standing.
func (e *Engine) earlier(ctx context.Context, d events.Delivery, c channel.Endpoint) (channel.Post, error) {
	p := channel.Post{Delivery: d}
	if d.Action == events.ActionPublish || isIdempotent(c) {
		return p, nil
	}
	known := false
	for rev := d.Revision - 1; rev >= 1 && p.Remote == ""; rev-- {
		found, _, err := e.ledger.get(ctx, events.DeliveryID(d.Publication, rev, d.Channel, d.Endpoint, 0))
		if err != nil {
			return p, err
		}
		if found == nil || len(found.records) != 1 {
			continue
		}
		known = true
		if p.Remote, err = e.remoteOf(ctx, found, c, d.Action); err != nil {
			return p, err
		}
	}
	if _, ok := c.(channel.Withdrawer); ok && !known && d.Action == events.ActionWithdraw {
		return p, events.Permanentf(events.ReasonNotFound, "delivery %s: the ledger has no earlier revision to withdraw", d.ID)
	}
	return p, nil
}

// remoteOf is what the provider calls the post of an earlier revision; empty
// when it has none.
func (e *Engine) remoteOf(ctx context.Context, found *entry, c channel.Endpoint, action events.Action) (string, error) {
	rec := found.records[0]
	if rec.remote != "" {
		return rec.remote, nil
	}
	if rec.status != events.StatusUnknown && (found.state != stateIntent || !rec.pending()) {
		return "", nil // failed, or waiting and superseded now
	}
	asker, ok := c.(channel.Reconciler)
	if !ok {
		if action == events.ActionWithdraw {
			return "", events.Transient(events.ReasonAmbiguous, fmt.Errorf("delivery %s: may be out, and the channel cannot tell", found.delivery.ID), 0)
		}
		return "", nil
	}
	r, err := asker.Reconcile(ctx, channel.Post{Delivery: found.delivery})
	switch {
	case channel.WasNeverPosted(err):
		return "", nil
	case err != nil:
		return "", channel.Repeatable(err)
	}
	return r.Remote, nil
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
