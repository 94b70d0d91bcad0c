package vault_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/crieur/crieur/services/audience/consent"
	"github.com/crieur/crieur/services/audience/vault"
)

// Addresses stay right while others are sealed anew and forgotten around them,
// and whoever reads meanwhile has what was true.
func TestModelKeepsAddressesApart(t *testing.T) {
	t.Parallel()
	m, err := vault.NewMaster(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	model := vault.NewModel(m, consent.NewIndex(), slog.New(slog.DiscardHandler))
	const people = 5000 // over a page
	ids, want, records := make([]string, people), make([]string, people), make([]vault.Record, people)
	revision := uint64(0)
	for i := range people {
		revision++
		address := fmt.Sprintf("+336%08d", rand.IntN(100_000_000)) //nolint:gosec // any number
		rec, err := vault.SealedRecord(m, uint32(i+1), "pessac", consent.SMS, address, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		ids[i], want[i], records[i] = rec.ID, address, rec
		model.Apply(rec, revision)
	}
	first := model.Sealed(ids)
	kept := append([]string(nil), want...)
	var reading sync.WaitGroup
	reading.Go(func() {
		for i, s := range first {
			if got, err := model.Open(s, consent.SMS); err != nil || got != kept[i] {
				t.Errorf("who was read before: %q, %v, want %q", got, err, kept[i])
				return
			}
		}
	})
	for range 3 * people { // each change is stored anew
		revision++
		model.Apply(records[rand.IntN(people)], revision) //nolint:gosec // any of them
	}
	for range people / 10 {
		i := rand.IntN(people) //nolint:gosec // any of them
		model.Forget(ids[i])
		ids[i] = ""
	}
	reading.Wait()
	for i, s := range model.Sealed(ids) {
		got, err := model.Open(s, consent.SMS)
		switch {
		case ids[i] == "" && (s.Known || got != ""):
			t.Fatalf("%d is forgotten and has %q", i, got)
		case ids[i] != "" && (err != nil || got != want[i]):
			t.Fatalf("%d has %q, %v, want %q", i, got, err, want[i])
		}
	}
}
