package engine

import (
	"context"
	"fmt"

	"github.com/crieur/crieur/events"
)

// freshness never lets yesterday's news out: what expired ends as
// failed(expired), what is not due yet waits. A withdrawal has no expiry.
func (e *Engine) freshness(_ context.Context, j *job) error {
	now := e.now()
	if wait := j.delivery.NotBefore.Sub(now); wait > 0 {
		return events.Transient(events.ReasonUnavailable, fmt.Errorf("delivery %s: not before %s", j.delivery.ID, j.delivery.NotBefore), wait)
	}
	if j.delivery.Action != events.ActionWithdraw && !now.Before(j.delivery.Expires) {
		j.endPending(events.StatusFailed, events.ReasonExpired, now)
	}
	return nil
}
