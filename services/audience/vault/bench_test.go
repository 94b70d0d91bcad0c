package vault_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/crieur/crieur/services/audience/consent"
	"github.com/crieur/crieur/services/audience/vault"
)

// BenchmarkOpen reads the contacts of one batch of 320.
func BenchmarkOpen(b *testing.B) {
	m, err := vault.NewMaster(make([]byte, 32))
	if err != nil {
		b.Fatal(err)
	}
	model := vault.NewModel(m, consent.NewIndex(), slog.New(slog.DiscardHandler))
	ids := make([]string, 320)
	for i := range ids {
		r, err := vault.SealedRecord(m, uint32(i+1), "pessac", consent.SMS, fmt.Sprintf("+336399%05d", i), time.Now())
		if err != nil {
			b.Fatal(err)
		}
		model.Apply(r, uint64(i+1))
		ids[i] = r.ID
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, s := range model.Sealed(ids) {
			address, err := model.Open(s, consent.SMS)
			if !s.Known || err != nil || address == "" || m.Token(vault.Leave, s.Ordinal, "infos", consent.SMS) == "" {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(ids)), "ns/contact")
}
