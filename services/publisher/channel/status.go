package channel

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/crieur/crieur/events"
)

// ReasonOfStatus gives the meaning of an HTTP status for a delivery. The three
// outcomes: done below 300; transient for 408, 425, 429 and 5xx; permanent
// otherwise (RFC 9110, 15). A redirect is a wrong address in the settings: none
// is ever followed.
func ReasonOfStatus(status int) events.Outcome {
	switch {
	case status < 300:
		return events.Outcome{}
	case status < 400:
		return events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonInvalidConfig}
	case status == http.StatusUnauthorized:
		return events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonUnauthorized}
	case status == http.StatusForbidden:
		return events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonForbidden}
	case status == http.StatusNotFound, status == http.StatusGone:
		return events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonNotFound}
	case status == http.StatusRequestEntityTooLarge:
		return events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonTooLarge}
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusServiceUnavailable:
		return events.Outcome{Kind: events.TransientFailure, Reason: events.ReasonUnavailable}
	case status == http.StatusTooManyRequests:
		return events.Outcome{Kind: events.TransientFailure, Reason: events.ReasonRateLimited}
	case status >= 500:
		// A gateway's 500, 502 or 504 does not tell whether the request was
		// carried out behind it.
		return events.Outcome{Kind: events.TransientFailure, Reason: events.ReasonAmbiguous}
	}
	return events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonRejected}
}

// RetryAfter reads a Retry-After header: seconds or a date (RFC 9110, 10.2.3).
// Without one that can be read it is Pause.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if n, err := strconv.Atoi(v); err == nil && n >= 0 {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, at.Sub(now))
	}
	return Pause(h, now)
}

// FromNetwork marks an error of a connection. wrote says whether the request
// may have reached the other side: its loss is then ambiguous.
func FromNetwork(err error, wrote bool) error {
	if err == nil {
		return nil
	}
	var op *net.OpError
	dial := errors.As(err, &op) && op.Op == "dial"
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var alert tls.AlertError
	switch {
	case errors.As(err, &certificate): // before anything was said
		return events.Transient(events.ReasonTLS, err, 0)
	case dial || errors.As(err, &dns) || errors.Is(err, syscall.ECONNREFUSED):
		return events.Transient(events.ReasonConnection, err, 0)
	case wrote:
		return events.Transient(events.ReasonAmbiguous, err, 0)
	case errors.As(err, &alert):
		return events.Transient(events.ReasonTLS, err, 0)
	case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		return events.Transient(events.ReasonTimeout, err, 0)
	}
	return events.Transient(events.ReasonConnection, err, 0)
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}
