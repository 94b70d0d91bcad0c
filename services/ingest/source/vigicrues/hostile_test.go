package vigicrues

import (
	"testing"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

// TestHostileStation is the list for what is asked beside the bulletin.
func TestHostileStation(t *testing.T) {
	about := []byte(`{"CdStationHydro":"O123","LbStationHydro":"Agen","CoordStationHydro":{"CoordXStationHydro":"512345.0","CoordYStationHydro":"6345678.0"}}`)
	levels := []byte(`{"Serie":{"CdStationHydro":"O123","GrdSerie":"H","ObssHydro":[{"DtObsHydro":"2026-11-24T08:00:00+00:00","ResObsHydro":1.25}]}}`)
	read := func(about, levels []byte) ([]source.Record, error) {
		if _, err := ParseStation(about, levels); err != nil {
			return nil, events.Permanent(events.ReasonInvalidContent, err)
		}
		return nil, nil
	}
	sourcetest.Hostile(t, about, func(body []byte) ([]source.Record, error) { return read(body, levels) })
	sourcetest.Hostile(t, levels, func(body []byte) ([]source.Record, error) { return read(about, body) })
}
