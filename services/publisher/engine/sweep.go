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
	g, ctx := errgroup.WithContext(ctx)
	known := make(chan struct{})
	g.Go(func() error { return e.revisions.watch(ctx, func() { close(known) }) })
	g.Go(func() error {
		if err := e.scan(ctx, false, func(_ time.Time, en *entry) error { e.later.index(en); return nil }); err != nil {
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
	return e.scan(ctx, true, func(at time.Time, en *entry) error {
		switch {
		case en.state == stateIntent && at.Before(old):
			return e.unstick(ctx, en)
		case en.state == stateDone:
			return e.reconcile(ctx, en)
		}
		return nil
	})
}

// unstick ends an intent's pending recipients as unknown.
func (e *Engine) unstick(ctx context.Context, en *entry) error {
	j := &job{delivery: en.delivery, entry: en}
	_, revision, err := e.ledger.get(ctx, en.delivery.ID)
	if err != nil {
		return err
	}
	j.revision = revision
	en.attempt++
	j.endPending(events.StatusUnknown, events.ReasonAmbiguous, e.now())
	e.metrics.stuck.Inc()
	en.state = stateDone
	if _, err := e.ledger.put(ctx, en, revision); err != nil {
		if errors.Is(err, errExists) {
			return nil // somebody works on it after all
		}
		return err
	}
	return e.publishReceipts(ctx, j, en.attempt)
}

// reconcile asks a channel that can tell what became of unknown recipients.
// Batches keep no text in the ledger and are left as unknown.
func (e *Engine) reconcile(ctx context.Context, en *entry) error {
	if en.delivery.Endpoint == "" || len(en.records) != 1 || en.records[0].status != events.StatusUnknown {
		return nil
	}
	made, err := e.deps.Channels.Channel(en.delivery.Authority, en.delivery.Channel)
	if err != nil {
		return nil //nolint:nilerr // a channel that is gone cannot be asked
	}
	asker, ok := made.Channel.(channel.Reconciler)
	if !ok {
		return nil
	}
	r, err := asker.Reconcile(ctx, channel.Post{Delivery: en.delivery})
	if err != nil {
		if events.OutcomeOf(err).Kind == events.TransientFailure {
			return nil // asked again at the next sweep
		}
		r = channel.Failed(err, e.now())
	}
	_, revision, err := e.ledger.get(ctx, en.delivery.ID)
	if err != nil {
		return err
	}
	en.attempt++
	j := &job{delivery: en.delivery, entry: en, revision: revision}
	j.apply(0, r, e.now())
	if _, err := e.ledger.put(ctx, en, revision); err != nil {
		return fmt.Errorf("reconcile: %w", err)
	}
	return e.publishReceipts(ctx, j, en.attempt)
}

// scan calls f for every entry of the ledger. unfinished leaves out those that
// are done and have no unknown endpoint.
func (e *Engine) scan(ctx context.Context, unfinished bool, f func(time.Time, *entry) error) error {
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
			if err := f(kve.Created(), en); err != nil {
				return err
			}
		}
	}
}
