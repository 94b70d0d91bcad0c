package vigicrues

import (
	"fmt"
	"testing"
	"unicode/utf8"
)

func FuzzStation(f *testing.F) {
	f.Add([]byte(`{"LbStationHydro":"Agen","CoordStationHydro":{"CoordXStationHydro":"512345.0","CoordYStationHydro":"6345678.0"}}`), []byte(`{"Serie":{"ObssHydro":[{"DtObsHydro":"2026-11-24T08:00:00+00:00","ResObsHydro":1.25}]}}`))
	f.Fuzz(func(t *testing.T, about, levels []byte) {
		s, err := ParseStation(about, levels)
		if err == nil && !utf8.ValidString(fmt.Sprintf("%+v", s)) {
			t.Errorf("%+q", fmt.Sprint(s))
		}
	})
}
