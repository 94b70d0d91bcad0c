package datex2

import (
	"encoding/json"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/normalizer/mapping"
	"github.com/crieur/crieur/services/normalizer/mapping/entry"
)

var _ mapping.Func = Map

const day = 24 * time.Hour

// Map reads a record.Entry.
func Map(raw events.Raw) (mapping.Draft, error) {
	d, err := entry.Map(raw)
	if err != nil {
		return d, err
	}
	var e record.Entry
	if err := json.Unmarshal(raw.Record, &e); err != nil {
		return d, events.Permanentf(events.ReasonInvalidContent, "datex2: record: %w", err)
	}
	d.Prose, d.Topic, d.Class = false, "travaux-circulation", events.ClassService
	d.Severity = severity(e.Extra["overallSeverity"])
	begun := !d.Onset.After(raw.FetchedAt)
	d.Certainty = certainty(e.Extra["probability"], begun)
	switch {
	case !begun:
		d.Urgency = events.UrgencyFuture
	case e.Extra["safety"] == "true":
		d.Urgency = events.UrgencyImmediate
	default:
		d.Urgency = events.UrgencyExpected
	}
	if d.Ends.IsZero() {
		from := raw.FetchedAt
		if d.Onset.After(from) {
			from = d.Onset
		}
		d.Expires = from.Add(life(e.Extra["type"]))
	}
	switch e.Extra["supplier"] {
	case "Tipi":
		d.Attribution, d.Licence = "Bison Futé / Tipi", "etalab-2.0"
	case "DiaLog":
		d.Attribution, d.Licence = "DiaLog, ministère chargé des transports", "etalab-2.0"
	}
	return d, nil
}

func severity(overall string) events.Severity {
	switch overall {
	case "highest":
		return events.SeveritySevere
	case "high":
		return events.SeverityModerate
	}
	return events.SeverityMinor
}

// certainty is DATEX II's probabilityOfOccurrence; what has not begun is not
// observed, however certain.
func certainty(probability string, begun bool) events.Certainty {
	switch {
	case probability == "riskOf":
		return events.CertaintyPossible
	case probability == "probable" || !begun:
		return events.CertaintyLikely
	}
	return events.CertaintyObserved
}

// life is how long something without an end is of use.
func life(kind string) time.Duration {
	switch kind {
	case "AbnormalTraffic":
		return 6 * time.Hour
	case "Accident", "VehicleObstruction", "GeneralObstruction", "AnimalPresenceObstruction", "EnvironmentalObstruction",
		"PoorEnvironmentConditions", "WeatherRelatedRoadConditions", "ACCIDENT", "HAZARD":
		return day
	}
	return 182 * day
}
