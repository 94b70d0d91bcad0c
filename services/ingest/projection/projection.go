package projection

import (
	"math"
	"regexp"
	"strconv"
)

// Codes of projections.
const (
	Unknown     = 0 // told by where the coordinates are
	Lambert93   = 2154
	WebMercator = 3857
	// firstConic is CC42; CC43 follows, and so on to CC50.
	firstConic, lastConic = 3942, 3950
)

// The ellipsoid GRS 80.
const (
	axis         = 6378137.0
	eccentricity = 0.0818191910428158
)

var code = regexp.MustCompile(`(?i)epsg(?::{1,2}(?:[\d.]*:)?|/\d[\d.]*/|\.xml#)(\d{4,6})$`)

// Named gives the code in the name of a reference system, such as
// urn:ogc:def:crs:EPSG::2154; Unknown where it says degrees or nothing.
func Named(name string) int {
	m := code.FindStringSubmatch(name)
	if m == nil || m[1] == "4326" || m[1] == "4258" || m[1] == "4171" {
		return Unknown
	}
	n, _ := strconv.Atoi(m[1]) // digits by the pattern
	return n
}

// Degrees gives the latitude and longitude of a point in metres; ok is false where
// it is not in metropolitan France, or in a projection that is not known.
func Degrees(x, y float64, epsg int) (lat, lon float64, ok bool) {
	if math.IsNaN(x) || math.IsNaN(y) {
		return 0, 0, false
	}
	switch {
	case epsg == Unknown && x < 1_300_000 && y > 6_000_000 && y < 7_200_000:
		if lat, lon, ok = Degrees(x, y, Lambert93); ok {
			return lat, lon, true
		}
		return Degrees(x, y, zone(y))
	case epsg == Unknown && x > 1_000_000 && x < 2_400_000:
		return Degrees(x, y, zone(y))
	case epsg == Lambert93:
		lat, lon = conic{44, 49, 46.5, 700_000, 6_600_000}.degrees(x, y)
	case epsg >= firstConic && epsg <= lastConic:
		middle := float64(epsg - firstConic + 42)
		lat, lon = conic{middle - 0.75, middle + 0.75, middle, 1_700_000, (middle-41)*1e6 + 200_000}.degrees(x, y)
	case epsg == WebMercator || epsg == 900913:
		lat, lon = (2*math.Atan(math.Exp(y/axis))-math.Pi/2)*180/math.Pi, x/axis*180/math.Pi
	default:
		return 0, 0, false
	}
	if !InFrance(lat, lon) {
		return 0, 0, false
	}
	return round(lat), round(lon), true
}

// round keeps a centimetre.
func round(degrees float64) float64 { return math.Round(degrees*1e7) / 1e7 }

// InFrance reports whether a point is around metropolitan France.
func InFrance(lat, lon float64) bool { return lat > 41 && lat < 51.5 && lon > -5.5 && lon < 10 }

// zone is the conic whose origin is nearest to y.
func zone(y float64) int { return firstConic - 1 + int(math.Round((y-200_000)/1e6)) }

// A conic is a Lambert projection of two standard parallels, in degrees, on the
// meridian 3° E; east and north are what its origin is given.
type conic struct{ south, north, origin, east, northing float64 }

func (c conic) degrees(x, y float64) (lat, lon float64) {
	south, north, origin := c.south*math.Pi/180, c.north*math.Pi/180, c.origin*math.Pi/180
	n := math.Log(scale(south)/scale(north)) / math.Log(isometric(south)/isometric(north))
	f := axis * scale(south) / (n * math.Pow(isometric(south), n))
	up := f*math.Pow(isometric(origin), n) - (y - c.northing)
	t := math.Pow(math.Hypot(x-c.east, up)/f, 1/n)
	phi := math.Pi/2 - 2*math.Atan(t)
	for range 12 {
		sine := eccentricity * math.Sin(phi)
		phi = math.Pi/2 - 2*math.Atan(t*math.Pow((1-sine)/(1+sine), eccentricity/2))
	}
	return phi * 180 / math.Pi, 3 + math.Atan2(x-c.east, up)/n*180/math.Pi
}

func scale(phi float64) float64 {
	sine := eccentricity * math.Sin(phi)
	return math.Cos(phi) / math.Sqrt(1-sine*sine)
}

func isometric(phi float64) float64 {
	sine := eccentricity * math.Sin(phi)
	return math.Tan(math.Pi/4-phi/2) / math.Pow((1-sine)/(1+sine), eccentricity/2)
}
