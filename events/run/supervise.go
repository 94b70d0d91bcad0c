package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// supervised is one service of a group and what is known of it.
type supervised struct {
	Service
	log      *slog.Logger
	clock    Clock
	restarts prometheus.Counter
	up       prometheus.Gauge
	cancel   context.CancelFunc
	ended    chan struct{} // closed when it will not run again

	mu        sync.Mutex
	state     string
	since     time.Time
	err       error // the last failure, while it matters
	failures  int   // in a row
	everReady bool
}

func (s *supervised) set(state string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != state {
		s.state, s.since = state, s.clock.Now()
	}
	s.err = err
	running := state == stateStarting || state == stateReady || state == stateUnready
	s.up.Set(map[bool]float64{true: 1}[running])
}

// status returns the state now: for one that runs, Ready decides.
func (s *supervised) status() Component {
	ready := s.checkReady()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == stateStarting || s.state == stateReady || s.state == stateUnready {
		before := s.state
		switch {
		case ready == nil:
			s.state, s.everReady = stateReady, true
		case s.everReady:
			s.state = stateUnready
		}
		if s.state != before {
			s.since = s.clock.Now()
		}
	} else {
		ready = s.err
	}
	c := Component{
		Name: s.Name(), State: s.state, Since: s.since, Failures: s.failures,
		Ready: s.state == stateReady || s.state == stateDone,
	}
	if !c.Ready && ready != nil {
		c.Reason = ready.Error()
	} else if !c.Ready {
		c.Reason = s.state
	}
	return c
}

// checkReady asks the service, and survives it.
func (s *supervised) checkReady() (err error) {
	r, ok := s.Service.(Readier)
	if !ok {
		return nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("its check panicked: %v", p)
		}
	}()
	return r.Ready()
}

// supervise runs the service until ctx ends, it has nothing more to do, or its
// first run finds a configuration error, which goes to fatal.
func (s *supervised) supervise(ctx context.Context, fatal func(error)) {
	defer close(s.ended)
	for first := true; ; first = false {
		s.set(stateStarting, nil)
		began := s.clock.Now()
		err := s.once(ctx)
		switch {
		case ctx.Err() != nil:
			if err != nil && !errors.Is(err, context.Canceled) {
				s.log.Warn("stopped with an error", "err", err)
			}
			s.set(stateStopped, nil)
			return
		case err == nil:
			s.log.Info("done")
			s.set(stateDone, nil)
			return
		case first && IsConfigError(err):
			s.set(stateFailed, err)
			fatal(fmt.Errorf("%s: %w", s.Name(), err))
			return
		}
		if !s.backOff(ctx, err, s.clock.Now().Sub(began)) {
			s.set(stateStopped, nil)
			return
		}
	}
}

// backOff records a failure and waits before the next start; false when ctx
// ended.
func (s *supervised) backOff(ctx context.Context, err error, ran time.Duration) bool {
	s.mu.Lock()
	if ran >= steady {
		s.failures = 0
	}
	s.failures++
	n := s.failures
	s.everReady = false
	s.mu.Unlock()
	delay := min(firstDelay<<min(n-1, 16), maxDelay)
	delay = delay/2 + rand.N(delay/2)
	if n == 1 { // the next ones of the streak are in the metric and in /readyz
		attrs := []any{"err", err, "delay", delay}
		if p := (*panicError)(nil); errors.As(err, &p) {
			attrs = append(attrs, "stack", string(p.stack))
		}
		s.log.Error("failed; it will be started again", attrs...)
	}
	s.set(stateFailed, err)
	s.restarts.Inc()
	t := s.clock.NewTimer(delay)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C():
		return true
	}
}

// once is Run, where a panic is an error.
func (s *supervised) once(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{value: p, stack: debug.Stack()}
		}
	}()
	return s.Run(ctx)
}

// panicError is a panic of a service; its stack goes to the log only.
type panicError struct {
	value any
	stack []byte
}

func (p *panicError) Error() string { return fmt.Sprintf("panic: %v", p.value) }
