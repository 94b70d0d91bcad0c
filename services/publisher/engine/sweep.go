package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// Run reads back what was sent before, then matches receipts and sweeps until
// ctx ends.
func (e *Engine) Run(ctx context.Context) error {
	defer close(e.later.stopped)
	g, ctx := errgroup.WithContext(ctx)
	known := make(chan struct{})
	g.Go(func() error { return e.revisions.watch(ctx, func() { close(known) }) })
	g.Go(func() error {
		if err := e.scan(ctx, false, func(_ stored, en *entry) error { e.later.index(en); return nil }); err != nil {
			return err
		}
		select {
		case <-known:
			close(e.ready)
		case <-ctx.Done():
			return nil
		}
		g.Go(func() error { return e.later.run(ctx) })
		return e.sweepLoop(ctx)
	})
	return g.Wait()
}

func (e *Engine) sweepLoop(ctx context.Context) error {
	tick := time.NewTicker(e.cfg.SweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := e.Sweep(ctx); err != nil && ctx.Err() == nil {
				e.deps.Logger.Error("publisher: sweep", "err", err)
			}
		}
	}
}

// Sweep ends intents that nobody works on any more, as after a delivery became
// a dead letter, and asks providers about unknown ones.
func (e *Engine) Sweep(ctx context.Context) error {
	old := e.now().Add(-e.cfg.StuckAfter)
	return e.scan(ctx, true, func(at stored, en *entry) error {
		switch {
		case en.state == stateIntent && at.created.Before(old):
			return e.unstick(ctx, en, at.revision)
		case en.state == stateDone:
			return e.reconcile(ctx, en, at.revision)
		}
		return nil
	})
}

// unstick ends an intent's pending recipients as unknown. The entry is done
// only once its receipts are stored, so that a crash in between repeats them.
func (e *Engine) unstick(ctx context.Context, en *entry, revision uint64) error {
	j := &job{delivery: en.delivery, entry: en, revision: revision}
	en.share.Told = en.share.Of > 0
	if len(j.pending()) > 0 {
		en.attempt++
		j.endPending(events.StatusUnknown, events.ReasonAmbiguous, e.now())
		revision, err := e.ledger.put(ctx, en, j.revision)
		if errors.Is(err, errExists) {
			return nil // somebody works on it after all
		} else if err != nil {
			return err
		}
		j.revision = revision
		e.metrics.stuck.Inc()
	}
	if err := e.publishReceipts(ctx, j, 1); err != nil {
		return err
	}
	if en.share.Of > 0 {
		if err := e.tellOthers(ctx, en); err != nil {
			return err
		}
	}
	en.state = stateDone
	if _, err := e.ledger.put(ctx, en, j.revision); err != nil && !errors.Is(err, errExists) {
		return err
	}
	return nil
}

// tellOthers publishes what is known of the other parts of a stuck one's
// delivery: nobody will carry it out to its end, and make one receipt of all.
func (e *Engine) tellOthers(ctx context.Context, stuck *entry) error {
	found, err := e.ledger.all(ctx, stuck.delivery.ID)
	if err != nil {
		return err
	}
	for _, h := range found {
		if h.entry.state != stateDone || h.entry.share.Told {
			continue
		}
		if err := e.tellPart(ctx, &job{delivery: h.entry.delivery, entry: h.entry, revision: h.revision}); err != nil {
			return err
		}
	}
	return nil
}

// reconcile finds out what became of an unknown endpoint: what may be done
// twice is done again, and a channel that can tell is asked about the rest.
// Batches keep no text in the ledger and are left as unknown.
func (e *Engine) reconcile(ctx context.Context, en *entry, revision uint64) error {
	if en.delivery.Endpoint == "" || len(en.records) != 1 || en.records[0].status != events.StatusUnknown {
		return nil
	}
	made, err := e.deps.Channels.Channel(en.delivery.Authority, en.delivery.Channel)
	if err != nil || made.Paused {
		return nil //nolint:nilerr // a channel that is gone cannot be asked
	}
	endpoint, ok := made.Channel.(channel.Endpoint)
	if !ok {
		return nil
	}
	r, err := e.settle(ctx, en.delivery, endpoint)
	if err != nil {
		if events.OutcomeOf(err).Kind == events.TransientFailure {
			return nil // asked again at the next sweep
		}
		r = channel.Failed(err, e.now())
	}
	en.attempt++
	j := &job{delivery: en.delivery, entry: en, revision: revision}
	j.apply(0, r, e.now())
	// The receipt first: its ID is the same when a crash repeats this.
	if err := e.publishReceipts(ctx, j, en.attempt); err != nil {
		return err
	}
	if _, err := e.ledger.put(ctx, en, revision); err != nil && !errors.Is(err, errExists) {
		return fmt.Errorf("reconcile: %w", err)
	}
	e.later.index(en)
	return nil
}

// errCannotTell leaves a recipient unknown.
var errCannotTell = events.Transient(events.ReasonAmbiguous, errors.New("nobody can tell"), 0)

// settle is one delivery's true result. Its transient errors leave it unknown.
func (e *Engine) settle(ctx context.Context, d events.Delivery, c channel.Endpoint) (channel.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, e.cfg.SendTimeout)
	defer cancel()
	defer e.posts.lock(d.Publication + "/" + d.Channel + "/" + d.Endpoint)()
	p, err := e.earlier(ctx, d, c)
	if err != nil {
		return channel.Result{}, err
	}
	asker, ok := c.(channel.Reconciler)
	switch {
	case repeats(c, p) && (e.superseded(d) || d.Action != events.ActionWithdraw && !e.now().Before(d.Expires)):
		return channel.Result{}, errCannotTell // too late to do it again
	case repeats(c, p):
		r, err := act(ctx, c, p)
		return r, channel.Repeatable(err)
	case ok:
		return asker.Reconcile(ctx, p)
	}
	return channel.Result{}, errCannotTell
}

// stored is where the ledger keeps an entry.
type stored struct {
	revision uint64
	created  time.Time
}

// scan calls f for every entry of the ledger. unfinished leaves out those that
// are done and have no unknown endpoint.
func (e *Engine) scan(ctx context.Context, unfinished bool, f func(stored, *entry) error) error {
	w, err := e.deps.Ledger.Watch(ctx, deliveryKeys+">", jetstream.IgnoreDeletes())
	if err != nil {
		return fmt.Errorf("ledger: scan: %w", err)
	}
	defer func() { _ = w.Stop() }() // all was read
	for {
		select {
		case <-ctx.Done():
			return nil
		case kve, open := <-w.Updates():
			if !open {
				if ctx.Err() != nil { // which ends the watch too
					return nil
				}
				return errors.New("ledger: scan: the watch ended")
			}
			if kve == nil {
				return nil
			}
			en, err := decodeEntry(kve.Value())
			if err != nil {
				e.deps.Logger.Error("publisher: ledger entry cannot be read", "key", kve.Key(), "err", err)
				continue
			}
			if unfinished && en.state == stateDone && en.delivery.Endpoint == "" {
				continue
			}
			if err := f(stored{kve.Revision(), kve.Created()}, en); err != nil {
				return err
			}
		}
	}
}
