package feed

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// Kind is the channel kind.
const Kind = "feed"

// endpoint is the one shelf of an authority's feeds; a document selects from it.
const endpoint = "feed"

// Config is a feed channel's settings.
type Config struct {
	// Attribution names the sources at the end of each entry; default true.
	Attribution bool `yaml:"attribution"`
}

// Channel puts entries on the shelf.
type Channel struct {
	spec channel.Spec
	cfg  Config
	deps channel.Deps
	host string
	hub  *hub // nil outside a factory: then no feed names a hub
}

var (
	_ channel.Endpoint   = (*Channel)(nil)
	_ channel.Updater    = (*Channel)(nil)
	_ channel.Withdrawer = (*Channel)(nil)
	_ channel.Idempotent = (*Channel)(nil)
	_ channel.Runner     = (*Channel)(nil)
)

// New validates the settings of one channel.
func New(spec channel.Spec, deps channel.Deps) (channel.Channel, error) {
	cfg := Config{Attribution: true}
	if err := spec.Decode(&cfg); err != nil {
		return nil, err
	}
	return &Channel{spec: spec, cfg: cfg, deps: deps, host: tagHost(deps.PublicURL)}, nil
}

// tagHost is the name in tag: identifiers. It must not change once feeds are
// read, so an installation keeps its public name.
func tagHost(public string) string {
	u, err := url.Parse(public)
	if err != nil || u.Hostname() == "" {
		return "crieur.invalid"
	}
	return strings.ToLower(u.Hostname())
}

// Entry is a feed entry: the body of its rendition.
type Entry struct {
	ID         string        `json:"id"` // tag: URI
	URL        string        `json:"url"`
	Source     string        `json:"source,omitempty"` // where it was first published
	Title      string        `json:"title"`            // marked when it corrects, goes on or is an exercise
	Event      string        `json:"event,omitempty"`  // the title without the mark of a revision, for calendars; empty: the same
	Facts      string        `json:"facts,omitempty"`  // in words, a line each: why it is withdrawn, when, where
	Summary    string        `json:"summary,omitempty"`
	HTML       string        `json:"html"`
	Text       string        `json:"text"` // without the facts
	Image      string        `json:"image,omitempty"`
	ImageAlt   string        `json:"imageAlt,omitempty"`
	Categories []string      `json:"categories"`
	Author     string        `json:"author"`
	Language   string        `json:"language"`
	Published  time.Time     `json:"published"`
	Updated    time.Time     `json:"updated"`
	Start      *time.Time    `json:"start,omitempty"` // UTC; with neither start nor end it is no event
	End        *time.Time    `json:"end,omitempty"`
	TimeZone   string        `json:"timeZone,omitempty"` // of Start and End
	Place      string        `json:"place,omitempty"`
	Point      *events.Point `json:"point,omitempty"`
	Areas      []string      `json:"areas,omitempty"` // INSEE codes and sectors; none: everywhere
	Alert      *Alert        `json:"alert,omitempty"` // of class alert only
	// Variants are the entry's words in other languages, by language.
	Variants map[string]Said `json:"variants,omitempty"`
	Heard    *channel.Heard  `json:"heard,omitempty"` // its audio, where there is a voice
}

// Said is an entry's words in one language.
type Said struct {
	Title    string `json:"title"`
	Event    string `json:"event,omitempty"`
	Facts    string `json:"facts,omitempty"`
	Summary  string `json:"summary,omitempty"`
	HTML     string `json:"html"`
	Text     string `json:"text"`
	ImageAlt string `json:"imageAlt,omitempty"`
	Place    string `json:"place,omitempty"`

	Heard *channel.Heard `json:"heard,omitempty"`
}

// Render implements channel.Channel.
func (c *Channel) Render(p events.Publication, profile channel.Profile) (events.Rendition, error) {
	said := c.said(p, profile)
	body := Entry{
		ID:  "tag:" + c.host + ",2026:publication/" + p.ID,
		URL: profile.Link, Source: p.Content.Link, Title: said.Title, Event: said.Event, Facts: said.Facts,
		Summary: said.Summary, HTML: said.HTML, Text: said.Text,
		Categories: []string{p.Topic, string(p.Class)}, Author: profile.Authority, Language: p.Content.Language,
		Published: p.SourceAt.UTC().Truncate(time.Second), Updated: p.At.UTC().Truncate(time.Second),
		Start: p.Onset, End: p.Ends, TimeZone: profile.Zone.String(), Place: said.Place, Heard: said.Heard, Areas: areasOf(p),
	}
	if body.URL == "" {
		body.URL = p.Content.Link
	}
	if p.Content.Image != nil {
		body.Image, body.ImageAlt = p.Content.Image.URL, said.ImageAlt
	}
	if body.Published.After(body.Updated) || p.SourceAt.IsZero() {
		body.Published = body.Updated
	}
	if len(p.Areas) == 1 {
		body.Point = p.Areas[0].Point
	}
	if p.Class == events.ClassAlert {
		body.Alert = alertOf(p)
		body.Alert.Texts = append(body.Alert.Texts, c.alertText(p, profile))
	}
	var err error
	if body.Variants, err = channel.Each(p, profile, func(p events.Publication, profile channel.Profile) (Said, error) {
		if body.Alert != nil {
			body.Alert.Texts = append(body.Alert.Texts, c.alertText(p, profile))
		}
		return c.said(p, profile), nil
	}); err != nil {
		return events.Rendition{}, err
	}
	return channel.NewRendition(c.spec, body, strings.TrimSpace(body.Title+"\n\n"+body.whole()))
}

// said is what an entry says in the content's language.
func (c *Channel) said(p events.Publication, profile channel.Profile) Said {
	facts := profile.Circumstances(p)
	s := Said{
		Title: channel.Headline(p), Facts: strings.Join(facts, "\n"), Summary: c.summary(p, facts), HTML: c.html(p, facts),
		Text: strings.Join(inOrder(p, c.text(p), p.Content.Instruction), "\n\n"), Place: oneLine(p.Content.Place), Heard: c.deps.Hear(p, profile),
	}
	if event := oneLine(channel.Marked(p, p.Content.Title)); event != s.Title {
		s.Event = event
	}
	if p.Content.Image != nil {
		s.ImageAlt = p.Content.Image.Alt
	}
	return s
}

// inOrder is a text and what to do, which comes first in an alert; what is
// empty is left out.
func inOrder(p events.Publication, text, instruction string) []string {
	list := []string{text, instruction}
	if p.Class == events.ClassAlert {
		slices.Reverse(list)
	}
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}

// summary is what many readers and pages show alone: when and where are in it.
// There is none of an officer's own text, nor of one without a summary.
func (c *Channel) summary(p events.Publication, facts []string) string {
	if _, own := p.Text(c.spec.ID); own || p.Content.Summary == "" {
		return ""
	}
	said := slices.Clone(facts)
	if p.Class == events.ClassAlert && p.Content.Instruction != "" {
		said = append(said, p.Content.Instruction)
	}
	for i, s := range said {
		said[i] = channel.Ended(s)
	}
	return oneLine(strings.Join(append(said, p.Content.Summary), " "))
}

// text is the whole of it: an officer's own, the source's, or what there is in
// short.
func (c *Channel) text(p events.Publication) string {
	if own, ok := p.Text(c.spec.ID); ok {
		return own
	}
	return strings.TrimSpace(channel.Whole(p))
}

// whole is the text of an entry with when and where.
func (e Entry) whole() string { return strings.TrimSpace(e.Facts + "\n\n" + e.Text) }

// in is the entry for those who read a language; the same when it is not said
// in it. It is another entry: a reader may have both.
func (e Entry) in(language string) Entry {
	said, ok := channel.For(language, e.Language, e.Variants)
	if !ok {
		return e
	}
	e.ID, e.Language = e.ID+"/"+language, language
	e.Title, e.Event, e.Facts, e.Summary, e.HTML, e.Text = said.Title, said.Event, said.Facts, said.Summary, said.HTML, said.Text
	e.ImageAlt, e.Place, e.Heard = said.ImageAlt, said.Place, said.Heard
	return e
}

// areasOf lists where p is for: what the officer chose, or else what the
// source said.
func areasOf(p events.Publication) []string {
	list := slices.Clone(p.Audience.Areas)
	if len(list) == 0 {
		for _, a := range p.Areas {
			list = append(list, a.INSEE...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Endpoints implements channel.Endpoint.
func (c *Channel) Endpoints(events.Publication) []channel.Profile {
	return []channel.Profile{{Endpoint: endpoint}}
}

// Deliver implements channel.Endpoint.
func (c *Channel) Deliver(ctx context.Context, post channel.Post) (channel.Result, error) {
	d := post.Delivery
	if d.Class == events.ClassAlert {
		if err := c.deps.Shelf.Put(ctx, inHistory(d)); err != nil {
			return channel.Result{}, err
		}
	}
	if err := c.deps.Shelf.Put(ctx, d); err != nil {
		return channel.Result{}, err
	}
	if e, err := channel.BodyOf[Entry](d.Rendition); err == nil {
		heard := []*channel.Heard{e.Heard}
		for _, v := range e.Variants {
			heard = append(heard, v.Heard)
		}
		c.deps.Keep(ctx, d, heard...)
	}
	return channel.Result{Remote: d.Publication, At: c.deps.Now(), Units: 1, Delivered: true}, nil
}

// inHistory is where a revision of an alert stays until it expires: CAP
// messages are never changed, only superseded by others that name them.
func inHistory(d events.Delivery) events.Delivery {
	d.Endpoint = historyOf(d.Revision)
	return d
}

func historyOf(revision int) string { return "alert-" + strconv.Itoa(revision) }

// Update implements channel.Updater.
func (c *Channel) Update(ctx context.Context, post channel.Post) (channel.Result, error) {
	return c.Deliver(ctx, post)
}

// Withdraw implements channel.Withdrawer. An alert leaves its CAP message of
// type Cancel behind until it expires, for those who copied it.
func (c *Channel) Withdraw(ctx context.Context, post channel.Post) (channel.Result, error) {
	d := post.Delivery
	if d.Class == events.ClassAlert {
		cancel := inHistory(d)
		if err := c.deps.Shelf.Put(ctx, cancel); err != nil {
			return channel.Result{}, err
		}
		cancel.Endpoint = cancelled
		if err := c.deps.Shelf.Put(ctx, cancel); err != nil {
			return channel.Result{}, err
		}
	}
	if err := c.deps.Shelf.Remove(ctx, d); err != nil {
		return channel.Result{}, err
	}
	return channel.Result{Remote: d.Publication, At: c.deps.Now(), Delivered: true}, nil
}

// IdempotentBecause implements channel.Idempotent.
func (c *Channel) IdempotentBecause() string { return "an entry has one key on the shelf" }

// Run implements channel.Runner: it tells those who subscribed to the
// authority's feeds by WebSub.
func (c *Channel) Run(ctx context.Context) error {
	if c.hub == nil {
		<-ctx.Done()
		return nil
	}
	return c.hub.run(ctx, c.spec.Authority)
}
