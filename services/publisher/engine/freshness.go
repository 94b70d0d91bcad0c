package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/publisher/channel"
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

// quiet tells whether the channel's quiet hours hold the job, or the law does, and
// until when. Nothing holds an alert, nor what takes a text away.
func (e *Engine) quiet(j *job, now time.Time) (time.Time, bool) {
	d := j.delivery
	if d.Class == events.ClassAlert || d.Endpoint != "" && d.Action == events.ActionWithdraw || len(j.try) == 0 {
		return now, false
	}
	loc, end := e.location(d.Authority), now
	if j.channel.QuietHours != nil {
		end, _ = j.channel.QuietHours.Until(now, loc)
	}
	if d.Class == events.ClassPromotional && j.channel.Carries == channel.CarriesSMS {
		end = solicitation(end.In(loc), e.departements(d.Authority))
	}
	return end, end.After(now)
}

// Solicitation by SMS is for the day, from Monday to Saturday, and not for public
// holidays: the charter of the operators (AF2M), which providers that add the STOP
// mention themselves enforce. An authority's quiet hours add to it.
const solicitFrom, solicitTo = 8, 22 // hours on the wall clock

// solicitation is the first moment from t on, on t's wall clock, at which people
// may be solicited.
func solicitation(t time.Time, departements []string) time.Time {
	at := t
	morning := func(days int) time.Time {
		return time.Date(at.Year(), at.Month(), at.Day()+days, solicitFrom, 0, 0, 0, at.Location())
	}
	switch {
	case at.Hour() < solicitFrom:
		at = morning(0)
	case at.Hour() >= solicitTo:
		at = morning(1)
	}
	rests := func(departement string) bool { return territory.Holiday(at, departement) }
	for at.Weekday() == time.Sunday || rests("") || slices.ContainsFunc(departements, rests) {
		at = morning(1)
	}
	return at
}

func (e *Engine) departements(authority string) []string {
	if e.deps.Departements == nil {
		return nil
	}
	return e.deps.Departements(authority)
}

func (e *Engine) location(authority string) *time.Location {
	if e.deps.Location == nil {
		return time.UTC
	}
	return e.deps.Location(authority)
}
