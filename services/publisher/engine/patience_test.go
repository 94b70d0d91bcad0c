package engine_test

import (
	"testing"
	"time"

	"github.com/crieur/crieur/services/publisher/engine"
)

// TestTriesOutlastAnHour: a provider may be down for an hour, and then have
// another half to come back.
func TestTriesOutlastAnHour(t *testing.T) {
	t.Parallel()
	if p := engine.Patience(); p < 90*time.Minute {
		t.Errorf("tries end after %s", p)
	}
}
