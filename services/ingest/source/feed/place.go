package feed

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/mmcdole/gofeed"
	ext "github.com/mmcdole/gofeed/extensions"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/projection"
)

// maxPositions bounds a geometry.
const maxPositions = 5000

// place reads GeoRSS-Simple, GeoRSS-GML (https://docs.ogc.org/cs/17-002r1) and
// W3C Basic Geo, and the location of the event module.
func place(i *gofeed.Item) *record.Place {
	p := located(i)
	for _, e := range i.Extensions["ev"]["location"] {
		if name := title(e.Value); name != "" && !strings.Contains(name, "://") {
			if p == nil {
				p = &record.Place{}
			}
			p.Name = name
			break
		}
	}
	return p
}

func located(i *gofeed.Item) *record.Place {
	geo, georss := i.Extensions["geo"], i.Extensions["georss"]
	for _, points := range [][]ext.Extension{georss["point"], found(georss["where"], "Point", "pos"), found(i.Extensions["gml"]["Point"], "pos")} {
		for _, e := range points {
			if at := positions(e.Value, e.Attrs["srsName"]); len(at) == 1 {
				return point(at[0])
			}
		}
	}
	lats, lons := append(geo["lat"], found(geo["Point"], "lat")...), append(geo["long"], found(geo["Point"], "long")...)
	if len(lats) > 0 && len(lons) > 0 {
		if at := positions(lats[0].Value+" "+lons[0].Value, ""); len(at) == 1 {
			return point(at[0])
		}
	}
	return shape(georss)
}

// found are the descendants of elements by a path of names, with the srsName of the
// nearest element that has one.
func found(elements []ext.Extension, path ...string) []ext.Extension {
	for _, name := range path {
		var next []ext.Extension
		for _, e := range elements {
			for _, child := range e.Children[name] {
				if srs := e.Attrs["srsName"]; srs != "" && child.Attrs["srsName"] == "" {
					child.Attrs = map[string]string{"srsName": srs}
				}
				next = append(next, child)
			}
		}
		elements = next
	}
	return elements
}

// shape reads the first geometry that is no point.
func shape(georss map[string][]ext.Extension) *record.Place {
	where := georss["where"]
	for _, form := range []struct {
		kind  string
		where []ext.Extension
	}{
		{"Polygon", georss["polygon"]},
		{"Polygon", found(where, "Polygon", "exterior", "LinearRing", "posList")},
		{"LineString", georss["line"]},
		{"LineString", found(where, "LineString", "posList")},
		{"box", georss["box"]},
	} {
		for _, e := range form.where {
			if g := geometry(form.kind, positions(e.Value, e.Attrs["srsName"])); g != nil {
				return g
			}
		}
	}
	for _, e := range found(where, "Envelope") {
		corners := append(found([]ext.Extension{e}, "lowerCorner"), found([]ext.Extension{e}, "upperCorner")...)
		if len(corners) == 2 {
			return geometry("box", positions(corners[0].Value+" "+corners[1].Value, corners[0].Attrs["srsName"]))
		}
	}
	return nil
}

// geometry writes positions as GeoJSON, longitude first.
func geometry(kind string, at [][2]float64) *record.Place {
	if kind == "box" {
		if len(at) != 2 {
			return nil
		}
		low, high := at[0], at[1]
		kind, at = "Polygon", [][2]float64{low, {low[0], high[1]}, high, {high[0], low[1]}, low}
	}
	if len(at) < 2 || kind == "Polygon" && len(at) < 4 {
		return nil
	}
	turned := make([][2]float64, len(at))
	for i, p := range at {
		turned[i] = [2]float64{p[1], p[0]}
	}
	var coordinates any = turned
	if kind == "Polygon" {
		if turned[0] != turned[len(turned)-1] {
			turned = append(turned, turned[0])
		}
		coordinates = [][][2]float64{turned}
	}
	text, err := json.Marshal(struct {
		Type        string `json:"type"`
		Coordinates any    `json:"coordinates"`
	}{kind, coordinates})
	if err != nil {
		return nil
	}
	return &record.Place{GeoJSON: string(text)}
}

// positions reads latitudes and longitudes in WGS 84 degrees, or metres in the
// reference system srs, with spaces or commas between; nil where one cannot be.
func positions(s, srs string) [][2]float64 {
	numbers := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '\n' || r == '\t' || r == '\r' })
	if len(numbers)%2 != 0 || len(numbers) > 2*maxPositions {
		return nil
	}
	epsg := projection.Named(srs)
	var out [][2]float64
	for i := 0; i < len(numbers); i += 2 {
		lat, errLat := strconv.ParseFloat(numbers[i], 64)
		lon, errLon := strconv.ParseFloat(numbers[i+1], 64)
		ok := lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180
		if epsg != projection.Unknown {
			lat, lon, ok = projection.Degrees(lat, lon, epsg)
		}
		if errLat != nil || errLon != nil || !ok {
			return nil
		}
		out = append(out, [2]float64{lat, lon})
	}
	return out
}

// point refuses (0, 0), which is no place but a field left empty.
func point(at [2]float64) *record.Place {
	if at == [2]float64{} {
		return nil
	}
	lat, lon := at[0], at[1]
	return &record.Place{Lat: &lat, Lon: &lon}
}
