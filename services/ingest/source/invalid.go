package source

import (
	"errors"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/fetch"
)

// An InvalidError is a body that cannot be used. It keeps the body, for the
// people who must find out why; its text never holds any of it.
type InvalidError struct {
	// Source is the address, redacted.
	Source string
	Body   []byte
	Err    error
}

func (e *InvalidError) Error() string {
	if e.Source == "" {
		return e.Err.Error()
	}
	return e.Source + ": " + e.Err.Error()
}

func (e *InvalidError) Unwrap() error { return e.Err }

// Invalid marks an answer that a connector cannot read: transient, for a source
// mends its document some day.
func Invalid(res *fetch.Response, err error) error {
	return events.Transient(events.ReasonInvalidContent,
		&InvalidError{Source: fetch.Redact(res.FinalURL), Body: res.Body, Err: err}, 0)
}

// BodyOf returns the body an error keeps, nil when it keeps none.
func BodyOf(err error) []byte {
	var invalid *InvalidError
	if errors.As(err, &invalid) {
		return invalid.Body
	}
	return nil
}
