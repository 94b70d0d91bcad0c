package console

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/topic"
	"github.com/crieur/crieur/services/web"
)

// sourceFields are the choices of a source's form.
type sourceFields struct {
	Topics, Classes, Trusts, Every, Stale, Expires []web.Choice
	HasURL                                         bool
	Zone                                           string
}

// formFields is what the shared part of a source's two forms is drawn from.
type formFields struct {
	Form   *web.Form
	Fields sourceFields
}

// The intervals offered; a source may have another, which is offered too.
func intervals() []time.Duration {
	const hour = time.Hour
	return []time.Duration{0, time.Minute, 5 * time.Minute, 15 * time.Minute, hour, 6 * hour, 24 * hour}
}

func staleness() []time.Duration {
	const day = 24 * time.Hour
	return []time.Duration{0, time.Hour, 6 * time.Hour, day, 3 * day, 7 * day, 30 * day}
}

func lives() []time.Duration {
	const day = 24 * time.Hour
	return []time.Duration{0, 6 * time.Hour, day, 3 * day, 7 * day, 14 * day, 30 * day}
}

func (d *desktop) sourceFields(s registry.Source) sourceFields {
	f := sourceFields{
		Topics: d.topics(), Classes: d.classes(), HasURL: s.URL != "",
		Every:   d.durations(intervals(), s.Every, "every.usual"),
		Stale:   d.durations(staleness(), s.StaleAfter, "stale.usual"),
		Expires: d.durations(lives(), s.ExpiresAfter, "expiresafter.usual"),
	}
	for _, t := range []registry.Trust{registry.TrustOwn, registry.TrustPartner, registry.TrustPublic, registry.TrustState} {
		if t == registry.TrustState && s.Trust != t && !d.mayTrustState() {
			continue
		}
		f.Trusts = append(f.Trusts, web.Choice{Value: string(t), Label: d.t.T("trust." + string(t)), Hint: d.t.T("trust." + string(t) + ".hint")})
	}
	return f
}

func (d *desktop) durations(offered []time.Duration, have registry.Duration, usual string) []web.Choice {
	if !slices.Contains(offered, have.Std()) {
		offered = append(offered, have.Std())
		slices.Sort(offered)
	}
	var list []web.Choice
	for _, v := range offered {
		label := d.t.T(usual)
		if v > 0 {
			label = d.t.Duration(v)
		}
		list = append(list, web.Choice{Value: registry.Duration(v).String(), Label: label})
	}
	return list
}

func (d *desktop) topics() []web.Choice {
	var list []web.Choice
	for _, tp := range topic.All() {
		list = append(list, web.Choice{Value: tp.Slug, Label: topic.Name(tp.Slug, d.t.Language)})
	}
	return list
}

func (d *desktop) classes() []web.Choice {
	var list []web.Choice
	for _, class := range []events.Class{events.ClassService, events.ClassAlert, events.ClassPromotional} {
		list = append(list, web.Choice{Value: string(class), Label: d.t.T("class." + string(class)), Hint: d.t.T("class." + string(class) + ".hint")})
	}
	return list
}

// sourceValues fills the form with what a source is now.
func sourceValues(s registry.Source) url.Values {
	return url.Values{
		"name": {s.Name}, "url": {s.URL}, "every": {s.Every.String()}, "topics": s.Topics, "class": {string(s.ClassDefault)},
		"trust": {string(s.Trust)}, "areas": {strings.Join(s.Areas, ", ")}, "expiresafter": {s.ExpiresAfter.String()},
		"staleafter": {s.StaleAfter.String()}, "attribution": {s.Attribution}, "licence": {s.Licence},
	}
}

// readSource reads the form over a source. What is wrong is in the form.
func (d *desktop) readSource(form *web.Form, s registry.Source) registry.Source {
	was := s
	f := d.sourceFields(s)
	s.Name, s.Attribution, s.Licence = form.Get("name"), form.Get("attribution"), form.Get("licence")
	d.text(form, "name", s.Name, maxName, true)
	d.text(form, "attribution", s.Attribution, maxName, false)
	d.text(form, "licence", s.Licence, maxName, false)
	s.Topics, s.Areas = pick(form.Values["topics"], f.Topics), codes(form.Get("areas"))
	s.Every = d.duration(form, "every", f.Every)
	s.StaleAfter = d.duration(form, "staleafter", f.Stale)
	s.ExpiresAfter = d.duration(form, "expiresafter", f.Expires)
	if s.ClassDefault = events.Class(form.Get("class")); !s.ClassDefault.Valid() {
		form.Reject("class", d.t.T("form.choose"))
	}
	s.Trust = registry.Trust(d.choice(form, "trust", f.Trusts))
	if was.URL != "" {
		s.URL = d.address(form, was)
	}
	d.rejectInvalid(form, s.Validate(), map[string]string{
		"classDefault": "class", "expiresAfter": "expiresafter", "staleAfter": "staleafter", "settings": "url", "kind": "url", "id": "name",
	})
	return s
}

// maxName bounds a line that people read, in characters.
const maxName = 120

// address reads the source's own. Settings were made for one site, and may
// name a secret: it is not sent to another.
func (d *desktop) address(form *web.Form, was registry.Source) string {
	text := form.Get("url")
	now, err := url.Parse(text)
	before, errBefore := url.Parse(was.URL)
	switch {
	case text == "":
		form.Reject("url", d.t.T("form.required"))
	case err != nil || now.Host == "" || now.Scheme != "http" && now.Scheme != "https" && now.Scheme != before.Scheme:
		form.Reject("url", d.t.T("form.link"))
	case len(was.Settings) > 0 && string(was.Settings) != "null" && (errBefore != nil || now.Host != before.Host || now.Scheme != before.Scheme && before.Scheme == "https"):
		form.Reject("url", d.t.T("form.url.settings"))
	}
	return text
}

func (d *desktop) duration(form *web.Form, field string, choices []web.Choice) registry.Duration {
	var v registry.Duration
	if text := d.choice(form, field, choices); text != "" {
		if err := v.UnmarshalText([]byte(text)); err != nil {
			form.Reject(field, d.t.T("form.choose"))
		}
	}
	return v
}

// choice reads one of the values offered.
func (d *desktop) choice(form *web.Form, field string, choices []web.Choice) string {
	value := form.Get(field)
	if !slices.ContainsFunc(choices, func(c web.Choice) bool { return c.Value == value }) {
		form.Reject(field, d.t.T("form.choose"))
		return ""
	}
	return value
}
