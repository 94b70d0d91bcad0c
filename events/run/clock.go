package run

import "time"

// Clock is where a service takes the time from. It is safe for concurrent use.
type Clock interface {
	Now() time.Time
	NewTimer(d time.Duration) Timer
	// After is NewTimer's channel, for a wait that is never given up.
	After(d time.Duration) <-chan time.Time
}

// Timer is a time.Timer behind an interface, with the semantics of Go 1.23:
// after Stop or Reset, no old time is received.
type Timer interface {
	C() <-chan time.Time
	Stop() bool
	Reset(d time.Duration) bool
}

// SystemClock is the machine's clock. Its zero value is ready.
type SystemClock struct{}

var _ Clock = SystemClock{}

// Now implements Clock, in UTC with the monotonic reading.
func (SystemClock) Now() time.Time { return time.Now().UTC() }

// NewTimer implements Clock.
func (SystemClock) NewTimer(d time.Duration) Timer { return systemTimer{time.NewTimer(d)} }

// After implements Clock.
func (SystemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

type systemTimer struct{ *time.Timer }

func (t systemTimer) C() <-chan time.Time { return t.Timer.C }
