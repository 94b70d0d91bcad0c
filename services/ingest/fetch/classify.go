package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/crieur/crieur/events"
)

// named puts the redacted address on an error, and makes any error an [*Error].
func named(err error, raw string) error {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Reason: events.ReasonConnection, Detail: "connection failed", err: err}
	}
	e.Source = Redact(raw)
	return e
}

// classify reads the transport's error. Text of the cause is used only where it
// cannot hold an address with a secret.
func classify(ctx context.Context, err error, host string) error {
	var own *Error
	var dns *net.DNSError
	switch {
	case errors.As(err, &own):
		return &Error{Reason: own.Reason, Detail: own.Detail, err: err}
	case errors.Is(ctx.Err(), context.Canceled):
		return &Error{Reason: events.ReasonConnection, Detail: "canceled", err: context.Canceled}
	case isTimeout(err):
		return &Error{Reason: events.ReasonTimeout, Detail: host + " did not answer in time", err: err}
	case errors.As(err, &dns):
		return &Error{Reason: events.ReasonConnection, Detail: host + " is not found", err: err}
	}
	if detail := tlsDetail(err, host); detail != "" {
		return &Error{Reason: events.ReasonTLS, Detail: detail, err: err}
	}
	return &Error{Reason: events.ReasonConnection, Detail: connectDetail(err, host), err: err}
}

func connectDetail(err error, host string) string {
	var errno syscall.Errno
	switch {
	case errors.As(err, &errno):
		return fmt.Sprintf("%s: %s", host, errno)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return host + " closed the connection"
	}
	return host + " does not speak HTTP as expected"
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

func isNetwork(err error) bool {
	var op *net.OpError
	return errors.Is(err, errTooLarge) || errors.Is(err, context.Canceled) || isTimeout(err) || errors.As(err, &op)
}

// tlsDetail names what is wrong with a certificate, "" when TLS is not the cause.
func tlsDetail(err error, host string) string {
	var (
		invalid   x509.CertificateInvalidError
		hostname  x509.HostnameError
		authority x509.UnknownAuthorityError
		record    tls.RecordHeaderError
		alert     tls.AlertError
		verify    *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		if time.Now().Before(invalid.Cert.NotBefore) {
			return fmt.Sprintf("certificate of %s is not valid before %s", host, invalid.Cert.NotBefore.UTC().Format(time.DateOnly))
		}
		return fmt.Sprintf("certificate of %s expired on %s", host, invalid.Cert.NotAfter.UTC().Format(time.DateOnly))
	case errors.As(err, &hostname):
		return fmt.Sprintf("certificate of %s is for %s", host, strings.Join(certNames(hostname.Certificate), ", "))
	case errors.As(err, &authority):
		return fmt.Sprintf("certificate of %s is signed by an unknown authority", host)
	case errors.As(err, &verify), errors.As(err, &invalid):
		return fmt.Sprintf("certificate of %s is not valid", host)
	case errors.As(err, &record):
		return host + " does not speak TLS on this port"
	case errors.As(err, &alert):
		return fmt.Sprintf("TLS handshake with %s: %s", host, alert)
	case strings.Contains(err.Error(), "tls: "):
		return "TLS handshake with " + host
	}
	return ""
}

func certNames(cert *x509.Certificate) []string {
	names := append([]string(nil), cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		names = append(names, "another name")
	}
	return names[:min(len(names), 3)]
}

func bodyError(ctx context.Context, err error, limit int64) error {
	var own *Error
	switch {
	case errors.Is(err, errTooLarge):
		return &Error{Reason: events.ReasonTooLarge, Detail: fmt.Sprintf("body over the limit of %d bytes", limit), err: err}
	case errors.Is(ctx.Err(), context.Canceled):
		return &Error{Reason: events.ReasonConnection, Detail: "canceled", err: context.Canceled}
	case isTimeout(err):
		return &Error{Reason: events.ReasonTimeout, Detail: "body did not end in time", err: err}
	case errors.As(err, &own):
		return own
	}
	return &Error{Reason: events.ReasonConnection, Detail: "body was cut before its end", err: err}
}

func statusError(res *http.Response, now time.Time) error {
	e := &Error{
		Status:     res.StatusCode,
		RetryAfter: RetryAfter(res.Header.Get("Retry-After"), now),
		Detail:     strings.TrimSpace(fmt.Sprintf("answered %d %s", res.StatusCode, http.StatusText(res.StatusCode))),
	}
	switch code := res.StatusCode; {
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusProxyAuthRequired:
		e.Reason = events.ReasonUnauthorized
	case code == http.StatusNotFound, code == http.StatusGone:
		e.Reason = events.ReasonNotFound
	case code == http.StatusTooManyRequests:
		e.Reason = events.ReasonRateLimited
	case code >= 500:
		e.Reason = events.ReasonUnavailable
	default:
		e.Reason = events.ReasonRejected
	}
	return e
}
