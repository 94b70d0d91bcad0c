package mastodon

import (
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/publisher/card"
	"github.com/crieur/crieur/services/publisher/channel"
)

// Kind is the channel kind.
const Kind = "mastodon"

// max_characters is between these.
const (
	minMax = 100
	maxMax = 100_000
)

// Config is a Mastodon channel's settings.
type Config struct {
	Server        string     `yaml:"server"` // https://social.example
	Token         run.Secret `yaml:"token"`  // scopes write:statuses and read:statuses, read:accounts; write:media for cards
	TokenFile     string     `yaml:"token_file"`
	Visibility    string     `yaml:"visibility"`     // public (default), unlisted or private
	MaxCharacters int        `yaml:"max_characters"` // default: what the server says, else 500
	Language      string     `yaml:"language"`       // BCP 47: the variant to post where there is one, as en or fr-simple; default the original
	Card          bool       `yaml:"card"`           // draw title, place and time on a picture; default false
	Thread        int        `yaml:"thread"`         // statuses that a long text may take; 1 (default) to 10
}

// Channel posts statuses.
type Channel struct {
	spec channel.Spec
	cfg  Config
	deps channel.Deps
	host string

	server atomic.Pointer[limits] // what the server says; nil until it did
}

var (
	_ channel.Endpoint   = (*Channel)(nil)
	_ channel.Updater    = (*Channel)(nil)
	_ channel.Withdrawer = (*Channel)(nil)
	_ channel.Reconciler = (*Channel)(nil)
	_ channel.Previewer  = (*Channel)(nil)
	_ channel.Runner     = (*Channel)(nil)
)

// New validates the settings of one channel.
func New(spec channel.Spec, deps channel.Deps) (channel.Channel, error) {
	cfg := Config{Visibility: "public", Thread: 1}
	if err := spec.Decode(&cfg); err != nil {
		return nil, err
	}
	cfg.Server = strings.TrimRight(cfg.Server, "/")
	u, err := url.Parse(cfg.Server)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		return nil, spec.Invalid("server: must be https://host")
	case !channel.IsLanguage(cfg.Language):
		return nil, spec.Invalid("language: %q is not a BCP 47 language such as en or fr-simple", cfg.Language)
	case !slices.Contains([]string{"public", "unlisted", "private"}, cfg.Visibility):
		return nil, spec.Invalid("visibility: %q is not public, unlisted or private", cfg.Visibility)
	case cfg.Thread < 1 || cfg.Thread > channel.MaxThread:
		return nil, spec.Invalid("thread: %d is not between 1 and %d", cfg.Thread, channel.MaxThread)
	case cfg.MaxCharacters != 0 && (cfg.MaxCharacters < minMax || cfg.MaxCharacters > maxMax):
		return nil, spec.Invalid("max_characters: %d is not between %d and %d", cfg.MaxCharacters, minMax, maxMax)
	}
	if cfg.Token, err = run.LoadSecret("token", cfg.Token, cfg.TokenFile); err != nil {
		return nil, spec.Invalid("%w", err)
	}
	if cfg.Token.IsZero() {
		return nil, spec.Invalid("token: required")
	}
	return &Channel{spec: spec, cfg: cfg, deps: deps, host: u.Hostname()}, nil
}

// Body is a rendition.
type Body struct {
	Status   string     `json:"status"`
	More     []string   `json:"more,omitempty"` // the rest of the thread
	Card     *card.Card `json:"card,omitempty"`
	Language string     `json:"language,omitempty"` // ISO 639-1
	Link     string     `json:"link,omitempty"`     // what the status ends with
	Max      int        `json:"max"`                // characters, when it was written
}

// Render implements channel.Channel. It is pure but for the server's limits,
// which are settings that the server gives.
func (c *Channel) Render(p events.Publication, profile channel.Profile) (events.Rendition, error) {
	p, profile = channel.In(c.cfg.Language, p, profile)
	limit := c.limit()
	limit.Tags = channel.Tags(p, profile)
	for _, said := range []*string{
		&p.Content.Title, &p.Content.Summary, &p.Content.Text, &p.Content.Instruction, &p.Content.Place,
	} {
		*said = unmention(*said)
	}
	own, _ := p.Text(c.spec.ID)
	most := c.cfg.Thread
	if profile.Link == "" {
		most = 1 // a thread is found again by its link
	}
	posts, size, cut := limit.Thread(p, profile, own, most)
	body := Body{Status: posts[0], More: posts[1:], Link: profile.Link, Max: limit.Max}
	body.Language, _, _ = strings.Cut(p.Content.Language, "-")
	var warnings []string
	if cut {
		warnings = append(warnings, "cut: text")
	}
	if c.cfg.Card {
		body.Card, warnings = card.Want(p, profile, warnings)
	}
	r, err := channel.NewRendition(c.spec, body, strings.Join(posts, "\n\n"))
	r.ContentLength, r.Units, r.Warnings = size, len(posts), warnings
	return r, err
}

// Endpoints implements channel.Endpoint.
func (c *Channel) Endpoints(events.Publication) []channel.Profile {
	return []channel.Profile{{Endpoint: events.Slug(c.host)}}
}

// Preview implements channel.Previewer.
func (c *Channel) Preview(r events.Rendition) (call.Preview, error) {
	body, err := channel.BodyOf[Body](r)
	if err != nil {
		return call.Preview{}, err
	}
	shown := ""
	for _, status := range append([]string{body.Status}, body.More...) {
		shown += "<p>" + strings.ReplaceAll(html.EscapeString(status), "\n", "<br>") + "</p>"
	}
	out := call.Preview{HTML: shown, Facts: append([]string{fmt.Sprintf("%d caractères sur %d", r.ContentLength, body.Max)}, r.Warnings...)}
	return out, card.Show(body.Card, &out)
}
