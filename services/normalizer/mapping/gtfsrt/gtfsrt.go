package gtfsrt

import (
	"encoding/json"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/normalizer/mapping"
	"github.com/crieur/crieur/services/normalizer/mapping/entry"
)

var _ mapping.Func = Map

// openEnded is how long a disruption without an end is of use.
const openEnded = 90 * 24 * time.Hour

// Map reads a record.Entry.
func Map(raw events.Raw) (mapping.Draft, error) {
	d, err := entry.Map(raw)
	if err != nil {
		return d, err
	}
	var e record.Entry
	if err := json.Unmarshal(raw.Record, &e); err != nil {
		return d, events.Permanentf(events.ReasonInvalidContent, "gtfsrt: record: %w", err)
	}
	d.Prose, d.Topic, d.Class = false, "transports", events.ClassService
	d.Severity = severity(e.Extra["severityLevel"], e.Extra["effect"])
	d.Urgency, d.Certainty = events.UrgencyExpected, events.CertaintyObserved
	if d.Onset.After(raw.FetchedAt.Add(time.Hour)) {
		d.Urgency, d.Certainty = events.UrgencyFuture, events.CertaintyLikely
	}
	if d.Ends.IsZero() {
		d.Expires = raw.FetchedAt.Add(openEnded)
	}
	return d, nil
}

func severity(level, effect string) events.Severity {
	switch level {
	case "SEVERE":
		return events.SeveritySevere
	case "WARNING":
		return events.SeverityModerate
	case "INFO":
		return events.SeverityMinor
	}
	switch effect {
	case "NO_SERVICE", "SIGNIFICANT_DELAYS":
		return events.SeverityModerate
	}
	return events.SeverityMinor
}
