package run

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Service is one part of a program. New ones validate and do not dial; Run
// does the I/O. Run is called by one goroutine at a time, again after it
// failed, and returns once ctx ends, having finished or given back what it
// holds. Its error before that is a failure (see Group); nil before that means
// that the service has nothing more to do.
type Service interface {
	Name() string // a slug, also a metric label
	Run(ctx context.Context) error
}

// Routed is a Service with pages or an API on the group's listener. Handlers
// is called once, before any Run.
type Routed interface{ Handlers() []Route }

// Readier is a Service that knows whether it can do its work now. Ready is
// called often, by any goroutine, and must not wait; its error is shown to
// operators: no secret, no content.
type Readier interface{ Ready() error }

// Route is a pattern of http.ServeMux ("/console/", "GET /api/streams/{id}")
// and what serves it.
type Route struct {
	Pattern string
	Handler http.Handler
}

// configError is a failure no new start cures.
type configError struct{ err error }

func (e *configError) Error() string { return e.err.Error() }
func (e *configError) Unwrap() error { return e.err }

// ConfigError marks err as a mistake of configuration: returned by the first
// Run of a service, it ends the program with that error.
func ConfigError(err error) error {
	if err == nil {
		return nil
	}
	return &configError{err}
}

// IsConfigError reports whether err was marked by ConfigError.
func IsConfigError(err error) bool {
	var c *configError
	return errors.As(err, &c)
}

// Func makes a Service of a function.
func Func(name string, run func(ctx context.Context) error) Service { return fn{name, run} }

type fn struct {
	name string
	run  func(ctx context.Context) error
}

func (f fn) Name() string                  { return f.name }
func (f fn) Run(ctx context.Context) error { return f.run(ctx) }

// The states of a component in /readyz and in crieur_run_service_state.
const (
	stateWaiting  = "waiting"  // for those before it
	stateStarting = "starting" // running, not yet ready
	stateReady    = "ready"
	stateUnready  = "unready" // running, was ready, is not now
	stateFailed   = "failed"  // waits for its new start
	stateStopped  = "stopped"
	stateDone     = "done" // had nothing more to do
)

// The bounds of a supervised life.
const (
	firstDelay = time.Second     // before the first new start
	maxDelay   = time.Minute     // between two starts at most
	steady     = 2 * time.Minute // a run this long forgets the failures before it
	readyPoll  = 20 * time.Millisecond
)
