package runner

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/ingest/source"
)

func waiting(host, id string) *task {
	return &task{spec: &source.Spec{Authority: "a", ID: id}, host: host, index: -1}
}

// drain runs everything due until the given time and returns the starts by host.
func drain(s *schedule, from, until time.Time, takes time.Duration) map[string][]time.Time {
	starts := map[string][]time.Time{}
	type end struct {
		t  *task
		at time.Time
	}
	var running []end
	for at := from; at.Before(until); at = at.Add(10 * time.Millisecond) {
		rest := running[:0]
		for _, e := range running {
			if e.at.After(at) {
				rest = append(rest, e)
				continue
			}
			s.done(e.t, false, until.Add(time.Hour), at)
		}
		running = rest
		for t, _ := s.next(at); t != nil; t, _ = s.next(at) {
			starts[t.host] = append(starts[t.host], at)
			running = append(running, end{t, at.Add(takes)})
		}
	}
	return starts
}

func TestHostIsAskedPolitely(t *testing.T) {
	t.Parallel()
	s := newSchedule(32, 2, 200*time.Millisecond)
	for range 20 {
		s.add(waiting("slow.example", ""), now)
	}
	s.add(waiting("other.example", ""), now)
	starts := drain(s, now, now.Add(10*time.Second), 500*time.Millisecond)
	if n := len(starts["slow.example"]); n != 20 {
		t.Errorf("%d starts, want 20", n)
	}
	if first := starts["other.example"]; len(first) != 1 || !first[0].Equal(now) {
		t.Errorf("the other host waited: %v", first)
	}
	list := starts["slow.example"]
	for i := range list {
		if i > 0 && list[i].Sub(list[i-1]) < 200*time.Millisecond {
			t.Errorf("start %d comes %s after the one before", i, list[i].Sub(list[i-1]))
		}
		if i > 1 && list[i].Sub(list[i-2]) < 500*time.Millisecond {
			t.Errorf("start %d: three at once", i)
		}
	}
}

// TestAlertsDoNotWaitForADeadProvider: thousands of sources of a provider that is
// down, each a timeout long, take neither the turns of alerts nor all of the others'.
func TestAlertsDoNotWaitForADeadProvider(t *testing.T) {
	t.Parallel()
	const workers, every = 32, 2 * time.Minute
	s := newSchedule(workers, 2, 200*time.Millisecond)
	for i := range 5000 {
		s.add(waiting(fmt.Sprint("dead", i), ""), now.Add(time.Duration(i)*180*time.Millisecond))
	}
	alert, failing := waiting("alert", ""), waiting("failing", "")
	alert.prompt, failing.prompt = true, true
	usual := waiting("usual", "")
	limits := map[*task]time.Duration{alert: 100 * time.Millisecond, failing: 10 * time.Second, usual: 100 * time.Millisecond}
	for each := range limits {
		s.add(each, now)
	}
	type turn struct {
		t    *task
		ends time.Time
	}
	var running []turn
	due, streak := map[*task]time.Time{}, map[*task]int{}
	down := errors.New("no answer")
	for at := now; at.Before(now.Add(3 * time.Hour)); at = at.Add(100 * time.Millisecond) {
		running = slices.DeleteFunc(running, func(r turn) bool {
			if r.ends.After(at) {
				return false
			}
			wait := every
			if _, alive := limits[r.t]; !alive {
				streak[r.t]++
				wait = backOff(streak[r.t], time.Hour, down)
			}
			due[r.t] = at.Add(wait)
			s.done(r.t, r.t != alert && r.t != usual, due[r.t], at)
			return true
		})
		for len(running) < workers {
			next, _ := s.next(at)
			if next == nil {
				break
			}
			takes := 10 * time.Second
			if limit, alive := limits[next]; alive {
				takes = 100 * time.Millisecond
				known := next != usual || len(streak) == 5000 // that the provider is down
				if late := at.Sub(due[next]); known && !due[next].IsZero() && late > limit {
					t.Fatalf("%s, %s late after %s", next.host, late, at.Sub(now))
				}
			}
			running = append(running, turn{next, at.Add(takes)})
		}
	}
	if len(streak) != 5000 {
		t.Errorf("%d sources of the provider were asked", len(streak))
	}
}

func TestRetryAfterHoldsTheWholeHost(t *testing.T) {
	t.Parallel()
	s := newSchedule(32, 1, 0)
	a := waiting("h", "a")
	s.add(a, now)
	s.add(waiting("h", "b"), now)
	s.add(waiting("i", "c"), now)
	first, _ := s.next(now)
	s.hold("h", now.Add(time.Minute))
	s.done(first, false, now.Add(time.Hour), now)
	starts := drain(s, now, now.Add(2*time.Minute), 0)
	if h := starts["h"]; len(h) != 1 || h[0].Before(now.Add(time.Minute)) {
		t.Errorf("host asked at %v", h)
	}
	if i := starts["i"]; len(i) != 1 || !i[0].Equal(now) {
		t.Errorf("the other host waited: %v", i)
	}
}

func TestRemovedTaskDoesNotComeBack(t *testing.T) {
	t.Parallel()
	s := newSchedule(32, 1, 0)
	a, b := waiting("h", "a"), waiting("h", "b")
	s.add(a, now)
	s.add(b, now)
	run, _ := s.next(now)
	if other, _ := s.next(now); other != nil {
		t.Fatal("two at once")
	}
	s.remove(a)
	s.remove(b)
	s.done(run, false, now, now)
	if left, wait := s.next(now.Add(time.Hour)); left != nil || wait != -1 || len(s.lanes) != 0 {
		t.Errorf("left %v, %s, %d lanes", left, wait, len(s.lanes))
	}
}

func TestIntervalFollowsTheSource(t *testing.T) {
	t.Parallel()
	in := source.Interval{Least: time.Minute, Usual: 10 * time.Minute, Most: time.Hour}
	every := time.Duration(0)
	for range 20 {
		every = adapt(every, false, in)
	}
	if every != time.Hour {
		t.Errorf("a quiet source is asked every %s", every)
	}
	for range 10 {
		every = adapt(every, true, in)
	}
	if every != time.Minute {
		t.Errorf("a busy source is asked every %s", every)
	}
	fixed := source.Interval{Least: 5 * time.Minute, Usual: 5 * time.Minute, Most: 5 * time.Minute}
	if got := adapt(adapt(0, false, fixed), true, fixed); got != 5*time.Minute {
		t.Errorf("an interval that was set moves to %s", got)
	}
}

func TestBackOff(t *testing.T) {
	t.Parallel()
	down := events.Transient(events.ReasonUnavailable, errors.New("x"), 0)
	for n, want := range map[int]time.Duration{1: time.Minute, 2: 2 * time.Minute, 4: 8 * time.Minute, 9: 256 * time.Minute, 10: 6 * time.Hour, 1000: 6 * time.Hour} {
		if got := backOff(n, time.Hour, down); got != want {
			t.Errorf("error %d: %s, want %s", n, got, want)
		}
	}
	if got := backOff(50, 2*time.Minute, down); got != 15*time.Minute {
		t.Errorf("an alert source waits %s", got)
	}
	if got := backOff(1, time.Hour, events.Transient(events.ReasonRateLimited, nil, 10*time.Hour)); got != 10*time.Hour {
		t.Errorf("Retry-After: %s", got)
	}
	if got := backOff(1, time.Hour, events.Permanent(events.ReasonForbidden, nil)); got != 6*time.Hour {
		t.Errorf("permanent: %s", got)
	}
	if got := backOff(1, 2*time.Minute, events.Permanent(events.ReasonInvalidContent, nil)); got != 15*time.Minute {
		t.Errorf("permanent, of an alert source: %s", got)
	}
	for range 100 {
		if d := jitter(time.Hour); d < 54*time.Minute || d > 66*time.Minute {
			t.Errorf("jitter %s", d)
		}
		if d := later(time.Hour); d < time.Hour || d > 72*time.Minute {
			t.Errorf("later %s: sooner than was asked", d)
		}
	}
}

// leased is a source with a lease to renew.
type leased struct {
	script
	renew time.Time
}

func (l *leased) Lease() source.Lease { return source.Lease{Renew: l.renew} }

// TestALeaseIsRenewedInTime: its source is asked by then, but not while the server
// wants peace.
func TestALeaseIsRenewedInTime(t *testing.T) {
	t.Parallel()
	peace := events.Transient(events.ReasonRateLimited, errors.New("x"), time.Hour)
	for name, c := range map[string]struct {
		src   source.Source
		err   error
		least time.Duration
		most  time.Duration
	}{
		"no lease":           {&script{}, nil, time.Hour, time.Hour},
		"nothing to renew":   {&leased{}, nil, time.Hour, time.Hour},
		"before":             {&leased{renew: now.Add(20 * time.Minute)}, nil, 20 * time.Minute, 24 * time.Minute},
		"while it fails":     {&leased{renew: now.Add(20 * time.Minute)}, errors.New("x"), 20 * time.Minute, 24 * time.Minute},
		"after":              {&leased{renew: now.Add(2 * time.Hour)}, nil, time.Hour, time.Hour},
		"already":            {&leased{renew: now.Add(-time.Hour)}, nil, time.Minute, time.Minute},
		"peace is asked for": {&leased{renew: now.Add(20 * time.Minute)}, peace, time.Hour, time.Hour},
	} {
		if got := untilRenewal(&task{src: c.src}, time.Hour, c.err, now); got < c.least || got > c.most {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestSilentSourceBecomesStale(t *testing.T) {
	t.Parallel()
	var h registry.SourceHealth
	at := now
	step := func(changes int, err error) {
		h = nextHealth(h, outcome{changes: changes, items: 10, err: err, wait: time.Hour}, at, 0)
		at = at.Add(12 * time.Hour)
	}
	for range 60 {
		step(1, nil) // two a day for a month
	}
	if h.Stale || h.ChangesADay < 1.5 || h.ChangesADay > 2.5 {
		t.Fatalf("health %+v", h)
	}
	for range 3 {
		step(0, nil)
	}
	if h.Stale {
		t.Error("stale after a day and a half")
	}
	for range 6 {
		step(0, events.Transient(events.ReasonTimeout, errors.New("no answer"), 0))
	}
	if !h.Stale || h.ErrorStreak != 6 || h.LastReason != events.ReasonTimeout {
		t.Errorf("not stale after four days: %+v", h)
	}
	step(1, nil)
	if h.Stale || h.ErrorStreak != 0 || h.LastError != "" {
		t.Errorf("still stale: %+v", h)
	}
	if h = nextHealth(h, outcome{}, h.LastChange.Add(2*time.Hour), time.Hour); !h.Stale {
		t.Error("the silence that was set is not observed")
	}
}
