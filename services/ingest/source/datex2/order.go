package datex2

import (
	"html"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

// mention is what DiaLog's terms ask to be said.
const mention = "Les restrictions publiées ici n’ont pas de valeur juridique : seul l’arrêté fait foi."

// site is where DiaLog shows an order.
const site = "https://dialog.beta.gouv.fr"

// maxTold bounds the restrictions written in a text.
const maxTold = 30

// order reads a traffic order; false when it is not of the area.
func (r *reader) order(n *node) (source.Record, bool) {
	if n.id == "" {
		return source.Record{}, false
	}
	s := spot{authority: n.child("issuingAuthority").value()}
	s.look(n)
	if !r.wants(&s) {
		return source.Record{}, false
	}
	start, end := r.validity(n)
	switch status := n.at("status"); {
	case strings.HasPrefix(status, "draft"), strings.HasPrefix(status, "planned"), status == "proposed":
		return source.Record{}, false
	case strings.Contains(status, "erminated"), strings.Contains(status, "eleted"), !end.IsZero() && !r.time.IsZero() && !end.After(r.time):
		return source.Record{Item: n.id, Withdrawn: true}, true
	}
	number, _, _ := strings.Cut(n.at("regulationId"), "#")
	title := n.child("description").value()
	if title == "" {
		title = "Arrêté de circulation " + number
	}
	e := record.Entry{
		Title: title, Language: "fr", Categories: []string{"circulation", "arrêté"}, Place: s.place(),
		Starts: start, Ends: end, Published: start, Link: r.page(n),
		Extra: map[string]string{"type": "TrafficRegulationOrder", "authority": s.authority, "number": number, "supplier": r.supplier, "roads": strings.Join(s.roads, ", ")},
	}
	clean(e.Extra)
	var b strings.Builder
	b.WriteString("<p>" + html.EscapeString(title) + "</p>")
	if list := r.restrictions(n); len(list) > 0 {
		b.WriteString("<ul>")
		for _, l := range list {
			b.WriteString("<li>" + html.EscapeString(l) + "</li>")
		}
		b.WriteString("</ul>")
	}
	if issued := strings.TrimSpace("Arrêté " + number); s.authority != "" {
		b.WriteString("<p>" + html.EscapeString(issued+", "+s.authority) + ".</p>")
	}
	b.WriteString("<p>" + mention + "</p>")
	e.Body = b.String()
	return source.Record{Item: n.id, URL: e.Link, Value: e}, true
}

// validity is the order's own, else what its restrictions span.
func (r *reader) validity(n *node) (start, end time.Time) {
	specs := []*node{n.child("validityByOrder", "validityTimeSpecification")}
	if specs[0] == nil {
		specs = n.all("validityTimeSpecification")
	}
	open := len(specs) == 0
	for _, v := range specs {
		from, to := when(v.at("overallStartTime"), r.opt.Zone), when(v.at("overallEndTime"), r.opt.Zone)
		if !from.IsZero() && (start.IsZero() || from.Before(start)) {
			start = from
		}
		open = open || to.IsZero()
		if to.After(end) {
			end = to
		}
	}
	if open {
		end = time.Time{}
	}
	return start, end
}

// restrictions tells each regulation once: what, where, which days.
func (r *reader) restrictions(n *node) []string {
	var out []string
	for _, c := range n.children {
		if c.name != "trafficRegulation" || len(out) == maxTold {
			continue
		}
		kind := c.child("typeOfRegulation")
		text := kinds()[""]
		if kind != nil {
			text = regulation(kind)
		}
		var s spot
		s.look(c)
		text += vehicles(c)
		if len(s.roads) > 0 {
			text += " : " + strings.Join(s.roads, ", ")
		}
		if hours := r.hours(c); len(hours) > 0 {
			text += ", " + strings.Join(hours, ", ")
		} else if list := daysOf(c); list != "" {
			text += " (" + list + ")"
		}
		out = add(out, text)
	}
	return out
}

func regulation(kind *node) string {
	for _, c := range kind.children {
		if w := words()[c.text]; w != "" {
			return capital(w)
		}
		if c.name == "speedLimit" || c.name == "maximumSpeedLimit" || strings.HasPrefix(c.name, "maxSpeed") {
			return "Vitesse limitée à " + strings.TrimSuffix(strings.TrimSuffix(c.text, "0"), ".") + " km/h"
		}
	}
	if w := kinds()[kind.kind]; w != "" {
		return capital(w)
	}
	return "Restriction de circulation"
}

// vehicles says to whom a regulation applies, when not to all. Weights are left to
// the order: recorded publications write "at most 7.5 t" for a ban above it.
func vehicles(n *node) string {
	var to []string
	except := false
	n.walk(func(c *node) bool {
		if c.kind != "VehicleCondition" {
			return true
		}
		if c.at("negate") == "true" {
			except = true
			return false
		}
		name := vehicleTypes()[c.at("vehicleCharacteristics", "vehicleType")]
		if name == "" {
			name = "certains véhicules"
		}
		to = add(to, name)
		return false
	})
	text := ""
	if len(to) > 0 {
		text = " pour " + strings.Join(to, ", ")
	}
	if except {
		text += ", sauf exceptions de l’arrêté"
	}
	return text
}

// concerned says to which vehicles a measure of a situation applies, when not to
// all: " pour les poids lourds de plus de 7,5 t".
func concerned(n *node) string {
	var to []string
	for _, c := range n.children {
		if c.name != "forVehiclesWithCharacteristicsOf" {
			continue
		}
		var types []string
		known := true
		for _, v := range c.children {
			if v.name == "vehicleType" && v.text != "anyVehicle" {
				name := vehicleTypes()[v.text]
				types, known = add(types, name), known && name != ""
			}
		}
		limit := above(c)
		switch {
		case !known, len(types) == 0 && limit == "" && c.at("vehicleType") != "anyVehicle":
			types = []string{"certains véhicules"}
		case len(types) == 0 && limit != "":
			types = []string{"les véhicules"}
		case len(types) == 0:
			continue
		}
		to = add(to, strings.Join(types, ", ")+limit)
	}
	if len(to) == 0 {
		return ""
	}
	return " pour " + strings.Join(to, ", ")
}

// above is the weight or size from which vehicles are concerned: " de plus de 7,5 t".
func above(n *node) string {
	for _, c := range n.children {
		for _, m := range []struct{ name, value, unit string }{
			{"grossWeightCharacteristic", "grossVehicleWeight", "t"},
			{"heightCharacteristic", "vehicleHeight", "m de haut"},
			{"widthCharacteristic", "vehicleWidth", "m de large"},
			{"lengthCharacteristic", "vehicleLength", "m de long"},
		} {
			number, err := strconv.ParseFloat(c.at(m.value), 64)
			if c.name == m.name && err == nil && number > 0 && strings.HasPrefix(c.at("comparisonOperator"), "greaterThan") {
				return " de plus de " + strings.Replace(strconv.FormatFloat(number, 'f', -1, 64), ".", ",", 1) + " " + m.unit
			}
		}
	}
	return ""
}

func vehicleTypes() map[string]string {
	return map[string]string{
		"heavyGoodsVehicle": "les poids lourds", "lorry": "les poids lourds", "heavyVehicle": "les poids lourds", "car": "les voitures",
		"articulatedVehicle": "les poids lourds", "tanker": "les camions-citernes", "van": "les camionnettes", "agriculturalVehicle": "les engins agricoles",
		"carOrLightVehicle": "les véhicules légers", "caravan": "les caravanes et remorques", "carWithCaravan": "les caravanes et remorques",
		"vehicleWithCaravan": "les caravanes et remorques", "vehicleWithTrailer": "les caravanes et remorques", "twoWheeledVehicle": "les deux-roues",
		"motorcycle": "les motos", "moped": "les cyclomoteurs", "bicycle": "les vélos", "bus": "les bus", "carWithTrailer": "les caravanes et remorques",
	}
}

// page is the order's public page. A server that does not know its own name
// writes "localhost".
func (r *reader) page(n *node) string {
	for _, c := range n.all("publicUrl") {
		u, err := url.Parse(c.text)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" {
			continue
		}
		if u.Hostname() == "localhost" && r.supplier == "DiaLog" {
			return site + u.EscapedPath()
		}
		if strings.Contains(u.Hostname(), ".") {
			return u.String()
		}
	}
	return ""
}

// incident reads an incident of CIFS; false when it is not of the area.
func (r *reader) incident(n *node) (source.Record, bool) {
	if n.id == "" {
		return source.Record{}, false
	}
	place := n
	if location := n.child("location"); location != nil {
		place = location
	}
	var s spot
	s.look(n)
	s.road(line(place.at("street")))
	if !r.wants(&s) {
		return source.Record{}, false
	}
	start, end := when(n.at("starttime"), r.opt.Zone), when(n.at("endtime"), r.opt.Zone)
	if !end.IsZero() && !r.time.IsZero() && !end.After(r.time) {
		return source.Record{Item: n.id, Withdrawn: true}, true
	}
	what := words()[n.at("subtype")]
	if what == "" {
		what = words()[n.at("type")]
	}
	if what == "" {
		what = "perturbation de la circulation"
	}
	e := record.Entry{
		Title: capital(what), Language: "fr", Categories: []string{"circulation"}, Place: s.place(),
		Starts: start, Ends: end, Published: when(n.at("creationtime"), r.opt.Zone),
		Extra: map[string]string{"type": n.at("type"), "authority": line(n.at("source", "name")), "supplier": "CIFS", "roads": strings.Join(s.roads, ", ")},
	}
	if at := s.where(); at != "" {
		e.Title = at + " : " + what
	}
	clean(e.Extra)
	said := []string{line(n.at("description"))}
	if hours := schedule(n.child("schedule")); len(hours) > 0 {
		e.Title += sometimes(hours)
		said = append(said, strings.Join(hours, ", ")+".")
	}
	if source := n.child("source"); strings.Contains(strings.ToLower(source.at("reference")+" "+source.at("name")), "dialog") {
		said = append(said, mention)
	}
	e.Body = paragraphs(said, e.Extra["authority"])
	return source.Record{Item: n.id, Value: e}, true
}
