package bus

import (
	"math/rand/v2"
	"time"
)

// Backoff is the delay before a failed message is delivered again.
type Backoff struct {
	Base time.Duration // after the first attempt; default 1 s
	Max  time.Duration // default 5 min
}

func (b Backoff) withDefaults() Backoff {
	if b.Base == 0 {
		b.Base = time.Second
	}
	if b.Max == 0 {
		b.Max = 5 * time.Minute
	}
	return b
}

// delay doubles with each attempt, up to Max, and is spread over its upper
// half so that messages which failed together do not come back together. What
// the other side asked for is a lower bound, spread upwards by a tenth.
func (b Backoff) delay(attempt uint64, retryAfter time.Duration) time.Duration {
	d := b.Max
	if shift := max(attempt, 1) - 1; shift < 32 && b.Base < b.Max>>shift {
		d = b.Base << shift
	}
	d = d/2 + rand.N(d/2+1)
	if retryAfter > d {
		d = retryAfter + rand.N(retryAfter/10+1)
	}
	return d
}
