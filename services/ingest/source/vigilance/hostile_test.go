package vigilance

import (
	"testing"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

// TestHostileTexts is the list for the texts that are asked beside the map.
func TestHostileTexts(t *testing.T) {
	document := []byte(`{"product":{"text_bloc_items":[{"domain_id":"33","domain_name":"Gironde","bloc_id":"BULLETIN_DEPARTEMENTAL","bloc_items":[{"id":"SITUATION","text_items":[{"hazard_code":"1","term_items":[{"start_time":"2026-11-24T06:00:00Z","subdivision_text":[{"text":["Vent fort"]}]}]}]}]}]}}`)
	sourcetest.Hostile(t, document, func(body []byte) ([]source.Record, error) {
		if _, err := ParseTexts(body, "application/json"); err != nil {
			return nil, events.Permanent(events.ReasonInvalidContent, err)
		}
		return nil, nil
	})
}
