package bluesky

import (
	"fmt"
	"html"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/rivo/uniseg"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/publisher/channel"
)

// Kind is the channel kind.
const Kind = "bluesky"

// The limits of app.bsky.feed.post: 300 graphemes, 3,000 bytes.
const (
	maxGraphemes      = 300
	bytesPerGrapheme  = 10
	maxCardGraphemes  = 200
	collection        = "app.bsky.feed.post"
	dateTime          = "2006-01-02T15:04:05.000Z" // https://atproto.com/specs/lexicon#datetime
	maxEarlierPosts   = 50
	typeExternalEmbed = "app.bsky.embed.external"
)

// Config is a Bluesky channel's settings.
type Config struct {
	Service      string     `yaml:"service"`    // https://bsky.social
	Identifier   string     `yaml:"identifier"` // handle or DID
	Password     run.Secret `yaml:"password"`   // app password
	PasswordFile string     `yaml:"password_file"`
	Language     string     `yaml:"language"` // BCP 47: the variant to post where there is one, as en or fr-simple; default the original
}

// Channel posts records.
type Channel struct {
	spec channel.Spec
	cfg  Config
	deps channel.Deps

	mu      sync.Mutex // held while a session is made
	session *session
}

var (
	_ channel.Endpoint   = (*Channel)(nil)
	_ channel.Updater    = (*Channel)(nil)
	_ channel.Withdrawer = (*Channel)(nil)
	_ channel.Idempotent = (*Channel)(nil)
	_ channel.Reconciler = (*Channel)(nil)
	_ channel.Previewer  = (*Channel)(nil)
)

// New validates the settings of one channel.
func New(spec channel.Spec, deps channel.Deps) (channel.Channel, error) {
	cfg := Config{Service: "https://bsky.social"}
	if err := spec.Decode(&cfg); err != nil {
		return nil, err
	}
	cfg.Service = strings.TrimRight(cfg.Service, "/")
	cfg.Identifier = strings.TrimPrefix(cfg.Identifier, "@")
	u, err := url.Parse(cfg.Service)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		return nil, spec.Invalid("service: must be https://host")
	case !channel.IsLanguage(cfg.Language):
		return nil, spec.Invalid("language: %q is not a BCP 47 language such as en or fr-simple", cfg.Language)
	case cfg.Identifier == "" || !strings.ContainsAny(cfg.Identifier, ".:"):
		return nil, spec.Invalid("identifier: required, a handle or a DID")
	}
	if cfg.Password, err = run.LoadSecret("password", cfg.Password, cfg.PasswordFile); err != nil {
		return nil, spec.Invalid("%w", err)
	}
	if cfg.Password.IsZero() {
		return nil, spec.Invalid("password: required, an app password")
	}
	return &Channel{spec: spec, cfg: cfg, deps: deps}, nil
}

// Body is a rendition: the record.
type Body struct {
	Type      string   `json:"$type"`
	Text      string   `json:"text"`
	CreatedAt string   `json:"createdAt"`
	Langs     []string `json:"langs,omitempty"`
	Facets    []Facet  `json:"facets,omitempty"`
	Embed     *Embed   `json:"embed,omitempty"`
}

// Embed is a card of the publication's page.
type Embed struct {
	Type     string   `json:"$type"`
	External External `json:"external"`
}

// External is what a card shows.
type External struct {
	URI         string `json:"uri"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

// size counts graphemes, or tenths of bytes when these are the more: both
// limits are then one.
func size(s string) int {
	return max(uniseg.GraphemeClusterCount(s), (len(s)+bytesPerGrapheme-1)/bytesPerGrapheme)
}

// Render implements channel.Channel.
func (c *Channel) Render(p events.Publication, profile channel.Profile) (events.Rendition, error) {
	p, profile = channel.In(c.cfg.Language, p, profile)
	own, _ := p.Text(c.spec.ID)
	text, n, cut := channel.Limit{Max: maxGraphemes, Size: size}.Compose(p, profile, own)
	body := Body{Type: collection, Text: text, CreatedAt: p.At.UTC().Truncate(time.Millisecond).Format(dateTime), Facets: Facets(text)}
	if p.Content.Language != "" {
		body.Langs = []string{p.Content.Language}
	}
	if profile.Link != "" {
		body.Embed = &Embed{Type: typeExternalEmbed, External: External{
			URI: profile.Link, Title: shorten(channel.Headline(p)), Description: shorten(p.Content.Summary),
		}}
	}
	r, err := channel.NewRendition(c.spec, body, text)
	r.ContentLength = n
	if cut {
		r.Warnings = append(r.Warnings, "cut: text")
	}
	return r, err
}

func shorten(s string) string {
	out, rest, g := "", s, ""
	for n, state := 1, -1; rest != ""; n++ {
		g, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if n == maxCardGraphemes && rest != "" {
			return strings.TrimRight(out, " ") + "…"
		}
		out += g
	}
	return out
}

// Endpoints implements channel.Endpoint.
func (c *Channel) Endpoints(events.Publication) []channel.Profile {
	return []channel.Profile{{Endpoint: events.Slug(c.cfg.Identifier)}}
}

// IdempotentBecause implements channel.Idempotent.
func (c *Channel) IdempotentBecause() string {
	return "putRecord with the same record key replaces the record by itself: https://docs.bsky.app/docs/api/com-atproto-repo-put-record"
}

// Preview implements channel.Previewer.
func (c *Channel) Preview(r events.Rendition) (call.Preview, error) {
	body, err := channel.BodyOf[Body](r)
	if err != nil {
		return call.Preview{}, err
	}
	shown := "<p>" + strings.ReplaceAll(html.EscapeString(body.Text), "\n", "<br>") + "</p>"
	if body.Embed != nil {
		e := body.Embed.External
		shown += "<blockquote><p><strong>" + html.EscapeString(e.Title) + "</strong></p><p>" + html.EscapeString(e.Description) + "</p></blockquote>"
	}
	return call.Preview{HTML: shown, Facts: append([]string{fmt.Sprintf("%d caractères sur %d", r.ContentLength, maxGraphemes)}, r.Warnings...)}, nil
}
