package telegram

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf16"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/publisher/card"
	"github.com/crieur/crieur/services/publisher/channel"
)

// Kind is the channel kind.
const Kind = "telegram"

// maxText is in UTF-16 code units, after entities are read:
// https://core.telegram.org/bots/api#sendmessage
const maxText = 4096

// maxCaption is the same under a picture:
// https://core.telegram.org/bots/api#sendphoto
const maxCaption = 1024

// Config is a Telegram channel's settings.
type Config struct {
	Token     run.Secret `yaml:"token"`
	TokenFile string     `yaml:"token_file"`
	Chat      string     `yaml:"chat"`     // @name or number
	Quiet     bool       `yaml:"quiet"`    // no sound but for alerts
	Card      bool       `yaml:"card"`     // draw title, place and time on a picture; the text below is then shorter
	Language  string     `yaml:"language"` // BCP 47: the variant to post where there is one, as en or fr-simple; default the original
	APIURL    string     `yaml:"api_url"`  // default https://api.telegram.org
}

// Channel posts messages.
type Channel struct {
	spec channel.Spec
	cfg  Config
	deps channel.Deps
}

var (
	_ channel.Endpoint   = (*Channel)(nil)
	_ channel.Updater    = (*Channel)(nil)
	_ channel.Withdrawer = (*Channel)(nil)
	_ channel.Previewer  = (*Channel)(nil)
)

var chatRe = regexp.MustCompile(`^(@[A-Za-z][A-Za-z0-9_]{3,31}|-?[0-9]{1,19})$`)

// New validates the settings of one channel.
func New(spec channel.Spec, deps channel.Deps) (channel.Channel, error) {
	cfg := Config{APIURL: "https://api.telegram.org"}
	if err := spec.Decode(&cfg); err != nil {
		return nil, err
	}
	var err error
	if cfg.Token, err = run.LoadSecret("token", cfg.Token, cfg.TokenFile); err != nil {
		return nil, spec.Invalid("%w", err)
	}
	cfg.APIURL = strings.TrimRight(cfg.APIURL, "/")
	u, err := url.Parse(cfg.APIURL)
	switch {
	case !channel.IsLanguage(cfg.Language):
		return nil, spec.Invalid("language: %q is not a BCP 47 language such as en or fr-simple", cfg.Language)
	case cfg.Token.IsZero():
		return nil, spec.Invalid("token: required")
	case !chatRe.MatchString(cfg.Chat):
		return nil, spec.Invalid("chat: must be @name or a number")
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		return nil, spec.Invalid("api_url: must be https://host")
	}
	return &Channel{spec: spec, cfg: cfg, deps: deps}, nil
}

// Body is a rendition.
type Body struct {
	HTML  string     `json:"html"` // of Telegram: https://core.telegram.org/bots/api#html-style
	Quiet bool       `json:"quiet,omitempty"`
	Card  *card.Card `json:"card,omitempty"` // HTML is then its caption
}

// Render implements channel.Channel.
func (c *Channel) Render(p events.Publication, profile channel.Profile) (events.Rendition, error) {
	p, profile = channel.In(c.cfg.Language, p, profile)
	own, _ := p.Text(c.spec.ID)
	body, warnings := Body{Quiet: c.cfg.Quiet && p.Class != events.ClassAlert}, []string(nil)
	if c.cfg.Card {
		body.Card, warnings = card.Want(p, profile, warnings)
	}
	text, size, cut := channel.Limit{Max: body.limit(), Size: units, Tags: channel.Tags(p, profile)}.Compose(p, profile, own)
	if cut {
		warnings = append(warnings, "cut: text")
	}
	body.HTML = markup(text, own == "")
	r, err := channel.NewRendition(c.spec, body, text)
	r.ContentLength, r.Warnings = size, warnings
	return r, err
}

func (b Body) limit() int {
	if b.Card != nil {
		return maxCaption
	}
	return maxText
}

func units(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// markup escapes a text and makes its first paragraph, the headline, bold.
func markup(text string, headline bool) string {
	if !headline {
		return escape(text)
	}
	first, rest, more := strings.Cut(text, "\n\n")
	out := "<b>" + escape(first) + "</b>"
	if more {
		out += "\n\n" + escape(rest)
	}
	return out
}

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// Endpoints implements channel.Endpoint.
func (c *Channel) Endpoints(events.Publication) []channel.Profile {
	return []channel.Profile{{Endpoint: events.Slug(c.cfg.Chat)}}
}

// Preview implements channel.Previewer.
func (c *Channel) Preview(r events.Rendition) (call.Preview, error) {
	body, err := channel.BodyOf[Body](r)
	if err != nil {
		return call.Preview{}, err
	}
	first, rest, bold := strings.Cut(strings.TrimPrefix(body.HTML, "<b>"), "</b>")
	shown := html.EscapeString(html.UnescapeString(first))
	if bold {
		shown = "<strong>" + shown + "</strong>" + html.EscapeString(html.UnescapeString(rest))
	}
	facts := []string{fmt.Sprintf("%d caractères sur %d", r.ContentLength, body.limit())}
	if body.Quiet {
		facts = append(facts, "sans sonnerie")
	}
	out := call.Preview{HTML: "<p>" + strings.ReplaceAll(shown, "\n", "<br>") + "</p>", Facts: append(facts, r.Warnings...)}
	return out, card.Show(body.Card, &out)
}
