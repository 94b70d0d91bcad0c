package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
)

// rates limits each channel as its registry entry says, in messages or parts
// a second. What a provider itself asks for is kept for the whole channel.
type rates struct {
	mu      sync.Mutex
	limiter map[laneKey]*rate.Limiter
	pause   map[laneKey]time.Time
}

func (r *rates) of(key laneKey, perSecond float64, burst int) *rate.Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.limiter[key]
	if l == nil {
		l = rate.NewLimiter(rate.Limit(perSecond), burst)
		r.limiter[key] = l
	} else if l.Limit() != rate.Limit(perSecond) {
		l.SetLimit(rate.Limit(perSecond))
	}
	if l.Burst() < burst {
		l.SetBurst(burst)
	}
	return l
}

// take waits until a lane may send what costs so much. The lane's burst grows
// to the largest cost, so that every part is counted.
func (r *rates) take(ctx context.Context, key laneKey, perSecond float64, burst, cost int) error {
	return r.of(key, perSecond, max(burst, cost)).WaitN(ctx, cost)
}

// cost is what sending to recipients counts for, in the channel's RateUnit.
func (m Made) cost(recipients, units int) int {
	if m.RateUnit == registry.RateParts {
		return recipients * max(units, 1)
	}
	return recipients
}

// hold keeps a lane silent until a time that its provider asked for.
func (r *rates) hold(key laneKey, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if until.After(r.pause[key]) {
		r.pause[key] = until
	}
}

// Hold keeps a channel silent until its provider allows more, as its headers
// say; an alert waits too, or goes by the fallback.
func (e *Engine) Hold(authority, channel string, until time.Time) {
	for _, alert := range []bool{false, true} {
		e.rates.hold(laneKey{authority, channel, alert}, until)
	}
}

func (r *rates) held(key laneKey, now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pause[key].Sub(now)
}

// maxHoldWait is how long a delivery waits in hand for a provider's pause;
// for longer ones it goes back to the queue.
const maxHoldWait = 2 * time.Second

// rate waits for the channel's turn.
func (e *Engine) rate(ctx context.Context, j *job) error {
	if len(j.try) == 0 {
		return nil
	}
	key := j.lane()
	if wait := e.rates.held(key, e.now()); wait > maxHoldWait {
		return j.putOff(events.ReasonRateLimited, errors.New("the provider asked to wait"), wait)
	} else if wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return events.Transient(events.ReasonTimeout, ctx.Err(), 0)
		}
	}
	if j.by.RatePerSecond <= 0 {
		return nil
	}
	cost := j.by.cost(len(j.try), j.delivery.Rendition.Units)
	if err := e.rates.take(ctx, key, j.by.RatePerSecond, j.by.Window, cost); err != nil {
		return events.Transient(events.ReasonRateLimited, err, 0)
	}
	return nil
}

// lane is the carrier's.
func (j *job) lane() laneKey {
	return laneKey{j.delivery.Authority, j.by.id, j.delivery.Class == events.ClassAlert}
}
