package web

import (
	"sync"
	"time"
)

// Limiter is a token bucket by key: a client address, a telephone number's subscriber ID, an account.
// Safe for concurrent use. A full table forgets first the keys that have their whole burst again.
type Limiter struct {
	burst   float64
	every   time.Duration
	maxKeys int

	mu      sync.Mutex
	buckets map[string]bucket
}

type bucket struct {
	tokens float64
	at     time.Time
}

// NewLimiter allows burst attempts at once, then one more every period. maxKeys bounds the memory (about 100 bytes a key).
func NewLimiter(burst int, every time.Duration, maxKeys int) *Limiter {
	return &Limiter{
		burst: float64(max(1, burst)), every: max(every, time.Millisecond), maxKeys: max(1, maxKeys),
		buckets: map[string]bucket{},
	}
}

// Allow takes one attempt from key's bucket. When there is none, it returns how long until there is.
func (l *Limiter) Allow(key string) (retryAfter time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	b, known := l.buckets[key]
	if !known {
		if len(l.buckets) >= l.maxKeys {
			l.forget(now)
		}
		b = bucket{l.burst, now}
	}
	b.tokens = min(l.burst, b.tokens+float64(now.Sub(b.at))/float64(l.every))
	b.at = now
	if b.tokens < 1 {
		l.buckets[key] = b
		return time.Duration((1 - b.tokens) * float64(l.every)).Round(time.Millisecond), false
	}
	b.tokens--
	l.buckets[key] = b
	return 0, true
}

// Reset gives key its whole burst again, after a success.
func (l *Limiter) Reset(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.buckets, key)
}

// forget drops the refilled buckets, and failing any, the one unused for longest.
func (l *Limiter) forget(now time.Time) {
	oldest, oldestAt := "", now
	for key, b := range l.buckets {
		if b.tokens+float64(now.Sub(b.at))/float64(l.every) >= l.burst {
			delete(l.buckets, key)
			continue
		}
		if !b.at.After(oldestAt) {
			oldest, oldestAt = key, b.at
		}
	}
	if len(l.buckets) >= l.maxKeys {
		delete(l.buckets, oldest)
	}
}
