package engine

import (
	"context"
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

// Whoever is woken by a place of his channel and finds none of his authority wakes
// the next, who would otherwise sleep although there is room.
func TestAPlaceThatCannotBeTakenIsPassedOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		turns := &turns{perChannel: 1, perAuthority: 3, lanes: map[laneKey]*turn{}}
		take := func(ctx context.Context, channel string) (func(), error) {
			return turns.take(ctx, events.Delivery{Authority: "pessac", Channel: channel, Kind: "sms", Class: events.ClassService})
		}
		began := time.Now()
		var overs []func()
		for _, channel := range []string{"a", "b", "c"} {
			over, err := take(t.Context(), channel)
			if err != nil {
				t.Fatal(err)
			}
			overs = append(overs, over)
		}
		turns.perAuthority = 2 // one less than it has
		var work sync.WaitGroup
		defer work.Wait()
		ctx, giveUp := context.WithCancel(t.Context())
		work.Go(func() { _, _ = take(ctx, "a") })
		synctest.Wait()
		work.Go(func() {
			if _, err := take(t.Context(), "a"); err != nil || time.Since(began) > 0 {
				t.Errorf("after %s: %v", time.Since(began), err)
			}
		})
		synctest.Wait()
		overs[0]() // the first of the two is woken, in vain
		synctest.Wait()
		giveUp()
		synctest.Wait()
		overs[1]()
	})
}
