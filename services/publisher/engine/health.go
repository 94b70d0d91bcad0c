package engine

import (
	"sync"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

const (
	// answerWeight is what one answer counts in the share of failures: some
	// sixteen answers are remembered.
	answerWeight = 1.0 / 16
	// failingShare of the latest answers takes a channel out of use, once there
	// are fewestAnswers of them.
	failingShare  = 0.5
	fewestAnswers = 8
	// refusedProbe is when a provider that refused our credentials is asked
	// again although nobody changed them.
	refusedProbe = 15 * time.Minute
)

// healths measures how the providers of channels fare: by the share of their
// answers that are failures of theirs, or come too late.
type healths struct {
	probeEvery time.Duration

	mu sync.Mutex
	of map[channelKey]*health
}

type channelKey struct{ authority, channel string }

// health is what was seen of a channel since its settings were changed.
type health struct {
	by      channel.Channel // made of those settings
	share   float64         // of failures among the latest answers
	answers int             // since it is in use
	since   time.Time       // when it was taken out of use; zero: it is in use
	probe   time.Time       // when one delivery may try it again
	reason  events.Reason   // of the latest failure
}

// tried is what one handing over showed.
type tried struct {
	answers, failures int
	refused           bool          // every answer was that our credentials are wrong
	reason            events.Reason // of the latest failure
}

func (t tried) failed() bool { return t.answers > 0 && t.failures == t.answers }

// use reports whether a channel may be given a delivery: it is in use, or this
// is the one that tries it again, which is due after some more wait. Otherwise
// since and why it is not.
func (h *healths) use(key channelKey, by channel.Channel, wait time.Duration, now time.Time) (state health, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.of[key]
	switch {
	case f == nil || f.by != by || f.since.IsZero():
		return health{}, true
	case now.Before(f.probe.Add(wait)):
		return *f, false
	}
	f.probe = now.Add(h.probeEvery)
	return *f, true
}

// note adds what a handing over showed, and reports whether that took the
// channel out of use or back into it.
func (h *healths) note(key channelKey, by channel.Channel, t tried, now time.Time) (state health, changed bool) {
	if t.answers == 0 {
		return health{}, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.of[key]
	if f == nil || f.by != by {
		was := f != nil && !f.since.IsZero()
		f = &health{by: by}
		h.of[key] = f
		changed = was && !t.failed() // renewed, and well again
	}
	for i := range t.answers {
		f.share *= 1 - answerWeight
		if i < t.failures {
			f.share += answerWeight
		}
	}
	f.answers += t.answers
	if t.reason != events.ReasonNone {
		f.reason = t.reason
	}
	out := !f.since.IsZero()
	switch {
	case t.failed() || !out && f.answers >= fewestAnswers && f.share >= failingShare:
		if !out {
			f.since, changed = now, true
		}
		f.probe = now.Add(h.probeEvery)
		if t.refused {
			f.probe = now.Add(refusedProbe)
		}
	case out:
		*f = health{by: by}
		changed = true
	}
	return *f, changed
}

// isFailure reports whether a result speaks against the provider, and not
// against one recipient, the text, or our pace.
func isFailure(r channel.Result) bool {
	switch r.Outcome.Reason {
	case events.ReasonUnauthorized:
		return true
	case events.ReasonUnavailable, events.ReasonTimeout, events.ReasonConnection, events.ReasonTLS, events.ReasonAmbiguous:
		return r.Outcome.Kind == events.TransientFailure
	}
	return false
}
