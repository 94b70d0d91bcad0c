package fetch

import (
	"fmt"
	"net/url"
	"time"

	"github.com/crieur/crieur/events"
)

// An Error is what every failed fetch returns; events.OutcomeOf reads its
// outcome. What the operator must mend (an address that is none, one that the
// guard refuses) is permanent, the rest is transient: sites come back.
type Error struct {
	Reason events.Reason
	// Source is the address asked, without user info and query values.
	Source string
	// Status is the HTTP status, 0 when none was received.
	Status int
	// RetryAfter is the wait the server asked for, 0 when it asked for none.
	RetryAfter time.Duration
	// Detail is a sentence for the console; it holds no secret.
	Detail string
	err    error
}

func (e *Error) Error() string {
	text := e.Detail
	if text == "" {
		text = string(e.Reason)
	}
	if e.Source == "" {
		return text
	}
	return e.Source + ": " + text
}

// Unwrap gives the outcome and, under it, the cause, for errors.Is with context errors.
func (e *Error) Unwrap() error {
	switch e.Reason {
	case events.ReasonInvalidConfig, events.ReasonForbidden:
		return events.Permanent(e.Reason, e.err)
	}
	return events.Transient(e.Reason, e.err, e.RetryAfter)
}

// Redact writes an address as logs and the console may show it: without user
// info, query values and fragment.
func Redact(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "(unreadable address)"
	}
	query := ""
	if u.RawQuery != "" {
		query = "?…"
	}
	return fmt.Sprintf("%s://%s%s%s", u.Scheme, u.Host, u.EscapedPath(), query)
}
