package engine

import (
	"context"
	"time"

	"github.com/crieur/crieur/events"
)

// Interrupt leaves what a process killed after its intent leaves.
func (e *Engine) Interrupt(ctx context.Context, d events.Delivery) error {
	_, err := e.ledger.put(ctx, newEntry(d), 0)
	return err
}

// Patience is how long a recipient is tried, from the first try to the last.
func Patience() time.Duration {
	var sum time.Duration
	for attempt := 1; attempt < maxAttempts; attempt++ {
		sum += retryDelay(attempt)
	}
	return sum
}
