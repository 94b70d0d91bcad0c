package rows

import (
	"cmp"
	"maps"
	"mime"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/ingest/dates"
	"github.com/crieur/crieur/services/ingest/source"
)

// A Mapping says where in a row each part of an entry is. A value is the path of
// a field (titre, location.city, images[0].url), several of them in the order of
// preference (titre_fr | titre), or a template ("{type} : {nom}"), which gives
// nothing when none of its fields says anything.
type Mapping struct {
	Item       string `yaml:"item"`
	Title      string `yaml:"title"`
	Summary    string `yaml:"summary"`
	Body       string `yaml:"body"`
	Link       string `yaml:"link"`
	Language   string `yaml:"language"`
	Categories string `yaml:"categories"` // a list, or a text with ; or , between
	Authors    string `yaml:"authors"`
	Published  string `yaml:"published"`
	Updated    string `yaml:"updated"`
	Starts     string `yaml:"starts"`
	Ends       string `yaml:"ends"`
	Expires    string `yaml:"expires"`
	// StartTime and EndTime are hours, in fields of their own, of days that Starts and
	// Ends say; StartTime may hold both ("de 9h à 12h").
	StartTime string `yaml:"start_time"`
	EndTime   string `yaml:"end_time"`
	// Timings is a list of {begin, end}, as JSON, as JSON in a string, or as
	// "begin end;begin end".
	Timings   string `yaml:"timings"`
	PlaceName string `yaml:"place"`
	Address   string `yaml:"address"`
	City      string `yaml:"city"`
	Postcode  string `yaml:"postcode"`
	INSEE     string `yaml:"insee"`
	Latitude  string `yaml:"latitude"`
	Longitude string `yaml:"longitude"`
	// Point is [latitude, longitude], {lat, lon} or "latitude, longitude". Those of
	// metropolitan France may stand the other way round, or be metres of Lambert-93
	// or a conic zone, as Latitude and Longitude too.
	Point string `yaml:"point"`
	// Geometry is one of GeoJSON or Well-Known Text.
	Geometry string `yaml:"geometry"`
	Image    string `yaml:"image"`
	Document string `yaml:"document"`
	// Status says, in French or in the terms of an entry, that it is called off, put
	// off, full, or over; other words say nothing.
	Status   string `yaml:"status"`
	Topic    string `yaml:"topic"`
	Class    string `yaml:"class"`
	Severity string `yaml:"severity"`
	Urgency  string `yaml:"urgency"`
	Licence  string `yaml:"licence"`

	// Extra keeps other fields, by the name they shall have.
	Extra map[string]string `yaml:"extra"`
	// Dates are layouts of Go's package time, tried before those known.
	Dates []string `yaml:"dates"`
	// Defaults hold what a row leaves unsaid: class, topic, severity, urgency,
	// licence, language, city, insee, link.
	Defaults map[string]string `yaml:"defaults"`
}

// defaultable are the keys of Defaults.
var defaultable = [...]string{"class", "topic", "severity", "urgency", "licence", "language", "city", "insee", "link", "title"}

// Check returns a permanent error naming the key that is wrong; field is where
// the mapping stands in the configuration.
func (m Mapping) Check(field string) error {
	for _, key := range slices.Sorted(maps.Keys(m.Defaults)) {
		if !slices.Contains(defaultable[:], key) {
			return events.Permanentf(events.ReasonInvalidConfig, "%s.defaults: unknown key %q", field, key)
		}
	}
	for name, value := range m.parts() {
		if strings.Count(*value, "{") != strings.Count(*value, "}") {
			return events.Permanentf(events.ReasonInvalidConfig, "%s.%s: a brace is not closed", field, name)
		}
	}
	return nil
}

// Empty reports whether the mapping names no field of an entry.
func (m Mapping) Empty() bool {
	for _, value := range m.parts() {
		if *value != "" {
			return false
		}
	}
	return true
}

// parts gives each field by its key in the configuration.
func (m *Mapping) parts() map[string]*string {
	return map[string]*string{
		"item": &m.Item, "title": &m.Title, "summary": &m.Summary, "body": &m.Body, "link": &m.Link, "language": &m.Language,
		"categories": &m.Categories, "authors": &m.Authors, "published": &m.Published, "updated": &m.Updated, "starts": &m.Starts,
		"ends": &m.Ends, "expires": &m.Expires, "start_time": &m.StartTime, "end_time": &m.EndTime, "timings": &m.Timings, "place": &m.PlaceName, "address": &m.Address, "city": &m.City,
		"postcode": &m.Postcode, "insee": &m.INSEE, "latitude": &m.Latitude, "longitude": &m.Longitude, "point": &m.Point,
		"geometry": &m.Geometry, "image": &m.Image, "document": &m.Document, "status": &m.Status, "topic": &m.Topic, "class": &m.Class,
		"severity": &m.Severity, "urgency": &m.Urgency, "licence": &m.Licence,
	}
}

// Over gives the mapping with what it leaves unsaid taken from guess.
func (m Mapping) Over(guess Mapping) Mapping {
	from := guess.parts()
	for key, value := range m.parts() {
		if *value == "" {
			*value = *from[key]
		}
	}
	return m
}

var (
	braces     = regexp.MustCompile(`\{([^{}]{1,1000})\}`)
	emptyLines = regexp.MustCompile(`\n\s*\n`)
	code       = regexp.MustCompile(`^(?:[A-Z]{6,}|[A-Z]+(?:_[A-Z]+)+)$`)
)

// spoken makes words of a code: BARRAGE_TOTAL, RESTREINTE.
func spoken(s string) string {
	if !code.MatchString(s) {
		return s
	}
	return s[:1] + strings.ToLower(strings.ReplaceAll(s[1:], "_", " "))
}

// value gives what a part of the mapping names: the first of its alternatives that
// says something.
func value(row map[string]any, part string) any {
	if part == "" {
		return nil
	}
	if strings.Contains(part, "{") {
		filled := false
		text := braces.ReplaceAllStringFunc(part, func(name string) string {
			s := spoken(Text(value(row, name[1:len(name)-1])))
			filled = filled || s != ""
			return s
		})
		if !filled {
			return nil
		}
		return emptyLines.ReplaceAllString(strings.TrimSpace(text), "\n")
	}
	for path := range strings.SplitSeq(part, "|") {
		if v := At(row, path); v != nil && (Text(v) != "" || isShape(v)) {
			return v
		}
	}
	return nil
}

func isShape(v any) bool {
	switch x := v.(type) {
	case map[string]any:
		return len(x) > 0
	case []any:
		return len(x) > 0
	}
	return false
}

// A Reader turns rows into records.
type Reader struct {
	Mapping
	// Zone is that of dates written without one.
	Zone *time.Location
	// Base is what relative links start from.
	Base *url.URL
}

// Record maps one row. A row without title, summary and body is refused.
func (r Reader) Record(row map[string]any) source.Record {
	text := func(part, name string) string {
		return cmp.Or(Text(value(row, part)), r.Defaults[name])
	}
	e := record.Entry{
		Title: Line(text(r.Title, "title")), Summary: Prose(text(r.Summary, "")), Body: Prose(text(r.Body, "")),
		Link: r.resolve(text(r.Link, "link")), Language: text(r.Language, "language"),
		Categories: words(value(row, r.Categories)), Authors: names(value(row, r.Authors)),
		Class: text(r.Class, "class"), Topic: text(r.Topic, "topic"), Severity: text(r.Severity, "severity"), Urgency: text(r.Urgency, "urgency"),
		Licence: text(r.Licence, "licence"),
		Media:   r.media(row),
	}
	e.Published, _ = r.date(row, r.Published)
	e.Updated, _ = r.date(row, r.Updated)
	r.times(row, &e)
	e.Place = r.place(row)
	for name, part := range r.Extra {
		if s := Text(value(row, part)); s != "" {
			if e.Extra == nil {
				e.Extra = map[string]string{}
			}
			e.Extra[name] = s
		}
	}
	if e.Summary == e.Body {
		e.Body = ""
	}
	status, over := r.state(row)
	e.Status = status
	out := source.Record{Item: Text(value(row, r.Item)), URL: e.Link, Value: e, Withdrawn: over}
	if e.Title == "" && e.Summary == "" && e.Body == "" {
		out.Refused = events.Permanentf(events.ReasonInvalidContent, "row without title, summary and body: name them in the mapping")
	}
	return out
}

// state reads what French data sets say of a row: called off, put off; over is
// what is no longer to be told. Other words say nothing.
func (r Reader) state(row map[string]any) (said string, over bool) {
	v := value(row, r.Status)
	if label := At(v, "label"); label != nil { // {id, label: {fr}}
		v = label
	}
	folded := territory.Fold(Line(Text(v)))
	switch folded {
	case "exercise", "test", "tentative", "full", "rescheduled", "moved online":
		return folded, false
	}
	for _, w := range []struct{ root, said string }{
		{"annul", "cancelled"},
		{"cancel", "cancelled"},
		{"report", "postponed"},
		{"postpon", "postponed"},
		{"reprogramm", "rescheduled"},
		{"complet", "full"},
		{"termin", ""},
		{"achev", ""},
		{"clotur", ""},
		{"clos", ""},
		{"fini", ""},
	} {
		if strings.HasPrefix(folded, w.root) {
			return w.said, w.said == ""
		}
	}
	return "", false
}

func (r Reader) zone() *time.Location {
	if r.Zone == nil {
		return time.UTC
	}
	return r.Zone
}

func (r Reader) date(row map[string]any, part string) (t time.Time, day bool) {
	t, day, _ = dates.Read(Text(value(row, part)), r.zone(), r.Dates...)
	return t, day
}

// times fills when the thing itself is. Days without hours are whole days, the
// last one included.
func (r Reader) times(row map[string]any, e *record.Entry) {
	starts, startDay := r.date(row, r.Starts)
	ends, endDay := r.date(row, r.Ends)
	if ends.IsZero() {
		// "du 01/01/20 au 01/01/32" in one field, whose first date is read above.
		if from, to, day, ok := dates.Period(Text(value(row, r.Starts)), r.zone()); ok {
			starts, ends, startDay, endDay = from, to, day, day
		}
	}
	starts, startDay, ends, endDay = r.hours(row, starts, startDay, ends, endDay)
	e.Timings = Timings(value(row, r.Timings), r.zone())
	if n := len(e.Timings); n > 0 && (starts.IsZero() || startDay) {
		starts, ends, startDay, endDay = e.Timings[0].Starts, e.Timings[n-1].Ends, false, false
	}
	if !ends.IsZero() && ends.Before(starts) {
		ends, endDay = time.Time{}, false
	}
	e.Starts, e.Ends = starts, ends
	e.Expires, _ = r.date(row, r.Expires)
	last, lastDay := ends, endDay
	if last.IsZero() {
		last, lastDay = starts, startDay
	}
	if e.AllDay = startDay && (endDay || ends.IsZero()); e.AllDay && ends.IsZero() {
		e.Ends = starts
	}
	if lastDay && !last.IsZero() && e.Expires.IsZero() {
		e.Expires = last.In(r.zone()).AddDate(0, 0, 1).UTC()
	}
}

// hours gives days the hours that other fields say.
func (r Reader) hours(row map[string]any, starts time.Time, startDay bool, ends time.Time, endDay bool) (time.Time, bool, time.Time, bool) {
	on := func(day time.Time, hours string) string { return day.In(r.zone()).Format("02/01/2006 ") + hours }
	if hours := Text(value(row, r.StartTime)); hours != "" && startDay {
		oneDay := ends.IsZero() || ends.Equal(starts)
		if from, to, day, ok := dates.Period(on(starts, hours), r.zone()); ok && !day && oneDay {
			return from, false, to, false
		}
		if at, day, ok := dates.Read(on(starts, hours), r.zone()); ok && !day {
			if oneDay {
				ends, endDay = time.Time{}, false
			}
			starts, startDay = at, false
		}
	}
	last := cmp.Or(ends, starts)
	if hours := Text(value(row, r.EndTime)); hours != "" && !startDay && (endDay || ends.IsZero()) && !last.IsZero() {
		if at, day, ok := dates.Read(on(last, hours), r.zone()); ok && !day {
			if at.Before(starts) { // past midnight
				at = at.AddDate(0, 0, 1)
			}
			ends, endDay = at, false
		}
	}
	if endDay && !startDay && !starts.IsZero() { // the last day is meant whole, and the next is not
		ends, endDay = ends.In(r.zone()).AddDate(0, 0, 1).Add(-time.Second).UTC(), false
	}
	return starts, startDay, ends, endDay
}

// Timings reads a list of periods, in order, at most 400; what cannot be read is
// left out.
func Timings(v any, zone *time.Location) []record.Timing {
	var list []record.Timing
	add := func(begin, end string) {
		starts, _, ok := dates.Read(begin, zone)
		if !ok || len(list) >= 400 {
			return
		}
		ends, _, _ := dates.Read(end, zone)
		if ends.Before(starts) {
			ends = starts
		}
		list = append(list, record.Timing{Starts: starts, Ends: ends})
	}
	if s, ok := v.(string); ok && !strings.HasPrefix(strings.TrimSpace(s), "[") {
		for pair := range strings.SplitSeq(s, ";") {
			begin, end, _ := strings.Cut(strings.TrimSpace(pair), " ")
			add(begin, end)
		}
	} else {
		for _, t := range List(v) {
			add(cmp.Or(Text(At(t, "begin")), Text(At(t, "start"))), Text(At(t, "end")))
		}
	}
	slices.SortStableFunc(list, func(a, b record.Timing) int {
		return cmp.Or(a.Starts.Compare(b.Starts), a.Ends.Compare(b.Ends))
	})
	return slices.Compact(list)
}

// resolve makes an address absolute; what is not http or https is dropped.
func (r Reader) resolve(raw string) string {
	raw = strings.TrimSpace(raw)
	if raw == "" || strings.ContainsAny(raw, " \n") {
		return ""
	}
	base := r.Base
	if base == nil {
		base = &url.URL{}
	}
	if strings.HasPrefix(raw, "www.") {
		raw = "https://" + raw
	}
	u, err := base.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.String()
}

func (r Reader) media(row map[string]any) []record.Media {
	var out []record.Media
	for _, part := range []string{r.Image, r.Document} {
		for _, v := range List(value(row, part)) {
			if m, ok := v.(map[string]any); ok { // Opendatasoft's file: {url, filename, …}
				v = m["url"]
			}
			address := r.resolve(Text(v))
			if address == "" || len(out) >= 20 {
				continue
			}
			kind := MediaType(address)
			if kind == "" && part == r.Image {
				kind = "image/jpeg"
			}
			out = append(out, record.Media{URL: address, Type: kind})
		}
	}
	return out
}

// MediaType guesses the type of a file by the extension of its address.
func MediaType(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	kind, _, _ := strings.Cut(mime.TypeByExtension(strings.ToLower(path.Ext(u.Path))), ";")
	return kind
}

// words parts categories: a list, JSON in a string, or a text with ; or , between.
func words(v any) []string {
	list := List(v)
	if s, ok := v.(string); ok && len(list) == 1 {
		list = nil
		for part := range strings.FieldsFuncSeq(s, func(c rune) bool { return c == ';' || c == ',' || c == '|' }) {
			list = append(list, part)
		}
	}
	var out []string
	for _, e := range list {
		if w := Line(Text(e)); w != "" && len(w) < 200 && len(out) < 50 && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// names keeps names only: an e-mail address is no one's to publish.
func names(v any) []string {
	return slices.DeleteFunc(words(v), func(s string) bool { return strings.Contains(s, "@") })
}
