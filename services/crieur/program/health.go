package program

import (
	"fmt"

	"github.com/crieur/crieur/services/impact/engine"
)

// clickhouseReady reads the engine's health for /readyz.
func clickhouseReady(e *engine.Engine) func() error {
	return func() error {
		h := e.Health()
		switch {
		case h.State == engine.Ready:
			return nil
		case h.LastErr != nil:
			return fmt.Errorf("%v: %w", h.State, h.LastErr)
		}
		return fmt.Errorf("%v", h.State)
	}
}
