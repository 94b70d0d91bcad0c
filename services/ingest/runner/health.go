package runner

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/ingest/source"
)

const (
	week = 7 * 24 * time.Hour
	// leastStale is the shortest silence that is ever unusual without being told.
	leastStale = 48 * time.Hour
	// staleGaps is how many usual gaps between two changes make a silence unusual.
	staleGaps = 4
	// maxErrorBytes is what a health's error may hold.
	maxErrorBytes = 1000
)

// outcome is what a turn gave.
type outcome struct {
	err       error
	changes   int
	items     int
	unchanged bool
	wait      time.Duration
}

func (r *Runner) loadHealth(ctx context.Context, t *task) {
	h, _, err := r.deps.Health.Get(ctx, t.spec.Authority, t.spec.ID)
	if err != nil {
		if !errors.Is(err, registry.ErrNotFound) {
			r.deps.Log.Warn("health cannot be read", "authority", t.spec.Authority, "source", t.spec.ID, "err", err)
		}
		h = registry.SourceHealth{}
	}
	h.Authority, h.Source = t.spec.Authority, t.spec.ID
	t.health, t.told = h, alarmsOf(h)
}

// noteHealth updates a source's health and writes it when its state changed, or
// from time to time.
func (r *Runner) noteHealth(ctx context.Context, t *task, o outcome) {
	now := r.deps.Clock.Now().UTC()
	told, before := t.told, t.health
	t.health = nextHealth(t.health, o, now, t.spec.StaleAfter)
	h := &t.health
	r.alarm(ctx, t, before)
	if o.changes == 0 && told == t.told && before.LastReason == h.LastReason && o.err == nil && now.Sub(t.reported) < jitter(r.cfg.HealthEvery) {
		return
	}
	if _, err := r.deps.Health.Put(ctx, *h); err != nil {
		r.deps.Log.Warn("health cannot be written", "authority", t.spec.Authority, "source", t.spec.ID, "err", err)
		return
	}
	t.reported = now
}

// nextHealth is pure: the health after an outcome.
func nextHealth(h registry.SourceHealth, o outcome, now time.Time, staleAfter time.Duration) registry.SourceHealth {
	since := now.Sub(h.LastAttempt)
	known := !h.LastAttempt.IsZero()
	h.LastAttempt, h.NextFetch = now, time.Time{}
	if o.wait > 0 { // a pushed source has no next
		h.NextFetch = now.Add(o.wait)
	}
	if o.err != nil {
		h.ErrorStreak++
		h.LastReason = events.OutcomeOf(o.err).Reason
		h.LastError = cutTo(o.err.Error(), maxErrorBytes)
	} else {
		if known && since > 0 {
			weight := 1 - math.Exp(-since.Hours()/week.Hours())
			h.ChangesADay += weight * (float64(o.changes)*24/since.Hours() - h.ChangesADay)
		}
		h.LastSuccess, h.ErrorStreak, h.LastReason, h.LastError = now, 0, events.ReasonNone, ""
		if !o.unchanged {
			h.Items = o.items
		}
		if o.changes > 0 || h.LastChange.IsZero() {
			h.LastChange = now
		}
	}
	h.Stale = !h.LastChange.IsZero() && now.Sub(h.LastChange) > silence(h, staleAfter)
	return h
}

// silence is how long a source may give nothing new before it is stale.
func silence(h registry.SourceHealth, staleAfter time.Duration) time.Duration {
	if staleAfter > 0 {
		return staleAfter
	}
	const year = 365 * 24.0
	hours := year
	if h.ChangesADay > 0 {
		hours = min(staleGaps*24/h.ChangesADay, year)
	}
	return max(time.Duration(hours*float64(time.Hour)), leastStale)
}

// reportUnusable shows the mistake of a source that cannot be made.
func (r *Runner) reportUnusable(ctx context.Context, spec source.Spec, err error) error {
	_, putErr := r.deps.Health.Put(ctx, registry.SourceHealth{
		Authority: spec.Authority, Source: spec.ID, LastAttempt: r.deps.Clock.Now().UTC(), ErrorStreak: 1,
		LastReason: events.OutcomeOf(err).Reason, LastError: cutTo(err.Error(), maxErrorBytes),
	})
	return putErr
}

// cutTo shortens a text to n bytes at a character.
func cutTo(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return cut(s, n)
}
