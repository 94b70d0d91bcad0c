package events

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Reason says why a step did not succeed. The list is closed: it is the only
// error label on metrics, and what the console translates for people.
type Reason string

// The reasons. Those a resend may cure are transient by nature
// (Reason.Transient); the others end the delivery or the event.
const (
	ReasonNone            Reason = ""
	ReasonInvalidEvent    Reason = "invalid_event"    // the body is not valid against its schema
	ReasonInvalidContent  Reason = "invalid_content"  // the source's content cannot be used
	ReasonInvalidConfig   Reason = "invalid_config"   // the configuration cannot be used
	ReasonUnauthorized    Reason = "unauthorized"     // the provider refuses our credentials
	ReasonForbidden       Reason = "forbidden"        // refused by policy: SSRF guard, robots.txt, role
	ReasonNotFound        Reason = "not_found"        // the thing addressed does not exist
	ReasonTooLarge        Reason = "too_large"        // above a size limit
	ReasonRejected        Reason = "rejected"         // the provider refuses the content
	ReasonBadRecipient    Reason = "bad_recipient"    // this recipient can never be reached
	ReasonOptedOut        Reason = "opted_out"        // this recipient said stop
	ReasonNoConsent       Reason = "no_consent"       // no consent covers this purpose
	ReasonExpired         Reason = "expired"          // too late to be of use
	ReasonSuperseded      Reason = "superseded"       // a newer revision replaced it
	ReasonUnsupported     Reason = "unsupported"      // the channel cannot do this
	ReasonRateLimited     Reason = "rate_limited"     // the provider or host asks to slow down
	ReasonTimeout         Reason = "timeout"          // no answer in time
	ReasonUnavailable     Reason = "unavailable"      // the other side answers that it cannot
	ReasonConnection      Reason = "connection"       // no connection: DNS, TCP or reset
	ReasonTLS             Reason = "tls"              // certificate or handshake
	ReasonAmbiguous       Reason = "ambiguous"        // it may or may not have been accepted
	ReasonRetriesExceeded Reason = "retries_exceeded" // transient errors for too long
	ReasonInternal        Reason = "internal"         // a defect of ours
)

// Reasons returns the closed list, in a stable order, without ReasonNone.
func Reasons() []Reason {
	return []Reason{
		ReasonInvalidEvent, ReasonInvalidContent, ReasonInvalidConfig, ReasonUnauthorized,
		ReasonForbidden, ReasonNotFound, ReasonTooLarge, ReasonRejected, ReasonBadRecipient,
		ReasonOptedOut, ReasonNoConsent, ReasonExpired, ReasonSuperseded, ReasonUnsupported,
		ReasonRateLimited, ReasonTimeout, ReasonUnavailable, ReasonConnection, ReasonTLS,
		ReasonAmbiguous, ReasonRetriesExceeded, ReasonInternal,
	}
}

// OutcomeKind is one of the three ends of a step.
type OutcomeKind uint8

// The three outcomes.
const (
	Done OutcomeKind = iota
	PermanentFailure
	TransientFailure
)

// String returns done, permanent or transient.
func (k OutcomeKind) String() string {
	switch k {
	case Done:
		return "done"
	case PermanentFailure:
		return "permanent"
	default:
		return "transient"
	}
}

// Outcome is what became of a step.
type Outcome struct {
	Kind       OutcomeKind
	Reason     Reason        // ReasonNone when done
	RetryAfter time.Duration // what the other side asked for; 0 when it said nothing
}

// failure is an error that carries its outcome.
type failure struct {
	outcome Outcome
	err     error
}

func (f *failure) Error() string {
	if f.err == nil {
		return string(f.outcome.Reason)
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// Permanent marks err as one that no retry cures. err may be nil: the reason
// is then the whole text.
func Permanent(reason Reason, err error) error {
	return &failure{outcome: Outcome{Kind: PermanentFailure, Reason: reason}, err: err}
}

// Permanentf is Permanent with a formatted error; %w wraps.
func Permanentf(reason Reason, format string, args ...any) error {
	return Permanent(reason, fmt.Errorf(format, args...))
}

// Transient marks err as one that a later try may cure; retryAfter is what
// the other side asked for, 0 when it said nothing.
func Transient(reason Reason, err error, retryAfter time.Duration) error {
	return &failure{outcome: Outcome{Kind: TransientFailure, Reason: reason, RetryAfter: retryAfter}, err: err}
}

// OutcomeOf reads the outcome of a step from its error. nil is done; an error
// that nobody marked is transient: losing is worse than trying again.
func OutcomeOf(err error) Outcome {
	if err == nil {
		return Outcome{}
	}
	var f *failure
	if errors.As(err, &f) {
		return f.outcome
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Outcome{Kind: TransientFailure, Reason: ReasonTimeout}
	}
	return Outcome{Kind: TransientFailure, Reason: ReasonInternal}
}
