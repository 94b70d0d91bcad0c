package rows

import (
	"cmp"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/projection"
)

// place reads where a row is; nil where it says nothing.
func (r Reader) place(row map[string]any) *record.Place {
	p := record.Place{
		Name: Line(Text(value(row, r.PlaceName))), Address: Line(Text(value(row, r.Address))),
		City: Line(cmp.Or(Text(value(row, r.City)), r.Defaults["city"])), Postcode: Text(value(row, r.Postcode)),
	}
	for _, code := range strings.FieldsFunc(cmp.Or(Text(value(row, r.INSEE)), r.Defaults["insee"]), func(c rune) bool { return c == ',' || c == ';' || c == ' ' }) {
		if len(code) == 4 { // 01004 read as a number by a spreadsheet
			code = "0" + code
		}
		if len(code) == 5 {
			p.INSEE = append(p.INSEE, code)
		}
	}
	if p.Lat, p.Lon = r.coordinates(row); p.Lat == nil {
		geometry(value(row, r.Geometry), &p)
	}
	if p.Name == "" && p.Address == "" && p.City == "" && p.Postcode == "" && len(p.INSEE) == 0 && p.Lat == nil && p.GeoJSON == "" {
		return nil
	}
	return &p
}

func (r Reader) coordinates(row map[string]any) (lat, lon *float64) {
	y, okY := Number(value(row, r.Latitude))
	x, okX := Number(value(row, r.Longitude))
	if okY && okX {
		return position(x, y, projection.Unknown)
	}
	v := value(row, r.Point)
	switch v := v.(type) {
	case []any:
		if len(v) == 2 {
			return pair(v[0], v[1])
		}
	case map[string]any:
		if v["type"] != "Point" {
			return pair(v["lat"], v["lon"])
		}
	case string:
		if numbers := coordinatesIn(v); !isWKT(v) && (len(numbers) == 2 || len(numbers) == 3) {
			return position(numbers[1], numbers[0], projection.Unknown)
		}
	}
	var p record.Place
	geometry(v, &p)
	return p.Lat, p.Lon
}

func pair(a, b any) (lat, lon *float64) {
	y, okY := Number(a)
	x, okX := Number(b)
	if !okY || !okX {
		return nil, nil
	}
	return position(x, y, projection.Unknown)
}

// position gives the degrees of a point: those of metropolitan France are known
// from each other in whichever order they stand, and what is no degrees is metres
// of a projection.
func position(x, y float64, epsg int) (lat, lon *float64) {
	degrees := epsg == projection.Unknown && x >= -180 && x <= 180 && y >= -180 && y <= 180
	switch {
	case !degrees:
		var ok bool
		if y, x, ok = projection.Degrees(x, y, epsg); !ok {
			return nil, nil
		}
	case !projection.InFrance(y, x) && projection.InFrance(x, y):
		x, y = y, x
	}
	return Point(y, x)
}

// Point refuses what is not on Earth in WGS 84 and (0, 0), which is a field left empty.
func Point(lat, lon float64) (*float64, *float64) {
	if !(lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180) || lat == 0 && lon == 0 {
		return nil, nil
	}
	return &lat, &lon
}

var (
	dotted  = regexp.MustCompile(`-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?`)
	commaed = regexp.MustCompile(`-?\d+(?:,\d+)?`)
)

// coordinatesIn are the numbers of a text such as "43.93, 2.14", "43.93 2.14" or
// "43,93 ; 2,14".
func coordinatesIn(s string) []float64 {
	if len(s) > 100 {
		return nil
	}
	form := commaed
	if strings.Contains(s, ".") {
		form = dotted
	}
	var numbers []float64
	for _, n := range form.FindAllString(s, 4) {
		f, err := strconv.ParseFloat(strings.Replace(n, ",", ".", 1), 64)
		if err != nil {
			return nil
		}
		numbers = append(numbers, f)
	}
	return numbers
}

// maxGeometryBytes bounds a geometry kept: a road is well below.
const maxGeometryBytes = 64 << 10

// geometry keeps in p a geometry of GeoJSON or WKT, in degrees; a point becomes
// coordinates. One in a projection that is not known is none.
func geometry(v any, p *record.Place) {
	if s, ok := v.(string); ok {
		if isWKT(s) {
			v = fromWKT(s)
		} else {
			v, _ = Inner(s)
		}
	}
	g, ok := v.(map[string]any)
	if !ok {
		return
	}
	if g["type"] == "Feature" {
		if g, ok = g["geometry"].(map[string]any); !ok {
			return
		}
	}
	epsg := projection.Named(Text(At(g["crs"], "properties.name"))) // GeoJSON had it before RFC 7946
	kind, _ := g["type"].(string)
	switch kind {
	case "Point":
		x, okX := Number(At(g, "coordinates[0]"))
		y, okY := Number(At(g, "coordinates[1]"))
		if okX && okY {
			p.Lat, p.Lon = position(x, y, epsg)
		}
		return
	case "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection":
	default:
		return
	}
	if g, ok = inDegrees(g, epsg); !ok {
		return
	}
	if text, err := json.Marshal(g); err == nil && len(text) <= maxGeometryBytes {
		p.GeoJSON = string(text)
	}
}

// inDegrees gives a geometry as RFC 7946 wants it; ok is false where its
// coordinates are neither degrees nor in a projection that is known.
func inDegrees(g map[string]any, epsg int) (out map[string]any, ok bool) {
	out = make(map[string]any, len(g))
	for name, v := range g {
		switch name {
		case "crs":
			continue
		case "coordinates":
			if v, ok = turned(v, epsg); !ok {
				return nil, false
			}
		case "geometries":
			var parts []any
			for _, part := range List(v) {
				inner, _ := part.(map[string]any)
				if inner, ok = inDegrees(inner, epsg); !ok {
					return nil, false
				}
				parts = append(parts, inner)
			}
			v = parts
		}
		out[name] = v
	}
	return out, true
}

// turned converts the positions in nested lists. Those that are degrees already
// stay as they are written.
func turned(v any, epsg int) (any, bool) {
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	if len(list) >= 2 {
		x, okX := Number(list[0])
		y, okY := Number(list[1])
		if okX && okY {
			lat, lon := position(x, y, epsg)
			switch {
			case lat == nil && (x != 0 || y != 0):
				return nil, false
			case lat == nil || *lat == y && *lon == x:
				return list, true
			}
			return []any{*lon, *lat}, true
		}
	}
	out := make([]any, len(list))
	for i, part := range list {
		if out[i], ok = turned(part, epsg); !ok {
			return nil, false
		}
	}
	return out, true
}
