package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// Options are the settings of a Group. The zero value has no listener.
type Options struct {
	// Listen is the TCP address (host:port) of the one listener; empty: none.
	Listen string
	// Listener is used instead of Listen when it is given (systemd, tests).
	Listener net.Listener
	// StopWithin bounds the whole stop; default 5 s.
	StopWithin time.Duration
	// StartWithin is how long a service is waited for before the next one
	// starts all the same; default 10 s.
	StartWithin time.Duration
	// WriteWithin is how long a reader may take nothing of an answer before its
	// connection is closed, unless the handler sets write deadlines itself;
	// default 1 min.
	WriteWithin time.Duration
	// Wrap goes around everything the listener serves (security headers, limits,
	// errors as pages); nil: nothing does.
	Wrap func(http.Handler) http.Handler
}

// Group runs the services of a program.
type Group struct {
	deps     Deps
	options  Options
	services []*supervised
	checks   []check

	mu       sync.Mutex
	stopping bool
	addr     net.Addr
	started  chan struct{}
}

type check struct {
	name  string
	ready func() error
}

// NewGroup returns a group without service. NATS, when deps has it, is a
// component of its readiness.
func NewGroup(deps Deps, options Options) *Group {
	if options.StopWithin == 0 {
		options.StopWithin = 5 * time.Second
	}
	if options.StartWithin == 0 {
		options.StartWithin = 10 * time.Second
	}
	if options.WriteWithin == 0 {
		options.WriteWithin = time.Minute
	}
	g := &Group{deps: deps.WithDefaults(), options: options, started: make(chan struct{})}
	if nc := g.deps.NATS; nc != nil {
		g.AddCheck("nats", func() error {
			if s := nc.Status(); s != nats.CONNECTED {
				return errors.New(strings.ToLower(s.String()))
			}
			return nil
		})
	}
	return g
}

// Add adds services, in the order of their start. It must be called before
// Run, with names that differ.
func (g *Group) Add(services ...Service) {
	stage := NewStage(g.deps.Metrics, "run")
	restarts := stage.Counter("restarts_total", "Starts of a service after a failure.", Label{Name: "service"})
	up := stage.Gauge("service_state", "1 while a service runs, 0 otherwise.", Label{Name: "service"})
	for _, s := range services {
		g.services = append(g.services, &supervised{
			Service: s, log: g.deps.Logger.With("service", s.Name()), clock: g.deps.Clock,
			restarts: restarts.WithLabelValues(s.Name()), up: up.WithLabelValues(s.Name()),
			ended: make(chan struct{}), state: stateWaiting, since: g.deps.Clock.Now(),
		})
	}
}

// AddCheck adds a component to the readiness that is no service: a database,
// a disk. ready must not wait, and is called by any goroutine.
func (g *Group) AddCheck(name string, ready func() error) {
	g.checks = append(g.checks, check{name, ready})
}

// Started is closed once every service has been started.
func (g *Group) Started() <-chan struct{} { return g.started }

// Addr returns the listener's address, nil before Run listens.
func (g *Group) Addr() net.Addr {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.addr
}

// Run starts everything and returns when ctx has ended and everything has
// stopped. Its error is a configuration error (IsConfigError), one of the
// listener, or the names of the services that did not stop in time. It is
// called once.
func (g *Group) Run(ctx context.Context) error {
	if err := g.validate(); err != nil {
		return ConfigError(err)
	}
	// ends on the caller's word or at the first fatal error
	running, fatal := context.WithCancelCause(ctx)
	defer fatal(nil)

	web, err := g.listen(fatal)
	if err != nil {
		return err
	}
	g.start(running, ctx, fatal)
	<-running.Done()

	cause := context.Cause(running)
	if ctx.Err() != nil {
		cause = nil
	}
	return errors.Join(cause, g.stop(web))
}

func (g *Group) validate() error {
	seen := map[string]bool{}
	for _, s := range g.services {
		if s.Name() == "" || seen[s.Name()] {
			return fmt.Errorf("service %q: a name of its own is required", s.Name())
		}
		seen[s.Name()] = true
	}
	return nil
}

// start starts the services one after the other. Each has a context that only
// stop cancels, so that they stop in order.
func (g *Group) start(running, ctx context.Context, fatal context.CancelCauseFunc) {
	for _, s := range g.services {
		if running.Err() != nil {
			s.set(stateStopped, nil)
			close(s.ended)
			continue
		}
		var own context.Context
		own, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
		go s.supervise(own, fatal)
		g.await(running, s)
	}
	if running.Err() == nil {
		close(g.started)
		g.deps.Logger.Info("started", "services", len(g.services))
	}
}

// await returns when s is ready, or cannot be waited for any longer.
func (g *Group) await(running context.Context, s *supervised) {
	if _, ok := s.Service.(Readier); !ok {
		return
	}
	limit := g.deps.Clock.NewTimer(g.options.StartWithin)
	defer limit.Stop()
	for {
		if c := s.status(); c.Ready || c.State == stateFailed {
			return
		}
		poll := g.deps.Clock.NewTimer(readyPoll)
		select {
		case <-running.Done():
		case <-s.ended:
		case <-limit.C():
			s.log.Warn("not ready yet; the next one starts", "waited", g.options.StartWithin)
		case <-poll.C():
			continue
		}
		poll.Stop()
		return
	}
}

// stop ends the listener, then the services from the last to the first. Each
// is given half of the time left before the one before it is told too: one
// that hangs cannot deprive the others.
func (g *Group) stop(web *webServer) error {
	g.mu.Lock()
	g.stopping = true
	g.mu.Unlock()
	deadline := g.deps.Clock.Now().Add(g.options.StopWithin)
	left := func() time.Duration { return max(deadline.Sub(g.deps.Clock.Now()), 0) }
	err := web.stop(left() / 4)
	for i := len(g.services) - 1; i >= 0; i-- {
		s := g.services[i]
		if s.cancel != nil {
			s.cancel()
		}
		g.ended(s, left()/2)
	}
	var late []string
	for _, s := range g.services {
		if !g.ended(s, left()) {
			late = append(late, s.Name())
		}
	}
	if len(late) > 0 {
		err = errors.Join(err, fmt.Errorf("not stopped within %s: %s", g.options.StopWithin, strings.Join(late, ", ")))
	}
	g.deps.Logger.Info("stopped", slog.Int("late", len(late)))
	return err
}

func (g *Group) ended(s *supervised, within time.Duration) bool {
	t := g.deps.Clock.NewTimer(within)
	defer t.Stop()
	select {
	case <-s.ended:
		return true
	case <-t.C():
	}
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}
