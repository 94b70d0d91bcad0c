package clocktest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/crieur/crieur/events/run"
)

// Clock is a run.Clock moved by Advance. It is safe for concurrent use.
type Clock struct {
	mu      sync.Mutex
	now     time.Time
	timers  []*timer // armed ones
	changed chan struct{}
}

var _ run.Clock = (*Clock)(nil)

// New returns a clock that stands at now.
func New(now time.Time) *Clock { return &Clock{now: now.UTC(), changed: make(chan struct{})} }

// Now implements run.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// NewTimer implements run.Clock.
func (c *Clock) NewTimer(d time.Duration) run.Timer {
	t := &timer{clock: c, ch: make(chan time.Time, 1)}
	c.mu.Lock()
	defer c.mu.Unlock()
	t.arm(d)
	return t
}

// After implements run.Clock.
func (c *Clock) After(d time.Duration) <-chan time.Time { return c.NewTimer(d).C() }

// Advance moves the clock by d, firing every timer that falls due on the way,
// in order. A timer armed meanwhile by the code it wakes may be missed: wait
// for it with BlockUntil and advance again.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	end := c.now.Add(d)
	for len(c.timers) > 0 && !c.timers[0].at.After(end) {
		t := c.timers[0]
		c.now = t.at
		t.disarm()
		t.ch <- c.now // one place, and empty since the timer was armed
	}
	c.now = end
}

// Waiting returns the number of timers that are armed.
func (c *Clock) Waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.timers)
}

// BlockUntil waits until at least n timers are armed, and fails the test after
// 30 s of real time.
func (c *Clock) BlockUntil(t testing.TB, n int) {
	t.Helper()
	if err := c.blockUntil(t.Context(), n, 30*time.Second); err != nil {
		t.Fatal(err)
	}
}

func (c *Clock) blockUntil(ctx context.Context, n int, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		c.mu.Lock()
		armed, changed := len(c.timers), c.changed
		c.mu.Unlock()
		if armed >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("clocktest: %d timers armed, waiting for %d: %w", armed, n, ctx.Err())
		}
	}
}

// timer is guarded by its clock's mutex.
type timer struct {
	clock *Clock
	at    time.Time
	ch    chan time.Time
}

// C implements run.Timer.
func (t *timer) C() <-chan time.Time { return t.ch }

// Stop implements run.Timer.
func (t *timer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	return t.disarm()
}

// Reset implements run.Timer.
func (t *timer) Reset(d time.Duration) bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	was := t.disarm()
	t.arm(d)
	return was
}

func (t *timer) arm(d time.Duration) {
	select {
	case <-t.ch:
	default:
	}
	c := t.clock
	t.at = c.now.Add(d)
	if d <= 0 {
		t.ch <- c.now
		return
	}
	i, _ := slices.BinarySearchFunc(c.timers, t.at, func(o *timer, at time.Time) int {
		if n := o.at.Compare(at); n != 0 {
			return n
		}
		return -1 // after those of the same time
	})
	c.timers = slices.Insert(c.timers, i, t)
	close(c.changed)
	c.changed = make(chan struct{})
}

func (t *timer) disarm() bool {
	c := t.clock
	i := slices.Index(c.timers, t)
	if i < 0 {
		select {
		case <-t.ch: // fired but not received: no old time after Stop
			return true
		default:
			return false
		}
	}
	c.timers = slices.Delete(c.timers, i, i+1)
	return true
}
