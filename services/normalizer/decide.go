package normalizer

import (
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/normalizer/area"
	"github.com/crieur/crieur/services/normalizer/classify"
	"github.com/crieur/crieur/services/normalizer/rewrite"
	"github.com/crieur/crieur/services/normalizer/when"
)

// decide fills what is not content: dates, topic, class, CAP terms, areas and
// expiry.
func (p *Pipeline) decide(w *work) {
	m, d := &w.msg, &w.draft
	if d.Status != "" {
		m.Status = d.Status
	}
	if d.MsgType != "" {
		m.MsgType = d.MsgType
	}
	m.Refs = d.Refs
	m.Sent = sent(d.Sent, w.raw.FetchedAt)
	p.topic(w)
	p.class(w)
	w.dates(p)
	p.areas(w)
	w.terms(p)
	m.Expires = w.expires(p)
}

// maxAhead is how far in the future a source may say it published: clocks
// differ, and a feed may carry the day of an event as its date.
const maxAhead = 15 * time.Minute

// sent is when the source published; when it was fetched if the source does
// not say or cannot be believed.
func sent(said, fetched time.Time) time.Time {
	if said.IsZero() || said.Year() < 1990 || said.After(fetched.Add(maxAhead)) {
		return fetched.UTC()
	}
	return said.UTC()
}

// traffic is the topic of roads.
const traffic = "travaux-circulation"

func (p *Pipeline) topic(w *work) {
	text := classify.Text{Title: w.title, Body: strings.TrimPrefix(w.folded, w.title+" "), Prior: w.source.Topics}
	for _, c := range w.draft.Categories {
		text.Categories = append(text.Categories, territory.Fold(rewrite.Plain(c)))
	}
	w.result = p.classify.Classify(text)
	switch {
	case events.IsSlug(w.draft.Topic):
		w.msg.Topic = w.draft.Topic
	case w.result.Topic != "":
		w.msg.Topic = w.result.Topic
	case len(w.source.Topics) > 0:
		w.msg.Topic = w.source.Topics[0]
	default:
		w.msg.Topic = classify.Fallback
	}
}

// dates takes the record's own, else those its text names.
func (w *work) dates(p *Pipeline) {
	m, d := &w.msg, &w.draft
	onset, ends := d.Onset, d.Ends
	if d.Prose && onset.IsZero() && ends.IsZero() && w.msg.Content.Language == "fr" {
		w.told = when.Read(m.Content.Title, m.Content.Text, sent(d.Written, m.Sent), m.Sent, w.loc)
		onset, ends = w.told.Start, w.told.End
		if m.Class == events.ClassAlert && !w.told.Until && !onset.After(m.Sent) { // the day of a danger is not its end
			ends = time.Time{}
		}
	}
	if d.AllDay && !ends.IsZero() {
		loc := p.location(first(d.Zone, w.authority.TimeZone))
		day := ends.In(loc)
		ends = time.Date(day.Year(), day.Month(), day.Day(), 23, 59, 59, 0, loc)
	}
	if !ends.IsZero() && !onset.IsZero() && ends.Before(onset) {
		ends = time.Time{}
	}
	m.Effective, m.Onset, m.Ends = ptr(d.Effective), ptr(onset), ptr(ends)
}

func ptr(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// maxPlaces bounds how many places of a record are kept.
const maxPlaces = 50

func (p *Pipeline) areas(w *work) {
	m, d := &w.msg, &w.draft
	m.Areas = d.Areas
	if len(m.Areas) == 0 {
		places := d.Places[:min(len(d.Places), maxPlaces)]
		clean := make([]record.Place, len(places))
		for i, pl := range places {
			pl.Name, pl.Address, pl.City = rewrite.Plain(pl.Name), rewrite.Plain(pl.Address), rewrite.Plain(pl.City)
			clean[i] = pl
		}
		m.Areas = p.home(w).Resolve(clean, w.title, w.folded)
	}
	if len(m.Areas) == 0 {
		return
	}
	if m.Areas[0].Place == "" && d.Prose {
		m.Areas[0].Place = area.Street(m.Content.Title)
		if m.Areas[0].Place == "" && d.Class != events.ClassAlert { // what the rest of an alert names is where to go, as often as where the danger is
			text := m.Content.Text
			if m.Class == events.ClassAlert { // so too of one that the rules made, but for its first sentence
				text = rewrite.Sentence(text)
			}
			m.Areas[0].Place = area.Street(text)
		}
	}
	m.Content.Place = placeName(m.Areas)
}

// placeName says where in words: the place and its commune, or the first
// names.
func placeName(areas []events.Area) string {
	if place := areas[0].Place; place != "" {
		if n := areas[0].Name; n != "" && !strings.Contains(territory.Fold(place), territory.Fold(n)) {
			return place + ", " + n
		}
		return place
	}
	var names []string
	for _, a := range areas {
		if a.Name != "" && len(names) < 5 {
			names = append(names, a.Name)
		}
	}
	return strings.Join(names, ", ")
}

// class sets the class: the one stated, else by rule.
func (p *Pipeline) class(w *work) {
	m, d := &w.msg, &w.draft
	_, alert := p.kinds[w.raw.Kind]
	trusted := !d.Doubtful && (w.source.Trust == registry.TrustState || w.source.Trust == registry.TrustOwn)
	m.Class = p.classify.Class(classify.Stated{
		Class: d.Class, Default: w.source.ClassDefault, Severity: d.Severity, Urgency: d.Urgency,
		Trusted: trusted, Alert: alert,
	}, w.result, m.Topic)
}

// terms sets the CAP terms: those stated, else by rule. An entry
// is of severity Minor, of certainty Likely, and its urgency follows its
// dates; words of immediate danger from a trusted source are Severe,
// Immediate, Likely; what is promotional has none.
func (w *work) terms(p *Pipeline) {
	m, d := &w.msg, &w.draft
	_, alert := p.kinds[w.raw.Kind]
	m.Backlog = m.Backlog || d.Doubtful // which never leaves by itself
	m.Severity, m.Urgency, m.Certainty = d.Severity, d.Urgency, d.Certainty
	danger := w.result.Danger && m.Class == events.ClassAlert && !alert
	if m.Severity.Rank() < 0 {
		switch {
		case danger:
			m.Severity = events.SeveritySevere
		case m.Class == events.ClassAlert, m.Class == events.ClassService && m.Urgency == events.UrgencyImmediate:
			m.Severity = events.SeverityModerate
		case m.Class == events.ClassService:
			m.Severity = events.SeverityMinor
		default:
			m.Severity = events.SeverityUnknown
		}
	}
	if !m.Urgency.Valid() {
		m.Urgency = urgency(m, danger)
	}
	if !m.Certainty.Valid() {
		m.Certainty = events.CertaintyLikely
		if m.Class == events.ClassPromotional {
			m.Certainty = events.CertaintyUnknown
		}
	}
	if w.result.Drill && m.Status == events.StatusActual && m.Class == events.ClassAlert && strings.HasPrefix(w.title, "exercice") {
		m.Status = events.StatusExercise
	}
}

func urgency(m *events.Message, danger bool) events.Urgency {
	switch {
	case danger:
		return events.UrgencyImmediate
	case m.Ends != nil && m.Ends.Before(m.Sent):
		return events.UrgencyPast
	case m.Onset == nil:
		return events.UrgencyUnknown
	case m.Onset.Before(m.Sent.Add(time.Hour)):
		return events.UrgencyExpected // CAP 1.2: within the next hour
	}
	return events.UrgencyFuture
}

const day = 24 * time.Hour

const (
	// maxLife bounds what stands without an end that is believed.
	maxLife = 366 * day
	// believed is how far ahead an end is: one of 31 December 9999 is none.
	believed = 10 * maxLife
)

// expires is the table of the package's documentation.
func (w *work) expires(p *Pipeline) time.Time {
	m, d := &w.msg, &w.draft
	begins := m.Sent
	if m.Onset != nil {
		begins = latest(m.Sent, *m.Onset)
	}
	said := d.Expires
	if said.IsZero() && m.Ends != nil {
		said = latest(*m.Ends, w.told.Last)
	}
	if said.IsZero() && m.Onset != nil && m.Class != events.ClassAlert && !w.told.Open && !w.accident() {
		o := m.Onset.In(w.loc)
		if m.Topic == traffic && !d.Prose { // works that are shown without an end go on
			o = latest(o, w.raw.FetchedAt.In(w.loc))
		}
		said = time.Date(o.Year(), o.Month(), o.Day(), 23, 59, 59, 0, w.loc)
		switch t, _ := p.classify.Topic(m.Topic); {
		case m.Class != events.ClassService:
		case t.Days == 1: // the weather, a river
			said = said.Add(day)
		default:
			said = said.Add(7 * day)
		}
		said = latest(said, w.told.Last)
	}
	switch {
	case said.IsZero():
		return latest(begins.Add(w.life(p)), w.told.Last, w.told.Named).UTC()
	case said.After(begins.Add(believed)) && said.After(w.raw.FetchedAt.Add(believed)):
		return latest(begins, w.raw.FetchedAt).Add(maxLife).UTC()
	}
	return said.UTC()
}

// life is how long what says no end is of use.
func (w *work) life(p *Pipeline) time.Duration {
	m := &w.msg
	switch {
	case m.Class == events.ClassAlert && w.told.Open:
		return 3 * day
	case m.Class == events.ClassAlert, w.accident():
		return day
	case m.Urgency == events.UrgencyImmediate && w.draft.Urgency == events.UrgencyImmediate:
		return 3 * day
	case w.source.ExpiresAfter > 0:
		return w.source.ExpiresAfter.Std()
	}
	if t, ok := p.classify.Topic(m.Topic); ok {
		return time.Duration(t.Days) * day
	}
	return 7 * day
}

// accident reports whether an entry tells of an accident on a road.
func (w *work) accident() bool {
	if w.msg.Topic != traffic || !w.draft.Prose {
		return false
	}
	for word := range strings.FieldsSeq(w.folded) {
		if word == "accident" {
			return true
		}
	}
	return false
}

func latest(t time.Time, others ...time.Time) time.Time {
	for _, o := range others {
		if o.After(t) {
			t = o
		}
	}
	return t
}
