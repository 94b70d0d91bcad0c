package runner

import (
	"math/rand/v2"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/source"
)

const (
	firstRetry = time.Minute
	longest    = 6 * time.Hour
	// shortAlert bounds the wait after errors of sources asked often.
	shortAlert = 15 * time.Minute
)

// adapt gives the next interval: half after a change, a quarter more without, so
// that a source that changes daily is asked some times an hour at most.
func adapt(current time.Duration, changed bool, in source.Interval) time.Duration {
	if current <= 0 {
		current = in.Usual
	}
	if changed {
		current /= 2
	} else {
		current += current / 4
	}
	return min(max(current, in.Least), in.Most)
}

// backOff gives the wait after the n-th error in a row, n ≥ 1: a minute, doubled,
// up to six hours, or a quarter of an hour for sources asked every few minutes;
// never less than what the server asked. What only the operator can mend waits
// longest: an alert source may be mended at any time.
func backOff(n int, interval time.Duration, err error) time.Duration {
	outcome := events.OutcomeOf(err)
	wait := longest
	if interval <= shortAlert/3 {
		wait = shortAlert
	}
	if outcome.Kind != events.PermanentFailure {
		wait = min(firstRetry<<min(n-1, 16), wait)
	}
	return max(wait, outcome.RetryAfter)
}

// jitter spreads d by a tenth either way.
func jitter(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return d - d/10 + rand.N(d/5+1)
}

// later adds up to a fifth: what a server asked is a minimum.
func later(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return d + rand.N(d/5+1)
}
