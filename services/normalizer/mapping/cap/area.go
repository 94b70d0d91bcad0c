package cap

import (
	"slices"
	"strconv"
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/territory"
)

// Limits of what an alert may draw: beyond, shapes are left to their codes.
const (
	maxAreas    = 200
	maxPoints   = 2000
	maxCommunes = 300 // in a shape; beyond, their départements are named instead
)

func areas(list []record.AlertArea) []events.Area {
	var out []events.Area
	for _, a := range list[:min(len(list), maxAreas)] {
		out = append(out, area(a))
	}
	return out
}

// area finds the INSEE codes of a CAP area: from its geocodes, else from its
// description when it is a département's name, else from its shape.
func area(a record.AlertArea) events.Area {
	france := territory.France()
	out := events.Area{Name: strings.Join(strings.Fields(a.Description), " ")}
	names := make([]string, 0, len(a.Geocodes))
	for n := range a.Geocodes {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		for _, v := range a.Geocodes[n] {
			out.INSEE = append(out.INSEE, geocode(france, n, v)...)
		}
	}
	if len(out.INSEE) == 0 && out.Name != "" {
		if d, ok := france.DepartementByName(out.Name); ok {
			out.INSEE = []string{d.Code}
		}
	}
	if len(out.INSEE) == 1 { // "Alpes de Haute Provence"
		if d, ok := france.Departement(out.INSEE[0]); ok && territory.Fold(d.Name) == territory.Fold(out.Name) {
			out.Name = d.Name
		}
	}
	for _, p := range a.Polygons {
		if ring := polygon(p); len(ring) >= 4 && len(ring) <= maxPoints {
			out.Polygons = append(out.Polygons, ring)
		}
	}
	if len(out.INSEE) == 0 {
		out.INSEE = inShape(france, out.Polygons, a.Circles)
	}
	slices.Sort(out.INSEE)
	out.INSEE = slices.Compact(out.INSEE)
	return out
}

func geocode(france *territory.Territory, name, value string) []string {
	value = strings.TrimSpace(value)
	switch strings.ToUpper(name) {
	case "INSEE", "COMMUNE", "CODE_INSEE", "COG":
		if _, ok := france.Commune(strings.ToUpper(value)); ok {
			return []string{strings.ToUpper(value)}
		}
		return nil
	case "DEPARTEMENT", "DEP":
		if _, ok := france.Departement(strings.ToUpper(value)); ok {
			return []string{strings.ToUpper(value)}
		}
		return nil
	}
	return france.Zone(name, value)
}

// polygon reads "lat,lon lat,lon …"; nil when it is not one.
func polygon(s string) []events.Point {
	var ring []events.Point
	for pair := range strings.FieldsSeq(s) {
		p, ok := point(pair)
		if !ok || len(ring) > maxPoints {
			return nil
		}
		ring = append(ring, p)
	}
	return ring
}

func point(pair string) (events.Point, bool) {
	lat, lon, ok := strings.Cut(pair, ",")
	if !ok {
		return events.Point{}, false
	}
	y, err1 := strconv.ParseFloat(lat, 64)
	x, err2 := strconv.ParseFloat(lon, 64)
	if err1 != nil || err2 != nil || !(y >= -90 && y <= 90 && x >= -180 && x <= 180) {
		return events.Point{}, false
	}
	return events.Point{Lat: y, Lon: x}, true
}

func inShape(france *territory.Territory, polygons [][]events.Point, circles []string) []string {
	var found []territory.Commune
	for _, p := range polygons {
		ring := make(territory.Ring, len(p))
		for i, q := range p {
			ring[i] = [2]float64{q.Lat, q.Lon}
		}
		found = append(found, france.Inside(ring)...)
	}
	for _, c := range circles {
		centre, radius, _ := strings.Cut(strings.TrimSpace(c), " ")
		p, ok := point(centre)
		km, err := strconv.ParseFloat(strings.TrimSpace(radius), 64)
		if !ok || err != nil {
			continue
		}
		near := france.Within(p.Lat, p.Lon, km)
		if len(near) == 0 { // a circle smaller than a commune
			if c, ok := france.At(p.Lat, p.Lon); ok {
				near = []territory.Commune{c}
			}
		}
		found = append(found, near...)
	}
	var codes []string
	for _, c := range found {
		if len(found) > maxCommunes {
			codes = append(codes, c.Departement)
		} else {
			codes = append(codes, c.Code)
		}
	}
	return codes
}
