package engine

import (
	"context"
	"errors"
	"time"

	"github.com/crieur/crieur/events"
)

// carrier is the channel that a job goes out by: its own, or the one that takes
// over while that one's provider fails.
type carrier struct {
	Made
	id string
}

// longHold is the pause asked for by a provider from which on its deliveries go
// by the channel that takes over. An alert waits for none.
const longHold = time.Minute

var errRefused = errors.New("the provider refuses our credentials: they wait to be renewed")

// route chooses the carrier.
func (e *Engine) route(_ context.Context, j *job) error {
	if len(j.try) == 0 {
		return nil
	}
	now := e.now()
	own := channelKey{j.delivery.Authority, j.delivery.Channel}
	hold := e.rates.held(j.lane(), now)
	held := hold > longHold || hold > maxHoldWait && j.delivery.Class == events.ClassAlert
	var state health
	if !held {
		var ok bool
		if state, ok = e.healths.use(own, j.channel.Channel, j.probeWait(), now); ok {
			return nil
		}
	}
	if other, ok := e.fallback(j, now); ok {
		j.by = other
		e.metrics.failovers.WithLabelValues(j.delivery.Kind).Add(float64(len(j.try)))
		return nil
	}
	if state.reason == events.ReasonUnauthorized {
		return j.putOff(events.ReasonUnauthorized, errRefused, min(e.cfg.RefusedWait, state.probe.Sub(now)))
	}
	return nil // nobody takes over: it is tried as ever
}

const (
	// alertProbeWait leaves it to others to try a failing channel. Where there
	// are only alerts, one batch does so soon enough for the channel to be back
	// in the same send, and goes by the fallback when it fails. secondProbeWait
	// spares whoever it failed already.
	alertProbeWait  = time.Minute
	secondProbeWait = 2 * time.Minute
)

func (j *job) probeWait() time.Duration {
	switch {
	case j.delivery.Class == events.ClassAlert:
		return alertProbeWait
	case j.entry.attempt > 1:
		return secondProbeWait
	}
	return 0
}

// fallback is the channel that takes over for a job; false when there is none
// that could now.
func (e *Engine) fallback(j *job, now time.Time) (carrier, bool) {
	id := j.channel.Fallback
	if id == "" || j.delivery.Endpoint != "" {
		return carrier{}, false
	}
	other, err := e.deps.Channels.Channel(j.delivery.Authority, id)
	if err != nil || other.Paused || other.Carries == "" || other.Carries != j.channel.Carries || !takes(other, j.delivery.Class) {
		return carrier{}, false
	}
	if j.delivery.Class != events.ClassAlert && other.QuietHours != nil {
		if _, quiet := other.QuietHours.Until(now, e.location(j.delivery.Authority)); quiet {
			return carrier{}, false
		}
	}
	if _, ok := e.healths.use(channelKey{j.delivery.Authority, id}, other.Channel, 0, now); !ok {
		return carrier{}, false
	}
	return carrier{other.withDefaults(), id}, true
}

// learn notes what a handing over showed of its carrier. Recipients who are
// left over go by the other channel soon, whatever this one asked for.
func (e *Engine) learn(ctx context.Context, j *job, t tried) {
	now := e.now()
	key := channelKey{j.delivery.Authority, j.by.id}
	state, changed := e.healths.note(key, j.by.Channel, t, now)
	if changed {
		e.tellHealth(ctx, key, state)
	}
	if state.since.IsZero() || j.by.id != j.delivery.Channel {
		return
	}
	if _, ok := e.fallback(j, now); ok {
		j.retryAfter = 0
	}
}

// tellHealth makes known that a channel went out of use, or came back.
func (e *Engine) tellHealth(ctx context.Context, key channelKey, state health) {
	if state.since.IsZero() {
		e.deps.Logger.Info("publisher: the provider answers again", "authority", key.authority, "channel", key.channel)
	} else {
		e.deps.Logger.Warn("publisher: the provider fails", "authority", key.authority, "channel", key.channel, "reason", state.reason)
	}
	if e.deps.Health != nil {
		e.deps.Health(ctx, key.authority, key.channel, state.since, state.reason)
	}
}
