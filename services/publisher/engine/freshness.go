package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/crieur/crieur/events"
)

// freshness never lets yesterday's news out: what expired ends as
// failed(expired), what is not due yet waits. A withdrawal has no expiry.
func (e *Engine) freshness(_ context.Context, j *job) error {
	now := e.now()
	if now.Before(j.delivery.CreatedAt) {
		now = j.delivery.CreatedAt // our clock is behind: it was made, so that time is past
	}
	if wait := j.delivery.NotBefore.Sub(now); wait > 0 {
		return events.Transient(events.ReasonUnavailable, fmt.Errorf("delivery %s: not before %s", j.delivery.ID, j.delivery.NotBefore), wait)
	}
	if j.delivery.Action != events.ActionWithdraw && !now.Before(j.delivery.Expires) {
		j.endPending(events.StatusFailed, events.ReasonExpired, now)
		return nil
	}
	if end, quiet := e.quiet(j, now); quiet {
		return events.Transient(events.ReasonUnavailable, fmt.Errorf("delivery %s: the channel is silent until %s", j.delivery.ID, end), end.Sub(now))
	}
	return nil
}

// quiet tells whether the channel's quiet hours hold the job, and until when.
// They never hold an alert, nor what takes a text away.
func (e *Engine) quiet(j *job, now time.Time) (time.Time, bool) {
	d, hours := j.delivery, j.channel.QuietHours
	if hours == nil || d.Class == events.ClassAlert || d.Endpoint != "" && d.Action == events.ActionWithdraw || len(j.try) == 0 {
		return now, false
	}
	return hours.Until(now, e.location(d.Authority))
}

func (e *Engine) location(authority string) *time.Location {
	if e.deps.Location == nil {
		return time.UTC
	}
	return e.deps.Location(authority)
}
