package datex2

import (
	"cmp"
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/territory"
)

const (
	maxPoints = 20_000
	// sampled is how many points of a line are looked at to tell its communes.
	sampled   = 16
	maxPlaces = 20
	// namedKm is how far from a position a town it names can be.
	namedKm = 25
)

// Area is where things matter; empty for everywhere.
type Area struct {
	INSEE        []string  `yaml:"insee"`
	Departements []string  `yaml:"departements"`
	Box          []float64 `yaml:"box"` // south, west, north, east
	RadiusKm     float64   `yaml:"radius_km"`
}

func (a Area) everywhere() bool {
	return len(a.INSEE) == 0 && len(a.Departements) == 0 && len(a.Box) == 0
}

// point is latitude and longitude.
type point struct{ lat, lon float64 }

// spot is all that a situation or order says of where it is.
type spot struct {
	points       []point
	roads, towns []string
	authority    string // who issued an order: often a commune
	departement  string // from a reference marker
	codes        []string
	likely       bool // the one code is that of a position
}

var (
	marker   = regexp.MustCompile(`^(\d\d|2[AB]|97\d)PR\d`)
	postcode = regexp.MustCompile(`^(.*), (\d{5}) (.+)$`)
)

// look gathers what a subtree says of places.
func (s *spot) look(n *node) {
	n.walk(func(c *node) bool {
		switch c.name {
		case "latitude":
			return false // read with its parent
		case "posList", "polyline":
			s.list(c.text)
		case "geoJsonGeometry":
			s.geojson(c.text)
		case "roadNumber", "roadName":
			s.road(c.value())
			return false
		case "name":
			switch c.at("tpegOtherPointDescriptorType") {
			case "townName":
				s.towns = add(s.towns, c.child("descriptor").value())
			case "linkName":
				s.roads = add(s.roads, c.child("descriptor").value())
			}
		case "referentIdentifier":
			if m := marker.FindStringSubmatch(c.text); m != nil && s.departement == "" {
				s.departement = m[1]
			}
		}
		if lat, lon := c.child("latitude"), c.child("longitude"); lat != nil && lon != nil {
			s.at(lat.text, lon.text)
		}
		return true
	})
}

func add(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) || len(list) == maxPlaces {
		return list
	}
	return append(list, s)
}

// road adds "N0094" as N94, once, and the town of an address.
func (s *spot) road(name string) {
	if m := postcode.FindStringSubmatch(name); m != nil {
		s.towns = add(s.towns, m[3])
		name = m[1]
	}
	if len(name) > 2 && strings.ContainsAny(name[:1], "ANDMC") && strings.Trim(name[1:], "0123456789") == "" {
		name = name[:1] + strings.TrimLeft(name[1:], "0")
	}
	s.roads = add(s.roads, name)
}

func (s *spot) at(lat, lon string) {
	y, err1 := strconv.ParseFloat(lat, 64)
	x, err2 := strconv.ParseFloat(lon, 64)
	if err1 == nil && err2 == nil {
		s.add(y, x)
	}
}

func (s *spot) add(lat, lon float64) {
	if lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180 && (lat != 0 || lon != 0) && len(s.points) < maxPoints {
		s.points = append(s.points, point{lat, lon})
	}
}

// list reads "lat lon lat lon".
func (s *spot) list(text string) {
	fields := strings.Fields(text)
	for i := 0; i+1 < len(fields); i += 2 {
		s.at(fields[i], fields[i+1])
	}
}

func (s *spot) geojson(text string) {
	var g struct {
		Type        string          `json:"type"`
		Coordinates json.RawMessage `json:"coordinates"`
	}
	if json.Unmarshal([]byte(text), &g) != nil {
		return
	}
	var one [2]float64
	var line [][2]float64
	var lines [][][2]float64
	var shapes [][][][2]float64
	switch g.Type {
	case "Point":
		if json.Unmarshal(g.Coordinates, &one) == nil {
			line = [][2]float64{one}
		}
	case "LineString", "MultiPoint":
		_ = json.Unmarshal(g.Coordinates, &line) // what is broken adds no point
	case "MultiLineString", "Polygon":
		_ = json.Unmarshal(g.Coordinates, &lines)
	case "MultiPolygon":
		_ = json.Unmarshal(g.Coordinates, &shapes)
	}
	for _, shape := range shapes {
		lines = append(lines, shape...)
	}
	for _, l := range append(lines, line) {
		for _, p := range l {
			s.add(p[1], p[0])
		}
	}
}

// resolve finds the communes: those named near the position, else those its points
// are in, home first. Points are sorted first: a publication writes the pieces of a line
// in any order.
func (s *spot) resolve(home []string) {
	defer func() { slices.Sort(s.codes) }()
	france := territory.France()
	slices.SortFunc(s.points, func(a, b point) int { return cmp.Or(cmp.Compare(a.lat, b.lat), cmp.Compare(a.lon, b.lon)) })
	names := s.towns
	if len(names) == 0 && s.authority != "" {
		names = []string{s.authority}
	}
	for _, name := range names {
		if c, ok := s.named(name); ok && !slices.Contains(s.codes, c) {
			s.codes = append(s.codes, c)
		}
	}
	if len(s.codes) > 0 {
		return
	}
	step := max(1, len(s.points)/sampled)
	for i := 0; i < len(s.points) && len(s.codes) < maxPlaces; i += step {
		if c, ok := france.At(s.points[i].lat, s.points[i].lon, home...); ok && !slices.Contains(s.codes, c.Code) {
			s.codes = append(s.codes, c.Code)
		}
	}
	s.likely = len(s.codes) == 1 && !slices.Contains(home, s.codes[0])
}

// named is the commune of that name nearest to the position. Without a position,
// the name must be of one commune of the département that is known.
func (s *spot) named(name string) (string, bool) {
	folded := territory.Fold(name)
	for _, prefix := range []string{"mairie de ", "mairie d ", "commune de ", "commune d ", "ville de ", "ville d "} {
		if rest, ok := strings.CutPrefix(folded, prefix); ok {
			folded = rest
			break
		}
	}
	list := territory.France().ByName(folded, s.departement)
	if len(s.points) == 0 {
		if len(list) == 1 && (s.departement != "" || s.authority == "") {
			return list[0].Code, true
		}
		return "", false
	}
	best, code := float64(namedKm), ""
	centre := s.centre()
	for _, c := range list {
		if d := territory.DistanceKm(c.Lat, c.Lon, centre.lat, centre.lon); d <= best {
			best, code = d, c.Code
		}
	}
	return code, code != ""
}

// around is a box that holds an area with room to spare: what has positions and
// none in it need not be looked at.
type around struct{ south, west, north, east float64 }

// margin is how far a commune reaches from its centroid, in degrees.
const margin = 0.5

func (a Area) around() *around {
	if a.everywhere() {
		return nil
	}
	b := &around{south: 90, west: 180, north: -90, east: -180}
	hold := func(lat, lon float64) {
		b.south, b.north = min(b.south, lat), max(b.north, lat)
		b.west, b.east = min(b.west, lon), max(b.east, lon)
	}
	france := territory.France()
	for _, code := range a.INSEE {
		c, _ := france.Commune(code)
		if !c.Located() {
			return nil
		}
		hold(c.Lat, c.Lon)
	}
	for _, code := range a.Departements {
		for _, c := range france.In(code) {
			if c.Located() {
				hold(c.Lat, c.Lon)
			}
		}
	}
	if len(a.Box) == 4 {
		hold(a.Box[0], a.Box[1])
		hold(a.Box[2], a.Box[3])
	}
	room := margin + a.RadiusKm/60
	return &around{south: b.south - room, west: b.west - room, north: b.north + room, east: b.east + room}
}

func (b *around) misses(s *spot) bool {
	return b != nil && len(s.points) > 0 && !slices.ContainsFunc(s.points, func(p point) bool {
		return p.lat >= b.south && p.lat <= b.north && p.lon >= b.west && p.lon <= b.east
	})
}

// wants resolves a spot and reports whether it is of the area.
func (r *reader) wants(s *spot) bool {
	if r.near.misses(s) {
		return false
	}
	s.resolve(r.opt.Area.INSEE)
	return s.in(r.opt.Area)
}

// in reports whether a spot is of an area.
func (s *spot) in(a Area) bool {
	if a.everywhere() {
		return true
	}
	for _, code := range s.codes {
		if slices.Contains(a.INSEE, code) || slices.Contains(a.INSEE, territory.Parent(code)) || slices.Contains(a.Departements, territory.DepartementOf(code)) {
			return true
		}
	}
	if len(s.codes) == 0 && s.departement != "" && slices.Contains(a.Departements, s.departement) {
		return true
	}
	if len(a.Box) == 4 && slices.ContainsFunc(s.points, func(p point) bool {
		return p.lat >= a.Box[0] && p.lon >= a.Box[1] && p.lat <= a.Box[2] && p.lon <= a.Box[3]
	}) {
		return true
	}
	if a.RadiusKm <= 0 {
		return false
	}
	for _, code := range a.INSEE {
		c, ok := territory.France().Commune(code)
		if ok && c.Located() && slices.ContainsFunc(s.points, func(p point) bool {
			return territory.DistanceKm(c.Lat, c.Lon, p.lat, p.lon) <= a.RadiusKm
		}) {
			return true
		}
	}
	return false
}

// centre is the point nearest to the middle of them all.
func (s *spot) centre() point {
	low, high := s.points[0], s.points[0]
	for _, p := range s.points {
		low = point{min(low.lat, p.lat), min(low.lon, p.lon)}
		high = point{max(high.lat, p.lat), max(high.lon, p.lon)}
	}
	middle := point{(low.lat + high.lat) / 2, (low.lon + high.lon) / 2}
	away := func(p point) float64 { return math.Hypot(p.lat-middle.lat, p.lon-middle.lon) }
	best := s.points[0]
	for _, p := range s.points {
		if away(p) < away(best) {
			best = p
		}
	}
	return best
}

// place is the spot as a record holds it.
func (s *spot) place() *record.Place {
	if len(s.points) == 0 && len(s.codes) == 0 && len(s.roads) == 0 && s.departement == "" {
		return nil
	}
	p := &record.Place{Name: strings.Join(s.roads[:min(len(s.roads), 3)], ", "), INSEE: s.codes}
	if s.likely { // the normaliser knows whose home it may be
		p.INSEE = nil
	}
	if len(s.towns) > 0 {
		p.City = s.towns[0]
	}
	if len(s.codes) == 0 && s.departement != "" {
		p.INSEE = []string{s.departement}
	}
	if len(s.points) > 0 {
		centre := s.centre()
		p.Lat, p.Lon = &centre.lat, &centre.lon
	}
	return p
}

// where is the spot in a title: "N94, Prunières".
func (s *spot) where() string {
	parts := slices.Clone(s.roads[:min(len(s.roads), 2)])
	return strings.Join(append(parts, s.towns[:min(len(s.towns), 2)]...), ", ")
}
