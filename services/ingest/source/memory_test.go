package source_test

import (
	"context"
	"sync"
	"testing"

	"github.com/crieur/crieur/services/ingest/source"
)

// TestWritersThatMeetLoseNothing: each sees what the other wrote.
func TestWritersThatMeetLoseNothing(t *testing.T) {
	t.Parallel()
	var memory source.Local
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if _, err := source.Amend(t.Context(), &memory, "k", func(n *int) bool { *n++; return true }); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	calls := 0
	got, err := source.Amend(t.Context(), &memory, "k", func(n *int) bool {
		if calls++; calls == 1 { // another writes between our reading and our writing
			_, _ = source.Amend(context.Background(), &memory, "k", func(n *int) bool { *n += 100; return true })
		}
		*n++
		return true
	})
	if err != nil || got != 109 || calls != 2 {
		t.Errorf("%d after %d calls, %v", got, calls, err)
	}
	if got, err := source.Amend(t.Context(), &memory, "k", func(s *string) bool { return false }); err != nil || got != "" {
		t.Errorf("what cannot be read: %q, %v", got, err)
	}
}
