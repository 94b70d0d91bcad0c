package vigieau

import (
	"encoding/json"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/normalizer/mapping"
	"github.com/crieur/crieur/services/normalizer/mapping/entry"
)

var _ mapping.Func = Map

// halfYear is how long an order without an end is of use.
const halfYear = 182 * 24 * time.Hour

// Map reads a record.Entry. An unknown level is refused.
func Map(raw events.Raw) (mapping.Draft, error) {
	d, err := entry.Map(raw)
	if err != nil {
		return d, err
	}
	var e record.Entry
	if err := json.Unmarshal(raw.Record, &e); err != nil {
		return d, events.Permanentf(events.ReasonInvalidContent, "vigieau: record: %w", err)
	}
	switch e.Extra["niveauGravite"] {
	case "vigilance":
		d.Severity = events.SeverityMinor
	case "alerte":
		d.Severity = events.SeverityModerate
	case "alerte_renforcee":
		d.Severity = events.SeveritySevere
	case "crise":
		d.Severity = events.SeverityExtreme
	default:
		return d, events.Permanentf(events.ReasonInvalidContent, "vigieau: niveauGravite: not a known level")
	}
	d.Prose, d.Topic, d.Class = false, "eau", events.ClassService
	d.Urgency, d.Certainty = events.UrgencyExpected, events.CertaintyObserved
	if d.Onset.After(raw.FetchedAt) {
		d.Urgency = events.UrgencyFuture
	}
	d.Attribution, d.Licence = "VigiEau, ministère chargé de l’environnement", "etalab-2.0"
	if d.Ends.IsZero() {
		d.Expires = raw.FetchedAt.Add(halfYear)
	}
	return d, nil
}
