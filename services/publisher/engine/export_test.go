package engine

import (
	"context"

	"github.com/crieur/crieur/events"
)

// Interrupt leaves what a process killed after its intent leaves.
func (e *Engine) Interrupt(ctx context.Context, d events.Delivery) error {
	_, err := e.ledger.put(ctx, newEntry(d), 0)
	return err
}
