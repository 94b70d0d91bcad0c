package engine

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/time/rate"

	"github.com/crieur/crieur/events"
)

// Interrupt leaves what a process killed after its intent leaves.
func (e *Engine) Interrupt(ctx context.Context, d events.Delivery) error {
	_, err := e.ledger.put(ctx, newEntry(d), 0)
	return err
}

// Announce makes a revision known as a process does that knows of no other yet.
func Announce(ctx context.Context, kv jetstream.KeyValue, p events.Publication) error {
	return (&revisions{kv: kv, known: map[string]latest{}}).announce(ctx, p)
}

// Newest is the newest revision that a process learns of as it starts.
func Newest(ctx context.Context, kv jetstream.KeyValue, publication string) (int, error) {
	r := &revisions{kv: kv, known: map[string]latest{}}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	err := r.watch(ctx, stop)
	return r.of(publication).Revision, err
}

// Patience is how long a recipient is tried, from the first try to the last.
func Patience() time.Duration {
	var sum time.Duration
	for attempt := 1; attempt < maxAttempts; attempt++ {
		sum += retryDelay(attempt)
	}
	return sum
}

// Solicitation is the first moment from t on at which people may be solicited.
func Solicitation(t time.Time, departements ...string) time.Time {
	return solicitation(t, departements)
}

// Lane is one channel's limiter.
type Lane struct {
	rates rates
	made  Made
}

// NewLane returns the limiter of a channel.
func NewLane(m Made) *Lane {
	return &Lane{rates: rates{limiter: map[laneKey]*rate.Limiter{}}, made: m}
}

// Take waits for the turn of so many recipients of a rendition.
func (l *Lane) Take(ctx context.Context, recipients, units int) error {
	return l.rates.take(ctx, laneKey{}, l.made.RatePerSecond, l.made.Window, l.made.cost(recipients, units))
}
