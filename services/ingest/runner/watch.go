package runner

import (
	"context"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/source"
)

// watchAgain is how long after a line broke it is opened again, at least.
const watchAgain = 30 * time.Second

// watch starts the Watch of a source that has one, with its first turn here: each
// sign of a change hurries its next turn.
func (r *Runner) watch(ctx context.Context, t *task) {
	w, ok := t.src.(source.Watcher)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if t.watch != nil || t.removed {
		return
	}
	ctx, t.watch = context.WithCancel(ctx)
	key := t.spec.Key()
	r.watches.Go(func() {
		for failures := 0; ctx.Err() == nil; failures++ {
			began := r.deps.Clock.Now()
			err := w.Watch(ctx, func() { r.Hurry(key) })
			if ctx.Err() != nil {
				return
			}
			if r.deps.Clock.Now().Sub(began) > time.Hour {
				failures = 0
			}
			r.deps.Log.Info("the line to a source ended", "authority", t.spec.Authority, "source", t.spec.ID, "reason", string(events.OutcomeOf(err).Reason))
			timer := r.deps.Clock.NewTimer(jitter(min(watchAgain<<min(failures, 6), 30*time.Minute)))
			select {
			case <-timer.C():
			case <-ctx.Done():
			}
			timer.Stop()
		}
	})
}

func (r *Runner) unwatch(t *task) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t.stopWatch()
}

// stopWatch needs the runner's lock.
func (t *task) stopWatch() {
	if t.watch != nil {
		t.watch()
		t.watch = nil
	}
}
