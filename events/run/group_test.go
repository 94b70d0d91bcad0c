package run_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/crieur/crieur/events/run"
)

// journal is what happened, in order.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf(format, args...))
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Join(j.lines, ", ")
}

// actor is a service of tests.
type actor struct {
	name    string
	journal *journal
	readyAt time.Time                         // zero: at once
	runs    []func(ctx context.Context) error // one a start; the last one for all others
	stopFor time.Duration                     // what its stop takes
	mu      sync.Mutex
	n       int
	down    error
}

func (a *actor) Name() string { return a.name }

func (a *actor) Run(ctx context.Context) error {
	a.journal.add("%s starts", a.name)
	a.mu.Lock()
	i := a.n
	a.n++
	a.mu.Unlock()
	if len(a.runs) > 0 {
		if f := a.runs[min(i, len(a.runs)-1)]; f != nil {
			return f(ctx)
		}
	}
	<-ctx.Done()
	<-time.After(a.stopFor)
	a.journal.add("%s stops", a.name)
	return ctx.Err()
}

func (a *actor) Ready() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Now().Before(a.readyAt) {
		return errors.New("warming up")
	}
	return a.down
}

func (a *actor) setDown(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.down = err
}

func component(t *testing.T, g *run.Group, name string) run.Component {
	t.Helper()
	for _, c := range g.Readiness().Components {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no component %s", name)
	return run.Component{}
}

// begin runs a group in a bubble and returns its end.
func begin(g *run.Group) (stop func() error, done <-chan error) {
	ctx, cancel := context.WithCancel(context.Background())
	end := make(chan error, 1)
	go func() { end <- g.Run(ctx) }()
	synctest.Wait()
	return func() error { cancel(); return <-end }, end
}

func TestGroupStartsInOrderAndStopsInReverse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		g := run.NewGroup(run.Deps{}, run.Options{})
		g.Add(&actor{name: "a", journal: &j, readyAt: time.Now().Add(3 * time.Second)}, &actor{name: "b", journal: &j}, &actor{name: "c", journal: &j})
		stop, _ := begin(g)
		if got := j.String(); got != "a starts" {
			t.Errorf("before a is ready: %s", got)
		}
		if c := component(t, g, "a"); c.Ready || c.State != "starting" || c.Reason != "warming up" {
			t.Errorf("a: %+v", c)
		}
		if c := component(t, g, "b"); c.Ready || c.State != "waiting" {
			t.Errorf("b: %+v", c)
		}
		<-g.Started()
		if r := g.Readiness(); r.Status != "ready" {
			t.Errorf("readiness: %+v", r)
		}
		if err := stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
		if got, want := j.String(), "a starts, b starts, c starts, c stops, b stops, a stops"; got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
		if r := g.Readiness(); r.Status != "stopping" {
			t.Errorf("readiness after the stop: %+v", r)
		}
	})
}

func TestGroupDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		g := run.NewGroup(run.Deps{}, run.Options{})
		slow := &actor{name: "slow", journal: &j, readyAt: time.Now().Add(time.Hour)}
		g.Add(slow, &actor{name: "b", journal: &j})
		began := time.Now()
		stop, _ := begin(g)
		<-g.Started()
		if waited := time.Since(began); waited < 9*time.Second || waited > 11*time.Second {
			t.Errorf("waited %s", waited)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestGroupStopIsBounded has one service that hangs between two that need a
// second.
func TestGroupStopIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		release := make(chan struct{})
		g := run.NewGroup(run.Deps{}, run.Options{})
		g.Add(
			&actor{name: "a", journal: &j, stopFor: time.Second},
			run.Func("stuck", func(context.Context) error { <-release; return nil }),
			&actor{name: "c", journal: &j, stopFor: time.Second},
		)
		stop, _ := begin(g)
		<-g.Started()
		began := time.Now()
		err := stop()
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("the stop took %s", took)
		}
		if err == nil || !strings.Contains(err.Error(), "not stopped within 5s: stuck") {
			t.Errorf("error: %v", err)
		}
		if got := j.String(); !strings.HasSuffix(got, "c stops, a stops") {
			t.Errorf("the others: %s", got)
		}
		close(release)
	})
}

func TestGroupRestartsWhatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var (
			j   journal
			log bytes.Buffer
		)
		broken := func(context.Context) error { return errors.New("boom") }
		reg := prometheus.NewRegistry()
		g := run.NewGroup(run.Deps{Logger: slog.New(slog.NewTextHandler(&log, nil)), Metrics: reg}, run.Options{})
		g.Add(&actor{name: "a", journal: &j, runs: []func(context.Context) error{
			broken, broken, func(context.Context) error { panic("bang") },
			func(context.Context) error { return run.ConfigError(errors.New("late")) }, nil,
		}}, &actor{name: "b", journal: &j})
		stop, _ := begin(g)
		<-g.Started()
		synctest.Wait()
		c := component(t, g, "a")
		if c.Ready || c.State != "failed" || c.Reason != "boom" || c.Failures != 1 {
			t.Errorf("after the first failure: %+v", c)
		}
		if r := g.Readiness(); r.Status != "unready" {
			t.Errorf("readiness: %s", r.Status)
		}
		if !component(t, g, "b").Ready {
			t.Error("b suffers from a")
		}
		<-time.After(20 * time.Second) // 1 + 2 + 4 + 8 s at most
		synctest.Wait()
		if c := component(t, g, "a"); !c.Ready || c.Failures != 4 {
			t.Errorf("after the last start: %+v", c)
		}
		if strings.Contains(log.String(), "goroutine") { // the panic was the third failure of the streak
			t.Errorf("a later failure is logged:\n%s", log.String())
		}
		if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
			t.Errorf("%d errors logged:\n%s", n, log.String())
		}
		values := gather(t, reg)
		if values["crieur_run_restarts_total service=a"] != 4 || values["crieur_run_service_state service=a"] != 1 ||
			values["crieur_run_restarts_total service=b"] != 0 {
			t.Errorf("metrics: %v", values)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		if v := gather(t, reg)["crieur_run_service_state service=a"]; v != 0 {
			t.Errorf("state after the stop: %v", v)
		}
	})
}

func TestAPanicIsLoggedWithItsStackAndShownWithout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		g := run.NewGroup(run.Deps{Logger: slog.New(slog.NewTextHandler(&log, nil))}, run.Options{})
		g.Add(run.Func("a", func(context.Context) error { panic("bang") }))
		stop, _ := begin(g)
		synctest.Wait()
		if c := component(t, g, "a"); c.Reason != "panic: bang" {
			t.Errorf("shown: %q", c.Reason)
		}
		if !strings.Contains(log.String(), "group_test.go") {
			t.Errorf("logged: %s", log.String())
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestGroupEndsOnAConfigurationError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		wrong := errors.New("url: required")
		g := run.NewGroup(run.Deps{}, run.Options{})
		g.Add(&actor{name: "a", journal: &j}, run.Func("b", func(context.Context) error { return run.ConfigError(wrong) }),
			&actor{name: "c", journal: &j, readyAt: time.Now().Add(time.Hour)}, &actor{name: "d", journal: &j})
		_, done := begin(g)
		err := <-done
		if !run.IsConfigError(err) || !errors.Is(err, wrong) || !strings.HasPrefix(err.Error(), "b: ") {
			t.Errorf("error: %v", err)
		}
		if got := j.String(); !strings.HasSuffix(got, "a stops") || strings.Contains(got, "d starts") {
			t.Errorf("the others: %s", got)
		}
	})
}

func TestReadinessFollowsTheService(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j journal
		a := &actor{name: "a", journal: &j}
		g := run.NewGroup(run.Deps{}, run.Options{})
		g.Add(a, run.Func("once", func(context.Context) error { return nil }))
		var disk error
		g.AddCheck("disk", func() error { return disk })
		g.AddCheck("mad", func() error { panic("bang") })
		stop, _ := begin(g)
		<-g.Started()
		synctest.Wait()
		if c := component(t, g, "once"); !c.Ready || c.State != "done" {
			t.Errorf("once: %+v", c)
		}
		if c := component(t, g, "mad"); c.Ready || !strings.Contains(c.Reason, "bang") {
			t.Errorf("mad: %+v", c)
		}
		if !component(t, g, "a").Ready || !component(t, g, "disk").Ready {
			t.Error("not ready")
		}
		a.setDown(errors.New("provider refuses"))
		disk = errors.New("full")
		if c := component(t, g, "a"); c.Ready || c.State != "unready" || c.Reason != "provider refuses" {
			t.Errorf("a: %+v", c)
		}
		if c := component(t, g, "disk"); c.Ready || c.Reason != "full" {
			t.Errorf("disk: %+v", c)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestGroupRefusesTwoServicesOfOneName(t *testing.T) {
	t.Parallel()
	g := run.NewGroup(run.Deps{}, run.Options{})
	f := func(context.Context) error { return nil }
	g.Add(run.Func("a", f), run.Func("a", f))
	if err := g.Run(t.Context()); !run.IsConfigError(err) {
		t.Errorf("error: %v", err)
	}
}
