package tally

import (
	"slices"
	"time"

	"github.com/crieur/crieur/events"
)

// Line is how a channel fares, as its receipts tell: the failures of the
// channel itself, such as refused credentials, and not those of a recipient.
type Line struct {
	Good     time.Time     `json:"good,omitzero"` // when it last brought something
	Bad      time.Time     `json:"bad,omitzero"`  // when it last failed
	Reason   events.Reason `json:"reason,omitempty"`
	Failures int           `json:"failures,omitempty"` // recipients, since Good
}

// Failing reports whether it has failed since it last brought something.
func (l Line) Failing() bool { return l.Bad.After(l.Good) }

// ofChannel reports whether a reason says something of the channel.
func ofChannel(r events.Reason) bool {
	return slices.Contains([]events.Reason{
		events.ReasonInvalidConfig, events.ReasonUnauthorized, events.ReasonForbidden, events.ReasonNotFound, events.ReasonRateLimited,
		events.ReasonTimeout, events.ReasonUnavailable, events.ReasonConnection, events.ReasonTLS, events.ReasonRetriesExceeded, events.ReasonInternal,
	}, r)
}

// line notes what an outcome of a receipt of that time says of its channel.
func (t *Tally) line(channel string, at time.Time, o outcome) {
	l := t.Lines[channel]
	switch {
	case informs(o.status):
		if at.After(l.Good) {
			l.Good = at
		}
	case o.status == events.StatusFailed && ofChannel(o.reason):
		if !at.Before(l.Bad) {
			l.Bad, l.Reason = at, o.reason
		}
		l.Failures += o.people
	default:
		return
	}
	if !l.Failing() {
		l.Failures = 0
	}
	if t.Lines == nil {
		t.Lines = map[string]Line{}
	}
	t.Lines[channel] = l
}

// Lines are how the channels of an authority fare, all publications together.
func (c *Counter) Lines(authority string) map[string]Line {
	all := c.view.All(authority)
	lines := map[string]Line{}
	for _, t := range all {
		for channel, l := range t.Lines {
			sum := lines[channel]
			if l.Good.After(sum.Good) {
				sum.Good = l.Good
			}
			if l.Bad.After(sum.Bad) {
				sum.Bad, sum.Reason = l.Bad, l.Reason
			}
			lines[channel] = sum
		}
	}
	for channel, sum := range lines {
		if !sum.Failing() {
			sum.Reason = ""
			lines[channel] = sum
			continue
		}
		for _, t := range all {
			if l := t.Lines[channel]; l.Bad.After(sum.Good) {
				sum.Failures += l.Failures
			}
		}
		lines[channel] = sum
	}
	return lines
}
