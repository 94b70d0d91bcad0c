package sms

import (
	"errors"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/sms/smpp"
)

// message is one recipient's state.
type message struct {
	parts []part
	err   error // why not all was submitted
	ended bool
}

// part is the state of one part.
type part struct {
	state  partState
	status smpp.Status // of a refusal
	remote string      // of an acceptance
}

type partState uint8

const (
	unsent  partState = iota
	awaited           // submitted, and not answered
	accepted
	refused
	lost
)

// answer notes what the SMSC says of a part.
func (m *message) answer(n int, a smpp.Answer) {
	p := &m.parts[n]
	switch {
	case a.Verdict == smpp.Lost:
		p.state = lost
	case a.Verdict == smpp.Unsent:
		p.state, m.err = unsent, smpp.ErrNotBound
	case a.Status == smpp.StatusOK:
		p.state, p.remote = accepted, a.MessageID
	default:
		p.state, p.status = refused, a.Status
	}
}

func (m *message) count(state partState) int {
	n := 0
	for i := range m.parts {
		if m.parts[i].state == state {
			n++
		}
	}
	return n
}

// throttled tells that the SMSC asked for patience with all that it has not
// accepted.
func (m *message) throttled() bool {
	asked := 0
	for i := range m.parts {
		p := &m.parts[i]
		switch {
		case p.state == accepted:
		case p.state == refused && (p.status == smpp.StatusThrottled || p.status == smpp.StatusQueueFull):
			asked++
		default:
			return false
		}
	}
	return asked > 0 && m.err == nil
}

// again makes what was refused ready for another try.
func (m *message) again() {
	for i := range m.parts {
		if m.parts[i].state == refused {
			m.parts[i] = part{}
		}
	}
}

// result is what became of the whole; costMicroEUR is a part's. Its name is the
// last part's, the one that asks for a receipt.
func (m *message) result(now time.Time, costMicroEUR int64) channel.Result {
	units := len(m.parts)
	switch n := m.count(accepted); {
	case n > 0 && n == units && m.err == nil:
		return channel.Result{Remote: m.parts[units-1].remote, At: now, Units: units, CostMicroEUR: int64(units) * costMicroEUR}
	case n > 0 || m.count(lost) > 0 || m.count(awaited) > 0:
		return channel.Failed(events.Transient(events.ReasonAmbiguous, nil, 0), now)
	}
	for i := range m.parts {
		if m.parts[i].state == refused {
			return channel.Failed(refusal(m.parts[i].status), now)
		}
	}
	switch {
	case errors.Is(m.err, smpp.ErrNotBound):
		return channel.Failed(notBound(m.err), now)
	case m.err != nil && events.OutcomeOf(m.err).Kind == events.PermanentFailure:
		return channel.Failed(m.err, now)
	}
	return channel.Failed(events.Transient(events.ReasonConnection, m.err, 0), now)
}

// notBound tells a refused bind, which no retry cures before somebody changes
// the password, from a connection that comes back. Both wait in the queue:
// the message is not at fault.
func notBound(err error) error {
	var s smpp.Status
	if errors.As(err, &s) && (s == smpp.StatusBindFailed || s == smpp.StatusPassword || s == smpp.StatusSystemID) {
		return events.Transient(events.ReasonUnauthorized, err, time.Minute)
	}
	return events.Transient(events.ReasonConnection, err, 0)
}

// refusal is the meaning of a submit_sm_resp's status (SMPP 3.4, 5.1.3).
func refusal(s smpp.Status) error {
	switch s {
	case smpp.StatusThrottled, smpp.StatusQueueFull:
		return events.Transient(events.ReasonRateLimited, s, time.Second)
	case smpp.StatusSystemError, smpp.StatusSubmitFailed, smpp.StatusBindState:
		return events.Transient(events.ReasonUnavailable, s, 0)
	case smpp.StatusDestination:
		return events.Permanent(events.ReasonBadRecipient, s)
	case smpp.StatusSource:
		return events.Permanent(events.ReasonInvalidConfig, s)
	}
	if s >= 0x400 && s <= 0x4FF { // the provider's own
		return events.Transient(events.ReasonUnavailable, s, 0)
	}
	return events.Permanent(events.ReasonRejected, s)
}
