package datex2

import (
	"html"
	"slices"
	"strings"
	"time"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

// part is one situationRecord.
type part struct {
	kind, subtype string
	measure       bool // what was decided about the cause, such as a diversion
	ended         bool
	start, end    time.Time
	created       time.Time
	comments      []string
	where         []string
	authority     string
	probability   string
	safety        bool
	impact        string
	vehicles      string // concerned, when not all
	hours         []string
}

// situation reads a situation; false when it is not of the area, or not for the
// public.
func (r *reader) situation(n *node) (source.Record, bool) {
	header := n.child("headerInformation")
	if c := header.at("confidentiality"); c != "" && c != "noRestriction" {
		return source.Record{}, false
	}
	var s spot
	var parts []part
	for _, c := range n.children {
		if c.name == "situationRecord" {
			parts = append(parts, r.part(c))
			s.look(c)
		}
	}
	if len(parts) == 0 {
		return source.Record{}, false
	}
	if !r.wants(&s) {
		return source.Record{}, false
	}
	if n.id == "" {
		return source.Record{}, false
	}
	if over(parts) {
		return source.Record{Item: n.id, Withdrawn: true}, true
	}
	e := r.tell(parts, &s)
	e.Updated = when(n.at("situationVersionTime"), r.opt.Zone)
	e.Extra["overallSeverity"] = n.at("overallSeverity")
	switch status := header.at("informationStatus"); status {
	case "", "real":
	case "test", "technicalExercise":
		e.Status = "test"
	default:
		e.Status = "exercise"
	}
	clean(e.Extra)
	return source.Record{Item: n.id, Value: e}, true
}

func clean(extra map[string]string) {
	for name, value := range extra {
		if value == "" {
			delete(extra, name)
		}
	}
}

func (r *reader) part(n *node) part {
	p := part{kind: n.kind, measure: strings.HasSuffix(n.kind, "Management") || strings.HasPrefix(n.kind, "GeneralInstruction")}
	p.subtype = subtype(n)
	valid := n.child("validity", "validityTimeSpecification")
	p.start, p.end = when(valid.at("overallStartTime"), r.opt.Zone), when(valid.at("overallEndTime"), r.opt.Zone)
	cycle := n.child("management", "lifeCycleManagement")
	p.hours, p.vehicles = r.hours(valid), concerned(n)
	suspended := n.at("validity", "validityStatus") == "suspended"
	p.ended = suspended || cycle.at("end") == "true" || cycle.at("cancel") == "true" || !p.end.IsZero() && !r.time.IsZero() && !p.end.After(r.time)
	p.created = when(n.at("situationRecordCreationTime"), r.opt.Zone)
	p.probability = n.at("probabilityOfOccurrence")
	for _, s := range n.all("safetyRelatedMessage") {
		p.safety = p.safety || s.text == "true"
	}
	owner := n.child("source").at("sourceIdentification")
	if _, after, ok := strings.Cut(owner, "/"); ok {
		owner = after
	}
	p.authority = line(owner)
	if p.authority == "" {
		p.authority = n.child("source", "sourceName").value()
	}
	if impacts()[n.at("impact", "trafficConstrictionType")] != "" {
		p.impact = impacts()[n.at("impact", "trafficConstrictionType")]
	}
	for _, c := range n.children {
		if c.name != "generalPublicComment" {
			continue
		}
		text := c.child("comment").value()
		switch {
		case text == "":
		case c.at("commentType") == "locationDescriptor":
			if !strings.Contains(text, "/") && !strings.HasPrefix(text, "DIR ") { // the services that keep the road
				p.where = append(p.where, strings.TrimPrefix(text, "Point particulier : "))
			}
		default:
			p.comments = append(p.comments, text)
		}
	}
	return p
}

// subtype is the value of the element that says what kind of accident, works or
// measure it is: it ends in Type and its value is known.
func subtype(n *node) string {
	for _, c := range n.children {
		if strings.HasSuffix(c.name, "Type") && c.text != "" && words()[c.text] != "" {
			return c.text
		}
	}
	return ""
}

// over says that a situation has ended: its cause has, and what was decided about
// it but for measures whose end is known and still to come; or where there are
// only measures, all of them.
func over(parts []part) bool {
	cause := slices.ContainsFunc(parts, func(p part) bool { return !p.measure })
	return !slices.ContainsFunc(parts, func(p part) bool { return !p.ended && !(cause && p.measure && p.end.IsZero()) })
}

// tell makes the entry of a situation that stands. Parts that have ended, such as
// last week's closure, are not told.
func (r *reader) tell(parts []part, s *spot) record.Entry {
	e := record.Entry{Language: r.language, Categories: []string{"circulation"}, Place: s.place()}
	e.Extra = map[string]string{"supplier": r.supplier, "roads": strings.Join(s.roads, " ")}
	var what, said, where, hours []string
	open := false
	slices.SortStableFunc(parts, func(a, b part) int { // the cause first
		switch {
		case a.measure == b.measure:
			return 0
		case a.measure:
			return 1
		}
		return -1
	})
	for _, p := range parts {
		if p.ended {
			continue
		}
		what = add(what, p.name()+p.vehicles)
		if p.vehicles == "" {
			what = add(what, p.impact)
		}
		for _, h := range p.hours {
			hours = add(hours, h)
		}
		for _, c := range p.comments {
			said = add(said, c)
		}
		for _, w := range p.where {
			where = add(where, w)
		}
		if !p.start.IsZero() && (e.Starts.IsZero() || p.start.Before(e.Starts)) {
			e.Starts = p.start
		}
		if !p.created.IsZero() && (e.Published.IsZero() || p.created.Before(e.Published)) {
			e.Published = p.created
		}
		open = open || p.end.IsZero() && !p.measure
		if p.end.After(e.Ends) {
			e.Ends = p.end
		}
		if e.Extra["authority"] == "" {
			e.Extra["authority"] = p.authority
		}
		if e.Extra["type"] == "" {
			e.Extra["type"], e.Extra["probability"] = p.kind, p.probability
		}
		if p.safety {
			e.Extra["safety"] = "true"
		}
	}
	if open {
		e.Ends = time.Time{}
	}
	e.Title = strings.Join(what, ", ") + sometimes(hours)
	if at := s.where(); at != "" {
		e.Title = at + " : " + e.Title
	} else {
		e.Title = capital(e.Title)
	}
	facts := strings.Join(append(what, hours...), ", ") + "."
	e.Body = paragraphs(append([]string{facts}, append(said, where...)...), e.Extra["authority"])
	return e
}

// name is the part in words.
func (p part) name() string {
	if w := words()[p.subtype]; w != "" {
		return w
	}
	if w := kinds()[p.kind]; w != "" {
		return w
	}
	return "perturbation de la circulation"
}

func paragraphs(list []string, authority string) string {
	var b strings.Builder
	for _, text := range list {
		if text != "" {
			b.WriteString("<p>" + html.EscapeString(capital(text)) + "</p>")
		}
	}
	if authority != "" {
		b.WriteString("<p>Source : " + html.EscapeString(authority) + ".</p>")
	}
	return b.String()
}

func capital(s string) string {
	for i, r := range s {
		if i == 0 {
			return strings.ToUpper(string(r)) + s[len(string(r)):]
		}
	}
	return s
}
