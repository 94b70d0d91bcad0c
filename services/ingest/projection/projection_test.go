package projection

import (
	"math"
	"testing"
)

func TestDegrees(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		x, y     float64
		epsg     int
		lat, lon float64 // both 0 for refused
		within   float64
	}{
		"origin of Lambert-93":            {700_000, 6_600_000, Lambert93, 46.5, 3, 1e-6},
		"a station, to the metre":         {567_613, 6_325_598, Unknown, 44.016925576, 1.348806124, 1e-6},
		"Ajaccio":                         {1_176_000, 6_110_000, Unknown, 41.92, 8.73, 0.05},
		"origin of CC46":                  {1_700_000, 5_200_000, 3946, 46, 3, 1e-6},
		"Lyon in CC46, told by its place": {1_842_000, 5_175_000, Unknown, 45.76, 4.83, 0.02},
		"Quimper in CC48":                 {1_171_000, 7_223_000, Unknown, 48, -4.1, 0.05},
		"Albi in Web Mercator":            {238_440, 5_454_600, WebMercator, 43.93, 2.142, 0.01},
		"overseas":                        {340_000, 7_650_000, Unknown, 0, 0, 0},
		"degrees":                         {2.14, 43.93, Unknown, 0, 0, 0},
		"another projection":              {700_000, 6_600_000, 2975, 0, 0, 0},
		"no number":                       {math.NaN(), 6_600_000, Unknown, 0, 0, 0},
		"infinite":                        {700_000, math.Inf(1), Lambert93, 0, 0, 0},
	} {
		lat, lon, ok := Degrees(c.x, c.y, c.epsg)
		if ok != (c.within > 0) || ok && (math.Abs(lat-c.lat) > c.within || math.Abs(lon-c.lon) > c.within) {
			t.Errorf("%s: %.6f %.6f %t", name, lat, lon, ok)
		}
	}
}

func TestNamed(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{
		"EPSG:2154": 2154, "urn:ogc:def:crs:EPSG::3946": 3946, "urn:ogc:def:crs:EPSG:6.9:2154": 2154, "http://www.opengis.net/def/crs/EPSG/0/3857": 3857, "http://www.opengis.net/gml/srs/epsg.xml#2154": 2154,
		"EPSG:4326": 0, "urn:ogc:def:crs:OGC:1.3:CRS84": 0, "": 0,
	} {
		if got := Named(name); got != want {
			t.Errorf("%s: got %d", name, got)
		}
	}
}
