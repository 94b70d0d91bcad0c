package engine

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/crieur/crieur/events"
)

// windows has one semaphore a channel and lane. A lane of their own is what
// keeps alerts from waiting behind a bulk send, however long a provider takes.
type windows struct {
	mu   sync.Mutex
	lane map[laneKey]*lane
}

type laneKey struct {
	authority, channel string
	alert              bool
}

type lane struct {
	size int64
	sem  *semaphore.Weighted
}

func (w *windows) of(key laneKey, size int) *lane {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.lane[key]
	if l == nil || l.size != int64(size) {
		l = &lane{size: int64(size), sem: semaphore.NewWeighted(int64(size))}
		w.lane[key] = l
	}
	return l
}

// window waits until the recipients of the job fit among those whose outcome
// is not known yet.
func (e *Engine) window(ctx context.Context, j *job) error {
	if len(j.try) == 0 {
		return nil
	}
	// Written before the wait, for whoever holds a place holds up others.
	j.entry.state = stateIntent
	var err error
	if j.intent, err = e.ledger.write(j.entry, j.revision); err != nil {
		return err
	}
	l := e.windows.of(j.lane(), j.by.Window)
	n := min(int64(len(j.try)), l.size)
	if err := l.sem.Acquire(ctx, n); err != nil {
		return events.Transient(events.ReasonTimeout, err, 0)
	}
	j.release = func() { l.sem.Release(n); j.release = nil }
	return nil
}
