package bluesky

import (
	"encoding/json"
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
	"github.com/crieur/crieur/services/publisher/card"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/prose"
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
	typeImagesEmbed   = "app.bsky.embed.images"
)

// Config is a Bluesky channel's settings.
type Config struct {
	Service      string     `yaml:"service"`    // https://bsky.social
	Identifier   string     `yaml:"identifier"` // handle or DID
	Password     run.Secret `yaml:"password"`   // app password
	PasswordFile string     `yaml:"password_file"`
	Card         bool       `yaml:"card"`     // draw title, place and time on a picture; default: the page's own card
	Thread       int        `yaml:"thread"`   // posts that a long text may take; 1 (default) to 10
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
	cfg := Config{Service: "https://bsky.social", Thread: 1}
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
	case cfg.Thread < 1 || cfg.Thread > channel.MaxThread:
		return nil, spec.Invalid("thread: %d is not between 1 and %d", cfg.Thread, channel.MaxThread)
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

// Body is a rendition: the record, and those that follow it.
type Body struct {
	Record
	More []Record   `json:"more,omitempty"`
	Card *card.Card `json:"card,omitempty"`
}

// Record is an app.bsky.feed.post.
type Record struct {
	Type      string   `json:"$type"`
	Text      string   `json:"text"`
	CreatedAt string   `json:"createdAt"`
	Langs     []string `json:"langs,omitempty"`
	Facets    []Facet  `json:"facets,omitempty"`
	Embed     *Embed   `json:"embed,omitempty"`
	Reply     *Reply   `json:"reply,omitempty"`
}

// Embed is a card of the publication's page, or pictures.
type Embed struct {
	Type     string    `json:"$type"`
	External *External `json:"external,omitempty"`
	Images   []Image   `json:"images,omitempty"`
}

// Image is a picture that was uploaded.
type Image struct {
	Alt   string          `json:"alt"`
	Image json.RawMessage `json:"image"` // the blob, as the server calls it
	Ratio Ratio           `json:"aspectRatio"`
}

// Ratio is in pixels.
type Ratio struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

// Reply is what a post follows.
type Reply struct {
	Root   Ref `json:"root"`
	Parent Ref `json:"parent"`
}

// Ref is com.atproto.repo.strongRef.
type Ref struct {
	URI string `json:"uri"`
	CID string `json:"cid"`
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
	posts, n, cut := channel.Limit{Max: maxGraphemes, Size: size, Tags: channel.Tags(p, profile)}.Thread(p, profile, own, c.cfg.Thread)
	body, warnings := Body{}, []string(nil)
	for i, text := range posts {
		record := Record{Type: collection, Text: text, CreatedAt: p.At.UTC().Truncate(time.Millisecond).Format(dateTime), Facets: Facets(text)}
		if p.Content.Language != "" {
			record.Langs = []string{p.Content.Language}
		}
		if i > 0 {
			body.More = append(body.More, record)
			continue
		}
		body.Record = record
	}
	if cut {
		warnings = append(warnings, "cut: text")
	}
	if c.cfg.Card {
		body.Card, warnings = card.Want(p, profile, warnings)
	}
	if profile.Link != "" && body.Card == nil {
		body.Embed = &Embed{Type: typeExternalEmbed, External: &External{
			URI: profile.Link, Title: shorten(channel.Headline(p)), Description: shorten(p.Content.Summary),
		}}
	}
	r, err := channel.NewRendition(c.spec, body, strings.Join(posts, "\n\n"))
	r.ContentLength, r.Units, r.Warnings = n, len(posts), warnings
	return r, err
}

func shorten(s string) string {
	return prose.Cut(s, "…", func(s string) bool { return uniseg.GraphemeClusterCount(s) <= maxCardGraphemes })
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
	shown := ""
	for _, record := range append([]Record{body.Record}, body.More...) {
		shown += "<p>" + strings.ReplaceAll(html.EscapeString(record.Text), "\n", "<br>") + "</p>"
	}
	if body.Embed != nil {
		e := body.Embed.External
		shown += "<blockquote><p><strong>" + html.EscapeString(e.Title) + "</strong></p><p>" + html.EscapeString(e.Description) + "</p></blockquote>"
	}
	out := call.Preview{HTML: shown, Facts: append([]string{fmt.Sprintf("%d caractères sur %d", r.ContentLength, maxGraphemes)}, r.Warnings...)}
	return out, card.Show(body.Card, &out)
}
