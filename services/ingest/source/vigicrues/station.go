package vigicrues

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
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
	// The extent of Lambert-93 in France; overseas, other projections are used.
	if errX == nil && errY == nil && x > 0 && x < 1_300_000 && y > 6_000_000 && y < 7_200_000 {
		out.Lat, out.Lon = fromLambert93(x, y)
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

// fromLambert93 turns RGF93 / Lambert-93 (EPSG:2154) metres into WGS 84 degrees:
// the inverse of the conformal conic, algorithm ALG0004 of IGN's note NT/G 71.
func fromLambert93(x, y float64) (lat, lon float64) {
	const (
		n    = 0.7256077650532670
		c    = 11754255.426096
		xs   = 700000.0
		ys   = 12655612.049876
		ecc  = 0.081819191042816
		lon0 = 3.0
	)
	r := math.Hypot(x-xs, y-ys)
	gamma := math.Atan2(x-xs, ys-y)
	iso := math.Log(c/r) / n
	phi := 2*math.Atan(math.Exp(iso)) - math.Pi/2
	for range 12 {
		sine := ecc * math.Sin(phi)
		phi = 2*math.Atan(math.Pow((1+sine)/(1-sine), ecc/2)*math.Exp(iso)) - math.Pi/2
	}
	return phi * 180 / math.Pi, lon0 + gamma/n*180/math.Pi
}
