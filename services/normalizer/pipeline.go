package normalizer

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/normalizer/area"
	"github.com/crieur/crieur/services/normalizer/classify"
	"github.com/crieur/crieur/services/normalizer/language"
	"github.com/crieur/crieur/services/normalizer/mapping"
	"github.com/crieur/crieur/services/normalizer/mapping/cap"
	"github.com/crieur/crieur/services/normalizer/mapping/datex2"
	"github.com/crieur/crieur/services/normalizer/mapping/entry"
	"github.com/crieur/crieur/services/normalizer/mapping/gtfsrt"
	"github.com/crieur/crieur/services/normalizer/mapping/vigieau"
	"github.com/crieur/crieur/services/normalizer/mapping/vigilance"
	"github.com/crieur/crieur/services/normalizer/rewrite"
	"github.com/crieur/crieur/services/normalizer/stem"
	"github.com/crieur/crieur/services/normalizer/when"
)

// mappings is the place to add a kind whose records are not entries.
func mappings() map[string]mapping.Func {
	return map[string]mapping.Func{
		"cap":       cap.Map,
		"datex2":    datex2.Map,
		"gtfsrt":    gtfsrt.Map,
		"vigicrues": vigilance.Floods,
		"vigieau":   vigieau.Map,
		"vigilance": vigilance.Weather,
	}
}

// Pipeline makes messages of raws. It is safe for concurrent use.
type Pipeline struct {
	kinds    map[string]mapping.Func
	classify *classify.Classifier
	homes    sync.Map // joined codes to *area.Home
	zones    sync.Map // time zone to *time.Location
}

// NewPipeline compiles the rules of classification.
func NewPipeline(rules classify.Rules) (*Pipeline, error) {
	c, err := classify.New(rules, stem.New())
	if err != nil {
		return nil, err
	}
	return &Pipeline{kinds: mappings(), classify: c}, nil
}

// work is one raw on its way.
type work struct {
	raw       events.Raw
	source    registry.Source
	authority registry.Authority
	now       time.Time
	loc       *time.Location
	draft     mapping.Draft
	folded    string // title and text, folded, cut
	title     string // title, folded
	result    classify.Result
	told      when.Told // what the text says of its time, where it was read
	msg       events.Message
}

// Normalise makes the message of a raw, as if it were the first of its item:
// revision and incident are for dedupe to set. source and authority are those
// of the raw; zero values but for their IDs will do. now is when it is made,
// UTC. A withdrawn raw gives a Cancel whose content is for the caller to fill
// from the revision before.
//
// Errors are events.Permanent and name the kind and the field.
func (p *Pipeline) Normalise(raw events.Raw, source registry.Source, authority registry.Authority, now time.Time) (events.Message, error) {
	w := &work{raw: raw, source: source, authority: authority, now: now, loc: p.location(authority.TimeZone)}
	if raw.Withdrawn {
		return p.withdrawn(w), nil
	}
	m, ok := p.kinds[raw.Kind]
	if !ok {
		m = entry.Map
	}
	var err error
	if w.draft, err = m(raw); err != nil {
		return events.Message{}, err
	}
	if err := p.content(w); err != nil {
		return events.Message{}, err
	}
	p.decide(w)
	w.msg.Hash = hash(&w.msg)
	w.msg.Seq = events.MessageSeq(w.msg.ID, w.msg.Hash)
	return w.msg, nil
}

// start fills what depends on the raw and its source alone.
func (w *work) start() {
	w.msg = events.Message{
		ID:        events.MessageID(w.raw.Authority, w.raw.Source, w.raw.Item),
		Revision:  1,
		Authority: w.raw.Authority,
		Source:    w.raw.Source,
		Status:    events.StatusActual,
		MsgType:   events.MsgAlert,
		Sent:      w.raw.FetchedAt,
		Backlog:   w.raw.Backlog,
		CreatedAt: w.now,
		FetchedAt: w.raw.FetchedAt,
		Origin: []events.Provenance{{
			Authority: w.raw.Authority, Source: w.raw.Source, Kind: w.raw.Kind, RawID: w.raw.ID,
			URL: w.raw.URL, Attribution: first(w.draft.Attribution, w.source.Attribution, w.source.Name),
			Licence: first(w.draft.Licence, w.source.Licence), FetchedAt: w.raw.FetchedAt,
		}},
	}
	w.msg.Incident = w.msg.ID
}

func (p *Pipeline) withdrawn(w *work) events.Message {
	w.start()
	m := &w.msg
	m.MsgType, m.Class, m.Topic = events.MsgCancel, events.ClassService, classify.Fallback
	m.Severity, m.Urgency, m.Certainty = events.SeverityUnknown, events.UrgencyPast, events.CertaintyUnknown
	m.Content = events.Content{Language: language.Default, Title: "Information retirée"}
	m.Expires = w.raw.FetchedAt.Add(24 * time.Hour)
	m.Hash = hash(m)
	m.Seq = events.MessageSeq(m.ID, m.Hash)
	return *m
}

// content rewrites what people read, in every language given.
func (p *Pipeline) content(w *work) error {
	w.start()
	names := []string{w.source.Name, w.authority.Name}
	if codes := w.authority.INSEE; len(codes) == 1 { // its town may be called otherwise than the authority
		if c, ok := territory.France().Commune(codes[0]); ok {
			names = append(names, c.Name)
		}
	}
	w.msg.Content, w.title, w.folded = rewritten(&w.draft, w.raw.URL, names)
	if w.msg.Content.Title == "" {
		return events.Permanentf(events.ReasonInvalidContent, "%s: title and text hold nothing to read", w.raw.Kind)
	}
	w.msg.Content.Language = language.Of(first(w.draft.Language, w.source.Language), w.folded)
	w.annotate()
	seen := map[string]bool{w.msg.Content.Language: true}
	for i := range w.draft.Variants[:min(len(w.draft.Variants), maxVariants)] {
		c, _, folded := rewritten(&w.draft.Variants[i], w.raw.URL, names)
		c.Language = language.Of(w.draft.Variants[i].Language, folded) + language.Simple(w.draft.Variants[i].Language)
		if c.Title != "" && !seen[c.Language] {
			seen[c.Language] = true
			w.msg.Variants = append(w.msg.Variants, c)
		}
	}
	return nil
}

// maxVariants bounds the other languages of a message.
const maxVariants = 12

// maxFolded is how much of a text is read to understand it, in bytes.
const maxFolded = 6000

// rewritten makes the content of a draft, with its title and its whole folded.
func rewritten(d *mapping.Draft, address string, names []string) (c events.Content, title, folded string) {
	base := rewrite.Base(address)
	if b := rewrite.Base(d.Link); b != nil {
		base = b
	}
	body := rewrite.HTML(d.Body, base)
	c = events.Content{
		Title: rewrite.Title(d.Title, names...),
		Text:  body.Text, HTML: body.HTML,
		Link: rewrite.Link(d.Link, base),
	}
	if c.Title == "" {
		c.Title = rewrite.Title(rewrite.Summary(body.Text))
	}
	if text := rewrite.WithoutTitle(body.Text, c.Title); text != "" {
		c.Text, c.HTML = text, rewrite.WithoutHeading(body.HTML, c.Title)
	}
	if d.Summary != "" && d.Summary != d.Body {
		c.Summary = summary(rewrite.HTML(d.Summary, nil).Text, c.Title)
	}
	if c.Summary == "" {
		c.Summary = summary(c.Text, c.Title)
	}
	if c.Title == "" {
		c.Title = rewrite.Title(c.Summary)
	}
	if d.Instruction != "" {
		c.Instruction, _ = rewrite.Bound(rewrite.HTML(d.Instruction, nil).Text, 2000)
	}
	switch {
	case d.Image != nil && rewrite.Link(d.Image.URL, base) != "":
		c.Image = &events.Image{URL: rewrite.Link(d.Image.URL, base), Alt: rewrite.Plain(d.Image.Alt)}
	case body.Image != "":
		c.Image = &events.Image{URL: body.Image, Alt: body.Alt}
	}
	title = territory.Fold(c.Title)
	text := c.Text
	if len(text) > maxFolded {
		text = text[:maxFolded] // Fold drops half a rune
	}
	return c, title, title + " " + territory.Fold(text)
}

// summary is empty where it would but repeat the title.
func summary(text, title string) string {
	return rewrite.Summary(rewrite.WithoutTitle(text, title))
}

func (p *Pipeline) location(zone string) *time.Location {
	if zone == "" {
		zone = "Europe/Paris"
	}
	if l, ok := p.zones.Load(zone); ok {
		return l.(*time.Location)
	}
	l := registry.Authority{TimeZone: zone}.Location()
	if l.String() == zone { // what is no zone is not kept: a record may name anything
		p.zones.Store(zone, l)
	}
	return l
}

// home is where a source's messages apply: its own areas, else its
// authority's.
func (p *Pipeline) home(w *work) *area.Home {
	codes := w.source.Areas
	if len(codes) == 0 {
		codes = w.authority.INSEE
	}
	key := strings.Join(codes, " ")
	if h, ok := p.homes.Load(key); ok {
		return h.(*area.Home)
	}
	h := area.NewHome(codes)
	p.homes.Store(key, h)
	return h
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// hash is that of what a message says: two revisions with the same hash mean
// the same. Markup, provenance and the time of making do not count.
func hash(m *events.Message) string {
	parts := make([]string, 0, 32)
	stamp := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	parts = append(parts, string(m.Status), string(m.Class), m.Topic, string(m.Severity), string(m.Urgency), string(m.Certainty),
		stamp(m.Effective), stamp(m.Onset), stamp(m.Ends))
	if m.MsgType == events.MsgCancel {
		parts = append(parts, "cancel")
	}
	for _, c := range append([]events.Content{m.Content}, m.Variants...) {
		parts = append(parts, c.Language, c.Title, c.Summary, c.Text, c.Instruction, c.Place, c.Link)
		if c.Image != nil {
			parts = append(parts, c.Image.URL)
		}
	}
	for _, a := range m.Areas {
		parts = append(parts, a.Name, a.Place, strings.Join(a.INSEE, " "))
		if a.Point != nil {
			parts = append(parts, fmt.Sprintf("%.5f %.5f", a.Point.Lat, a.Point.Lon))
		}
	}
	return events.NewID(parts...)
}
