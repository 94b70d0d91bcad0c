package eventstest

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"time"
)

// pollEvery is how often a condition is looked at.
const pollEvery = 5 * time.Millisecond

// Eventually waits until cond holds and fails the test when it does not
// within the given time.
func Eventually(t testing.TB, cond func() bool, within time.Duration, what ...string) {
	t.Helper()
	if !poll(cond, within) {
		t.Fatalf("not within %s: %s", within, strings.Join(append(what, "the condition does not hold"), ": "))
	}
}

func poll(cond func() bool, within time.Duration) bool {
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline.C:
			return cond()
		}
	}
	return true
}

// NoLeak fails the test when, 20 s after it ended, more goroutines run code of
// this repository or of NATS than when NoLeak was called. Call it first, so
// that it looks after every other cleanup, and not in parallel tests.
func NoLeak(t testing.TB) {
	t.Helper()
	before := len(ours())
	t.Cleanup(func() {
		if poll(func() bool { return len(ours()) <= before }, 20*time.Second) {
			return
		}
		left := ours()
		t.Errorf("goroutines: %d before, %d after:\n%s", before, len(left), strings.Join(left, "\n\n"))
	})
}

// ours lists the stacks of goroutines that this repository or the NATS client
// started, the caller's own apart.
func ours() []string {
	buf := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	var stacks []string
	for i, stack := range bytes.Split(buf, []byte("\n\n")) {
		s := string(stack)
		if i == 0 || strings.Contains(s, "testing.tRunner") || strings.Contains(s, "testing.(*T).Run") {
			continue
		}
		if strings.Contains(s, "github.com/crieur/") || strings.Contains(s, "github.com/nats-io/nats") {
			stacks = append(stacks, s)
		}
	}
	return stacks
}
