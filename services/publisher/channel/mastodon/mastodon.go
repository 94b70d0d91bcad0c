package mastodon

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/events/topic"
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
	Token         run.Secret `yaml:"token"`  // scopes write:statuses and read:statuses, read:accounts
	TokenFile     string     `yaml:"token_file"`
	Visibility    string     `yaml:"visibility"`     // public (default), unlisted or private
	MaxCharacters int        `yaml:"max_characters"` // default: what the server says, else 500
	Language      string     `yaml:"language"`       // BCP 47: the variant to post where there is one, as en or fr-simple; default the original
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
	cfg := Config{Visibility: "public"}
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
	Status   string `json:"status"`
	Language string `json:"language,omitempty"` // ISO 639-1
	Link     string `json:"link,omitempty"`     // what the status ends with
	Max      int    `json:"max"`                // characters, when it was written
}

// Render implements channel.Channel. It is pure but for the server's limits,
// which are settings that the server gives.
func (c *Channel) Render(p events.Publication, profile channel.Profile) (events.Rendition, error) {
	p, profile = channel.In(c.cfg.Language, p, profile)
	limit := c.limit()
	if tag := channel.Hashtag(topic.Name(p.Topic, profile.Language)); tag != "" {
		limit.Tags = []string{tag}
	}
	for _, said := range []*string{
		&p.Content.Title, &p.Content.Summary, &p.Content.Text, &p.Content.Instruction, &p.Content.Place,
	} {
		*said = unmention(*said)
	}
	own, _ := p.Text(c.spec.ID)
	status, size, cut := limit.Compose(p, profile, own)
	body := Body{Status: status, Link: profile.Link, Max: limit.Max}
	body.Language, _, _ = strings.Cut(p.Content.Language, "-")
	r, err := channel.NewRendition(c.spec, body, status)
	r.ContentLength = size
	if cut {
		r.Warnings = append(r.Warnings, "cut: text")
	}
	return r, err
}

// Endpoints implements channel.Endpoint.
func (c *Channel) Endpoints(events.Publication) []channel.Profile {
	return []channel.Profile{{Endpoint: events.Slug(c.host)}}
}

// Deliver implements channel.Endpoint.
func (c *Channel) Deliver(ctx context.Context, post channel.Post) (channel.Result, error) {
	s, err := c.write(ctx, "POST", "/api/v1/statuses", post.Delivery)
	return c.result(s), err
}

// Update implements channel.Updater. A status that is gone is posted anew,
// unless an earlier try did.
func (c *Channel) Update(ctx context.Context, post channel.Post) (channel.Result, error) {
	s, err := c.write(ctx, "PUT", "/api/v1/statuses/"+url.PathEscape(post.Remote), post.Delivery)
	if events.OutcomeOf(err).Reason != events.ReasonNotFound {
		return c.result(s), channel.Repeatable(err)
	}
	found, err := c.Reconcile(ctx, post)
	if channel.WasNeverPosted(err) {
		return c.Deliver(ctx, post)
	}
	return found, err
}

// Withdraw implements channel.Withdrawer. A status that is gone is withdrawn.
func (c *Channel) Withdraw(ctx context.Context, post channel.Post) (channel.Result, error) {
	err := c.do(ctx, "DELETE", "/api/v1/statuses/"+url.PathEscape(post.Remote), "", nil, nil)
	if events.OutcomeOf(err).Reason == events.ReasonNotFound {
		err = nil
	}
	return c.result(status{ID: post.Remote}), channel.Repeatable(err)
}

func (c *Channel) result(s status) channel.Result {
	return channel.Result{Remote: s.ID, At: c.deps.Now(), Units: 1, Delivered: true}
}

const (
	// clockSkew is how much the server's clock may differ from ours.
	clockSkew = 5 * time.Minute
	// reconcilePages of 40 statuses bound how far back ours is looked for.
	reconcilePages = 25
)

// Reconcile implements channel.Reconciler: the publication's own link tells
// our status among those posted since.
func (c *Channel) Reconcile(ctx context.Context, post channel.Post) (channel.Result, error) {
	body, err := channel.BodyOf[Body](post.Delivery.Rendition)
	if err != nil {
		return channel.Result{}, err
	}
	if body.Link == "" {
		return channel.Result{}, events.Transient(events.ReasonAmbiguous, errors.New("mastodon: a status without a link cannot be told from others"), 0)
	}
	var me struct {
		ID string `json:"id"`
	}
	if err := c.do(ctx, "GET", "/api/v1/accounts/verify_credentials", "", nil, &me); err != nil {
		return channel.Result{}, channel.Repeatable(err)
	}
	since := post.Delivery.CreatedAt.Add(-clockSkew)
	before := ""
	for range reconcilePages {
		var page []status
		path := "/api/v1/accounts/" + url.PathEscape(me.ID) + "/statuses?limit=40&exclude_reblogs=true" + before
		if err := c.do(ctx, "GET", path, "", nil, &page); err != nil {
			return channel.Result{}, channel.Repeatable(err)
		}
		old := len(page) == 0
		for _, s := range page { // newest first
			if old = s.CreatedAt.Before(since); !old && mentions(s.Content, body.Link) {
				return c.result(s), nil
			}
		}
		if old {
			return channel.Result{}, channel.NeverPosted("mastodon")
		}
		before = "&max_id=" + url.QueryEscape(page[len(page)-1].ID)
	}
	return channel.Result{}, events.Transient(events.ReasonUnavailable, errors.New("mastodon: too many statuses since to find ours"), 0)
}

// mentions tells whether a status, in HTML, has a link. Servers break what is
// shown of it into spans; the whole is in its href.
func mentions(content, link string) bool {
	text := html.UnescapeString(content)
	at := strings.Index(text, link)
	for at >= 0 {
		rest := text[at+len(link):]
		if rest == "" || strings.ContainsAny(rest[:1], "\"'<> \n") {
			return true
		}
		next := strings.Index(rest, link)
		if next < 0 {
			return false
		}
		at += len(link) + next
	}
	return false
}

// Preview implements channel.Previewer.
func (c *Channel) Preview(r events.Rendition) (call.Preview, error) {
	body, err := channel.BodyOf[Body](r)
	if err != nil {
		return call.Preview{}, err
	}
	text := strings.ReplaceAll(html.EscapeString(body.Status), "\n", "<br>")
	return call.Preview{HTML: "<p>" + text + "</p>", Facts: append([]string{fmt.Sprintf("%d caractères sur %d", r.ContentLength, body.Max)}, r.Warnings...)}, nil
}
