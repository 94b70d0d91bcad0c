package gtfsrt

import (
	"cmp"
	"errors"
	"fmt"
	"html"
	"slices"
	"strings"
	"time"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

// Options say what of a feed is wanted, and how it is told.
type Options struct {
	Language         string // of texts that do not say theirs; "fr" when empty
	Routes, Agencies []string
	Lines            map[string]string // names by route identifier
	Zone             *time.Location
	Now              time.Time // when the feed does not say its own time
	// Before are the identifiers of the alerts of each item, from the last reading.
	Before map[string][]string
}

// maxTold bounds the periods written in a text.
const maxTold = 10

// Parse reads a feed, and returns what the next reading needs as Before. Its
// errors hold no part of the body.
func Parse(body []byte, opt Options) ([]source.Record, map[string][]string, error) {
	opt.Language = cmp.Or(opt.Language, "fr")
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	if len(body) == 0 {
		return nil, nil, errors.New("gtfsrt: empty feed")
	}
	f, err := decode(body)
	if err != nil {
		return nil, nil, fmt.Errorf("gtfsrt: %w", err)
	}
	now := opt.Now
	if !f.sent.IsZero() {
		now = f.sent
	}
	var parts []part
	for i, e := range f.entities {
		if e.alert == nil || e.deleted || !opt.wants(e.alert) {
			continue
		}
		p := opt.part(e)
		if p.id == "" {
			return nil, nil, fmt.Errorf("gtfsrt: entity %d: no id", i+1)
		}
		if p.whole != "" || p.body != "" {
			parts = append(parts, p)
		}
	}
	groups := gather(parts)
	items, kept := name(groups, opt.Before)
	records := make([]source.Record, 0, len(groups))
	for i, g := range groups {
		r := source.Record{Item: items[i]}
		if _, end := g.span(); !end.IsZero() && !now.IsZero() && end.Before(now) {
			r.Withdrawn = true
		} else {
			e := g.entry(opt)
			r.URL, r.Value = e.Link, e
		}
		records = append(records, r)
	}
	return records, kept, nil
}

// wants reports whether an alert is for the configured routes or agencies. One
// that names no route is for all of its agency's: a strike is of every route.
func (o Options) wants(a *alert) bool {
	if len(o.Routes) == 0 && len(o.Agencies) == 0 || len(a.informed) == 0 {
		return true
	}
	return slices.ContainsFunc(a.informed, func(s selector) bool {
		return s.route != "" && slices.Contains(o.Routes, s.route) ||
			s.agency != "" && slices.Contains(o.Agencies, s.agency) ||
			s.route == "" && len(o.Agencies) == 0
	})
}

func (o Options) part(e entity) part {
	title, lang := o.choose(e.alert.header)
	body, bodyLang := o.choose(e.alert.text)
	link, _ := o.choose(e.alert.url)
	p := part{id: line(e.id), whole: line(title), body: strings.TrimSpace(body), lang: cmp.Or(lang, bodyLang, o.Language), alert: e.alert}
	if strings.HasPrefix(link, "http://") || strings.HasPrefix(link, "https://") {
		p.url = strings.TrimSpace(link)
	}
	p.lines, p.title = unmark(p.whole)
	if len(p.lines) > 0 {
		return p
	}
	for _, s := range e.alert.informed {
		name := o.Lines[s.route]
		if name == "" && len(s.route) <= 4 {
			name = s.route // short ones are what people read on the bus
		}
		if name != "" && !slices.Contains(p.lines, name) {
			p.lines = append(p.lines, name)
		}
	}
	return p
}

// choose prefers the configured language, then no language, then the first.
func (o Options) choose(list texts) (text, language string) {
	for _, want := range []func(string) bool{
		func(l string) bool { return strings.EqualFold(primary(l), primary(o.Language)) },
		func(l string) bool { return l == "" },
		func(string) bool { return true },
	} {
		for _, t := range list {
			if strings.TrimSpace(t.text) != "" && want(t.language) {
				return t.text, cmp.Or(t.language, o.Language)
			}
		}
	}
	return "", ""
}

func primary(language string) string {
	language, _, _ = strings.Cut(strings.ReplaceAll(language, "_", "-"), "-")
	return language
}

func (g group) entry(opt Options) record.Entry {
	first := g.parts[0]
	a := first.alert
	e := record.Entry{
		Title: first.whole, Language: first.lang, Categories: []string{"transports"},
		Extra: map[string]string{"cause": causes().of(a.cause).id, "effect": effects().of(a.effect).id, "severityLevel": levelID(a.severity)},
	}
	lines := g.lines()
	if len(g.parts) > 1 && len(lines) > 1 {
		e.Title = "Lignes " + enumerate(lines) + " : " + first.title
		if first.title == "" {
			e.Title = ""
		}
	}
	if len(lines) > 0 {
		e.Extra["lines"] = strings.Join(lines, " ")
	}
	for name, value := range e.Extra {
		if value == "" {
			delete(e.Extra, name)
		}
	}
	for _, p := range g.parts {
		switch {
		case p.url == "":
		case e.Link == "":
			e.Link = p.url
		case p.url != e.Link:
			e.Media = append(e.Media, record.Media{URL: p.url, Type: mediaType(p.url), Alt: label(p.lines)})
		}
	}
	e.Starts, e.Ends = g.span()
	e.Body, e.Variants = g.body(opt), g.variants()
	return e
}

// body puts together what the alerts say, each thing once.
func (g group) body(opt Options) string {
	var said []string
	var b strings.Builder
	for _, p := range g.parts {
		if p.body == "" || slices.Contains(said, p.body) {
			continue
		}
		said = append(said, p.body)
		if len(g.parts) > 1 && len(p.lines) > 0 {
			b.WriteString("<p><strong>" + html.EscapeString(label(p.lines)) + "</strong></p>")
		}
		b.WriteString(paragraphs(p.body))
	}
	if b.Len() == 0 {
		b.WriteString("<p>" + html.EscapeString(g.parts[0].whole) + "</p>")
	}
	if strings.EqualFold(primary(g.parts[0].lang), "fr") {
		for _, l := range g.facts(opt) {
			b.WriteString("<p>" + html.EscapeString(l) + "</p>")
		}
	}
	return b.String()
}

// paragraphs makes HTML of a text that is not.
func paragraphs(text string) string {
	if strings.Contains(text, "</") || strings.Contains(text, "<br") {
		return text
	}
	var b strings.Builder
	for paragraph := range strings.SplitSeq(text, "\n") {
		if paragraph = line(paragraph); paragraph != "" {
			b.WriteString("<p>" + html.EscapeString(paragraph) + "</p>")
		}
	}
	return b.String()
}

// maxVariants bounds the other languages of a disruption.
const maxVariants = 12

// variants are the same in the other languages of the first alert's title.
func (g group) variants() []record.Variant {
	told := []string{strings.ToLower(primary(g.parts[0].lang))}
	var out []record.Variant
	for _, t := range g.parts[0].alert.header {
		tag := strings.ToLower(primary(t.language))
		if tag == "" || line(t.text) == "" || slices.Contains(told, tag) || len(out) == maxVariants {
			continue
		}
		told = append(told, tag)
		v := record.Variant{Language: tag, Title: line(t.text)}
		for _, p := range g.parts {
			if title := line(p.alert.header.in(tag)); title != "" && len(g.parts) > 1 { // with its line
				v.Body += "<p><strong>" + html.EscapeString(title) + "</strong></p>"
			}
			v.Body += paragraphs(strings.TrimSpace(p.alert.text.in(tag)))
		}
		out = append(out, v)
	}
	return out
}

// in is the first text in a language, "" when there is none.
func (list texts) in(tag string) string {
	for _, t := range list {
		if strings.EqualFold(primary(t.language), tag) {
			return t.text
		}
	}
	return ""
}

// facts are the lines, the effect and the periods in French.
func (g group) facts(opt Options) []string {
	var out []string
	a := g.parts[0].alert
	if lines := g.lines(); len(lines) > 0 {
		out = append(out, label(lines)+".")
	}
	if effect := effects().of(a.effect).french; effect != "" {
		if cause := causes().of(a.cause).french; cause != "" {
			effect += " (" + cause + ")"
		}
		out = append(out, effect+".")
	}
	if len(a.periods) > 1 {
		for _, p := range a.periods[:min(len(a.periods), maxTold)] {
			if !p.start.IsZero() && !p.end.IsZero() {
				out = append(out, fmt.Sprintf("Du %s au %s.", moment(p.start.In(opt.Zone)), moment(p.end.In(opt.Zone))))
			}
		}
		if len(a.periods) > maxTold {
			out = append(out, fmt.Sprintf("Et %d autres périodes.", len(a.periods)-maxTold))
		}
	}
	return out
}

func moment(t time.Time) string {
	return fmt.Sprintf("%02d/%02d/%d à %d h %02d", t.Day(), t.Month(), t.Year(), t.Hour(), t.Minute())
}

func label(lines []string) string {
	switch len(lines) {
	case 0:
		return ""
	case 1:
		return "Ligne " + lines[0]
	}
	return "Lignes " + enumerate(lines)
}

func enumerate(lines []string) string {
	if len(lines) == 1 {
		return lines[0]
	}
	return strings.Join(lines[:len(lines)-1], ", ") + " et " + lines[len(lines)-1]
}

func mediaType(url string) string {
	if strings.HasSuffix(strings.ToLower(url), ".pdf") {
		return "application/pdf"
	}
	return ""
}

func line(s string) string { return strings.Join(strings.Fields(s), " ") }
