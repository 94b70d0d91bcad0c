package clocktest_test

import (
	"testing"
	"time"

	"github.com/crieur/crieur/events/run/clocktest"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func fired(ch <-chan time.Time) string {
	select {
	case at := <-ch:
		return at.Sub(noon).String()
	default:
		return ""
	}
}

func TestAdvanceFiresWhatIsDue(t *testing.T) {
	t.Parallel()
	c := clocktest.New(noon)
	second, first, later := c.NewTimer(2*time.Second), c.NewTimer(time.Second), c.NewTimer(time.Minute)
	if c.Waiting() != 3 {
		t.Errorf("%d armed", c.Waiting())
	}
	c.Advance(10 * time.Second)
	if got := fired(first.C()) + fired(second.C()) + fired(later.C()); got != "1s2s" {
		t.Errorf("fired %s", got)
	}
	if got := c.Now().Sub(noon); got != 10*time.Second {
		t.Errorf("now %s", got)
	}
	if got := fired(c.After(0)); got != "10s" {
		t.Errorf("a wait of nothing: %s", got)
	}
}

func TestStopAndReset(t *testing.T) {
	t.Parallel()
	c := clocktest.New(noon)
	tm := c.NewTimer(time.Second)
	if !tm.Stop() || tm.Stop() {
		t.Error("Stop of an armed timer, then of a stopped one")
	}
	c.Advance(time.Second)
	if got := fired(tm.C()); got != "" {
		t.Errorf("a stopped timer fired at %s", got)
	}
	tm.Reset(time.Second)
	c.Advance(time.Second)
	if !tm.Stop() || fired(tm.C()) != "" {
		t.Error("an old time after Stop")
	}
	tm.Reset(time.Second)
	c.Advance(time.Second)
	tm.Reset(time.Minute)
	if got := fired(tm.C()); got != "" {
		t.Errorf("an old time after Reset: %s", got)
	}
}

func TestBlockUntil(t *testing.T) {
	t.Parallel()
	c := clocktest.New(noon)
	woke := make(chan time.Time)
	for range 3 {
		go func() { woke <- <-c.After(time.Hour) }()
	}
	c.BlockUntil(t, 3)
	c.Advance(time.Hour)
	for range 3 {
		if at := <-woke; !at.Equal(noon.Add(time.Hour)) {
			t.Errorf("woke at %s", at)
		}
	}
}
