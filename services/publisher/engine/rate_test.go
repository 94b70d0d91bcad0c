package engine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/engine"
)

// TestRateCountsAsTheProviderDoes: 10 a second, after a first window of 10.
func TestRateCountsAsTheProviderDoes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		unit  registry.RateUnit
		units int
		want  time.Duration
	}{
		{"messages by default", "", 3, time.Second},
		{"messages", registry.RateMessages, 3, time.Second},
		{"parts", registry.RateParts, 3, 3 * time.Second},
		{"one part", registry.RateParts, 1, time.Second},
		{"no units", registry.RateParts, 0, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lane := engine.NewLane(engine.Made{Window: 10, RatePerSecond: 10, RateUnit: c.unit})
				if err := lane.Take(t.Context(), 10, c.units); err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				if err := lane.Take(t.Context(), 10, c.units); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start).Round(time.Millisecond); took != c.want {
					t.Errorf("the second ten waited %s, want %s", took, c.want)
				}
			})
		})
	}
}
