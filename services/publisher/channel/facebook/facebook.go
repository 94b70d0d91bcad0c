package facebook

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"

	"github.com/rivo/uniseg"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/publisher/card"
	"github.com/crieur/crieur/services/publisher/channel"
)

// Kind is the channel kind.
const Kind = "facebook"

// maxText is Facebook's own limit; what is posted stays readable.
const maxText = 63_206

// Config is a page's settings.
type Config struct {
	Page      string     `yaml:"page"` // its number
	Token     run.Secret `yaml:"token"`
	TokenFile string     `yaml:"token_file"`
	APIURL    string     `yaml:"api_url"` // with the version; default https://graph.facebook.com/v23.0
	Max       int        `yaml:"max_characters"`
	Card      bool       `yaml:"card"`     // draw title, place and time on a picture; default: the page's own card
	Language  string     `yaml:"language"` // BCP 47: the variant to post where there is one, as en or fr-simple; default the original
}

// Channel posts on a page.
type Channel struct {
	spec channel.Spec
	cfg  Config
	deps channel.Deps
}

var (
	_ channel.Endpoint   = (*Channel)(nil)
	_ channel.Updater    = (*Channel)(nil)
	_ channel.Withdrawer = (*Channel)(nil)
	_ channel.Reconciler = (*Channel)(nil)
	_ channel.Previewer  = (*Channel)(nil)
)

var pageRe = regexp.MustCompile(`^[0-9]{5,20}$`)

// New validates the settings of one channel.
func New(spec channel.Spec, deps channel.Deps) (channel.Channel, error) {
	cfg := Config{APIURL: "https://graph.facebook.com/v23.0", Max: 5000}
	if err := spec.Decode(&cfg); err != nil {
		return nil, err
	}
	cfg.APIURL = strings.TrimRight(cfg.APIURL, "/")
	u, err := url.Parse(cfg.APIURL)
	switch {
	case !channel.IsLanguage(cfg.Language):
		return nil, spec.Invalid("language: %q is not a BCP 47 language such as en or fr-simple", cfg.Language)
	case !pageRe.MatchString(cfg.Page):
		return nil, spec.Invalid("page: must be the page's number")
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		return nil, spec.Invalid("api_url: must be https://host/version")
	case cfg.Max < 200 || cfg.Max > maxText:
		return nil, spec.Invalid("max_characters: %d is not between 200 and %d", cfg.Max, maxText)
	}
	if cfg.Token, err = run.LoadSecret("token", cfg.Token, cfg.TokenFile); err != nil {
		return nil, spec.Invalid("%w", err)
	}
	if cfg.Token.IsZero() {
		return nil, spec.Invalid("token: required")
	}
	return &Channel{spec: spec, cfg: cfg, deps: deps}, nil
}

// Body is a rendition.
type Body struct {
	Message string     `json:"message"`
	Link    string     `json:"link,omitempty"` // the card that Facebook makes of the page
	Card    *card.Card `json:"card,omitempty"` // shown in its place
}

// Render implements channel.Channel.
func (c *Channel) Render(p events.Publication, profile channel.Profile) (events.Rendition, error) {
	p, profile = channel.In(c.cfg.Language, p, profile)
	own, _ := p.Text(c.spec.ID)
	text, size, cut := channel.Limit{Max: c.cfg.Max, Size: uniseg.GraphemeClusterCount, Tags: channel.Tags(p, profile)}.Compose(p, profile, own)
	body, warnings := Body{Message: text, Link: profile.Link}, []string(nil)
	if cut {
		warnings = append(warnings, "cut: text")
	}
	if c.cfg.Card {
		body.Card, warnings = card.Want(p, profile, warnings)
	}
	r, err := channel.NewRendition(c.spec, body, text)
	r.ContentLength, r.Warnings = size, warnings
	return r, err
}

// Endpoints implements channel.Endpoint.
func (c *Channel) Endpoints(events.Publication) []channel.Profile {
	return []channel.Profile{{Endpoint: events.Slug(c.cfg.Page)}}
}

// Preview implements channel.Previewer.
func (c *Channel) Preview(r events.Rendition) (call.Preview, error) {
	body, err := channel.BodyOf[Body](r)
	if err != nil {
		return call.Preview{}, err
	}
	text := strings.ReplaceAll(html.EscapeString(body.Message), "\n", "<br>")
	out := call.Preview{HTML: "<p>" + text + "</p>", Facts: append([]string{fmt.Sprintf("%d caractères sur %d", r.ContentLength, c.cfg.Max)}, r.Warnings...)}
	return out, card.Show(body.Card, &out)
}
