package vigicrues

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/services/ingest/projection"
)

// A Station measures a river's level.
type Station struct {
	Name   string    `json:"n"`
	Meters float64   `json:"m"`
	At     time.Time `json:"t"`
	Lat    float64   `json:"y,omitempty"` // WGS 84 degrees, both zero when unknown
	Lon    float64   `json:"x,omitempty"`
}

// ParseStation reads a station's description and its levels.
func ParseStation(about, levels []byte) (Station, error) {
	var s struct {
		Name  string `json:"LbStationHydro"`
		River string `json:"LbCoursEau"`
		Coord struct {
			X loose `json:"CoordXStationHydro"`
			Y loose `json:"CoordYStationHydro"`
		} `json:"CoordStationHydro"`
	}
	if err := json.Unmarshal(about, &s); err != nil {
		return Station{}, fmt.Errorf("vigicrues: station: %w", readable(err))
	}
	var series struct {
		Serie struct {
			Observed []json.RawMessage `json:"ObssHydro"`
		} `json:"Serie"`
	}
	if err := json.Unmarshal(levels, &series); err != nil {
		return Station{}, fmt.Errorf("vigicrues: observations: %w", readable(err))
	}
	out := Station{Name: strings.Join(strings.Fields(s.Name), " ")}
	for _, raw := range series.Serie.Observed {
		if at, meters, ok := observation(raw); ok && at.After(out.At) {
			out.At, out.Meters = at, meters
		}
	}
	if out.Name == "" || out.At.IsZero() {
		return Station{}, errors.New("vigicrues: station: no name or level")
	}
	x, errX := strconv.ParseFloat(string(s.Coord.X), 64)
	y, errY := strconv.ParseFloat(string(s.Coord.Y), 64)
	if errX == nil && errY == nil {
		out.Lat, out.Lon, _ = projection.Degrees(x, y, projection.Lambert93)
	}
	return out, nil
}

// observation reads {"DtObsHydro":…, "ResObsHydro":…} or [milliseconds, meters].
func observation(raw json.RawMessage) (time.Time, float64, bool) {
	var named struct {
		At     string   `json:"DtObsHydro"`
		Meters *float64 `json:"ResObsHydro"`
	}
	if json.Unmarshal(raw, &named) == nil && named.Meters != nil {
		at := when(named.At)
		return at, *named.Meters, !at.IsZero()
	}
	var pair []float64
	if json.Unmarshal(raw, &pair) == nil && len(pair) == 2 && pair[0] > 1e12 && pair[0] < 1e13 {
		return time.UnixMilli(int64(pair[0])).UTC(), pair[1], true
	}
	return time.Time{}, 0, false
}

func (s Station) tell(zone *time.Location) string {
	at := s.At.In(zone)
	meters := strings.Replace(strconv.FormatFloat(s.Meters, 'f', 2, 64), ".", ",", 1)
	return fmt.Sprintf("Hauteur à %s : %s m le %02d/%02d à %d h %02d.", s.Name, meters, at.Day(), at.Month(), at.Hour(), at.Minute())
}
