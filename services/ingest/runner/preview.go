package runner

import (
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/source"
)

// A Preview is what a first reading would publish, in the document's order, and
// what it would refuse.
type Preview struct {
	Raws    []events.Raw
	Refused []error
}

// First returns what the first reading of a source would give. It keeps nothing.
func First(cfg Config, spec source.Spec, kind source.Kind, records []source.Record, now time.Time) Preview {
	var p Preview
	good := make([]source.Record, 0, len(records))
	for _, rec := range records {
		if rec.Refused != nil {
			p.Refused = append(p.Refused, rec.Refused)
			continue
		}
		good = append(good, rec)
	}
	cfg = cfg.withDefaults()
	rules := Rules{Now: now, BacklogAge: cfg.BacklogAge, BacklogKeep: cfg.BacklogKeep, VanishWithdraws: kind.VanishWithdraws}
	var ledger Ledger
	for _, c := range ledger.Apply(good, rules) {
		raw, err := rawOf(&spec, &kind, c, now)
		if err != nil {
			p.Refused = append(p.Refused, err)
			continue
		}
		p.Raws = append(p.Raws, raw)
	}
	return p
}
