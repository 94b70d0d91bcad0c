package bus

import (
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	t.Parallel()
	b := Backoff{Base: time.Second, Max: time.Minute}
	for _, tc := range []struct {
		name       string
		attempt    uint64
		retryAfter time.Duration
		min, max   time.Duration
	}{
		{"first", 1, 0, 500 * time.Millisecond, time.Second},
		{"doubles", 3, 0, 2 * time.Second, 4 * time.Second},
		{"is bounded", 8, 0, 30 * time.Second, time.Minute},
		{"does not overflow", 1 << 40, 0, 30 * time.Second, time.Minute},
		{"zero is the first", 0, 0, 500 * time.Millisecond, time.Second},
		{"obeys the other side", 1, time.Hour, time.Hour, 66 * time.Minute},
		{"and is never earlier than its own", 8, time.Second, 30 * time.Second, time.Minute},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			seen := map[time.Duration]bool{}
			for range 200 {
				d := b.delay(tc.attempt, tc.retryAfter)
				if d < tc.min || d > tc.max {
					t.Fatalf("%s, want %s to %s", d, tc.min, tc.max)
				}
				seen[d] = true
			}
			if len(seen) < 50 {
				t.Errorf("only %d different delays of 200", len(seen))
			}
		})
	}
}
