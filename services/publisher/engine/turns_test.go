package engine

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crieur/crieur/events"
)

// A provider that answers slowly ends a part now and then and a delivery
// seldom: whoever waits for a turn goes on waiting. One that hangs ends nothing.
func TestATurnIsWaitedForWhilePartsEnd(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		parts bool
		want  error
	}{
		"slow":  {parts: true},
		"hangs": {want: errNoTurn},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				turns := &turns{perChannel: 1, perAuthority: 2, lanes: map[laneKey]*turn{}}
				d := events.Delivery{Authority: "pessac", Channel: "sms", Kind: "sms", Class: events.ClassService}
				over, err := turns.take(t.Context(), d)
				if err != nil {
					t.Fatal(err)
				}
				tick := time.NewTicker(stalledAfter / 2)
				defer tick.Stop()
				var work sync.WaitGroup
				defer work.Wait()
				work.Go(func() {
					for range 20 {
						<-tick.C
						if tc.parts {
							turns.goesOn(d)
						}
					}
					over()
				})
				if _, err := turns.take(t.Context(), d); !errors.Is(err, tc.want) {
					t.Errorf("take: %v, want %v", err, tc.want)
				}
			})
		})
	}
}
