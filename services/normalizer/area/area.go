package area

import (
	"encoding/json"
	"html"
	"slices"
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/territory"
)

// Resolve returns where a message applies. title and body are folded.
func (h *Home) Resolve(places []record.Place, title, body string) []events.Area {
	var areas []events.Area
	named := h.mentions(title, "")
	for _, p := range places {
		if a, ok := h.place(p, named); ok {
			areas = append(areas, a)
		}
	}
	if len(areas) > 0 && len(areas[0].INSEE) > 0 {
		return areas
	}
	codes := h.mentions(title, body)
	if len(codes) == 0 {
		codes = h.postcodes(body)
	}
	if len(codes) == 0 {
		codes = h.Codes()
	}
	if len(areas) > 0 { // a place without a commune: at home
		areas[0].INSEE = codes
		return areas
	}
	if len(codes) == 0 {
		return nil
	}
	return []events.Area{{Name: name(codes), INSEE: codes}}
}

// name is the name of a single code's commune or département.
func name(codes []string) string {
	if len(codes) != 1 {
		return ""
	}
	france := territory.France()
	if c, ok := france.Commune(codes[0]); ok {
		return c.Name
	}
	if d, ok := france.Departement(codes[0]); ok {
		return d.Name
	}
	return ""
}

// place resolves what the record says of a place; false when it says nothing.
// named are the communes of the home in the title.
func (h *Home) place(p record.Place, named []string) (events.Area, bool) {
	france := territory.France()
	a := events.Area{Place: words(p.Name, p.Address)}
	if pt, ok := position(p); ok {
		a.Point = &pt
	}
	for _, code := range p.INSEE {
		code = strings.ToUpper(strings.TrimSpace(code))
		if _, ok := france.Commune(code); ok {
			a.INSEE = append(a.INSEE, code)
		} else if _, ok := france.Departement(code); ok {
			a.INSEE = append(a.INSEE, code)
		}
	}
	if len(a.INSEE) == 0 {
		if c, ok := h.commune(p); ok {
			a.INSEE = []string{c}
		} else if a.Point != nil {
			a.INSEE = h.at(*a.Point, named)
		}
	}
	a.Name = name(a.INSEE)
	return a, len(a.INSEE) > 0 || a.Point != nil || a.Place != ""
}

// at finds the commune of a position: of those that it may be in, one that the title
// names, then one of the home. Those of arrondissements are at home all together:
// where each lies is not known.
func (h *Home) at(p events.Point, named []string) []string {
	france := territory.France()
	c, ok := france.At(p.Lat, p.Lon, named...)
	if !ok {
		return nil
	}
	if !slices.Contains(named, c.Code) {
		c, _ = france.At(p.Lat, p.Lon, h.around...)
	}
	if own := h.arrondissements[c.Code]; own != nil {
		return slices.Clone(own)
	}
	return []string{c.Code}
}

// commune finds the commune of a post code and a city, either of which may be
// missing or wrong. A name alone must be of one commune, or of the home's
// département.
func (h *Home) commune(p record.Place) (string, bool) {
	france := territory.France()
	city := territory.Fold(html.UnescapeString(p.City))
	if i := strings.Index(city, " cedex"); i > 0 {
		city = city[:i]
	}
	postcode := strings.TrimSpace(p.Postcode)
	if postcode == "" {
		postcode = firstPostcode(p.Address)
	}
	list := france.ByPostcode(postcode)
	for _, c := range list {
		if city == territory.Fold(c.Name) {
			return c.Code, true
		}
	}
	if city != "" {
		hint := ""
		if len(postcode) == 5 {
			hint = territory.DepartementOf(postcode) // nearly always; Corsica's 20 has none
		}
		for _, d := range []string{hint, h.departement, ""} {
			found := france.ByName(city, d)
			if len(found) > 0 && (d != "" || len(found) == 1 || found[0].Population > 10*found[1].Population) {
				return found[0].Code, true
			}
		}
		if c := arrondissement(city); c != "" {
			return c, true
		}
	}
	if len(list) > 0 && (city == "" || len(list) == 1) {
		return list[0].Code, true
	}
	return "", false
}

// arrondissement reads "paris 12", "lyon 3e" and their like.
func arrondissement(city string) string {
	for name, code := range map[string]string{"paris ": "75056", "lyon ": "69123", "marseille ": "13055"} {
		if rest, ok := strings.CutPrefix(city, name); ok && rest != "" && rest[0] >= '0' && rest[0] <= '9' {
			return code
		}
	}
	return ""
}

// position returns a place's coordinates. (0, 0) and what is not on Earth are
// mistakes.
func position(p record.Place) (events.Point, bool) {
	if p.Lat != nil && p.Lon != nil {
		if pt, ok := valid(*p.Lat, *p.Lon); ok {
			return pt, true
		}
	}
	if p.GeoJSON == "" {
		return events.Point{}, false
	}
	var g struct {
		Type        string          `json:"type"`
		Coordinates json.RawMessage `json:"coordinates"`
	}
	if json.Unmarshal([]byte(p.GeoJSON), &g) != nil {
		return events.Point{}, false
	}
	lon, lat, ok := firstPosition(g.Coordinates, 0)
	if !ok {
		return events.Point{}, false
	}
	return valid(lat, lon)
}

func valid(lat, lon float64) (events.Point, bool) {
	if lat == 0 && lon == 0 || !(lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180) {
		return events.Point{}, false
	}
	return events.Point{Lat: lat, Lon: lon}, true
}

// firstPosition returns the first position of a geometry's coordinates,
// however deep (RFC 7946, section 3.1).
func firstPosition(raw json.RawMessage, depth int) (lon, lat float64, ok bool) {
	var pair []float64
	if json.Unmarshal(raw, &pair) == nil {
		if len(pair) < 2 {
			return 0, 0, false
		}
		return pair[0], pair[1], true
	}
	var list []json.RawMessage
	if depth > 4 || json.Unmarshal(raw, &list) != nil || len(list) == 0 {
		return 0, 0, false
	}
	return firstPosition(list[0], depth+1)
}

// words joins a name and an address that does not repeat it.
func words(name, address string) string {
	name, address = strings.Join(strings.Fields(name), " "), strings.Join(strings.Fields(address), " ")
	switch {
	case name == "" || strings.Contains(address, name):
		return address
	case address == "" || strings.Contains(name, address):
		return name
	}
	return name + ", " + address
}

// firstPostcode returns the first five digits in a row of an address.
func firstPostcode(s string) string {
	run := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] >= '0' && s[i] <= '9' {
			run++
			continue
		}
		if run == 5 {
			return s[i-5 : i]
		}
		run = 0
	}
	return ""
}

// postcodes returns the communes of the home that post codes in a text serve.
func (h *Home) postcodes(folded string) []string {
	if h.byName == nil {
		return nil
	}
	code := firstPostcode(folded)
	if code == "" || territory.DepartementOf(code) != h.departement {
		return nil
	}
	var codes []string
	for _, c := range territory.France().ByPostcode(code) {
		if h.byName[territory.Fold(c.Name)] == c.Code {
			codes = append(codes, c.Code)
		}
	}
	return codes
}
