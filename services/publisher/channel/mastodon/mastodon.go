package mastodon

import (
	"context"
	"html"
	"net/url"
	"slices"
	"strings"

	"github.com/rivo/uniseg"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/publisher/channel"
)

// Kind is the channel kind.
const Kind = "mastodon"

// Mastodon's own limits; a server may set a higher max_characters.
const (
	defaultMax = 500
	linkChars  = 23
)

// Config is a Mastodon channel's settings.
type Config struct {
	Server        string     `yaml:"server"` // https://social.example
	Token         run.Secret `yaml:"token"`  // scopes write:statuses and read:statuses, read:accounts
	TokenFile     string     `yaml:"token_file"`
	Visibility    string     `yaml:"visibility"`     // public (default), unlisted or private
	MaxCharacters int        `yaml:"max_characters"` // of the server; default 500
}

// Channel posts statuses.
type Channel struct {
	spec channel.Spec
	cfg  Config
	deps channel.Deps
	host string
}

var (
	_ channel.Endpoint   = (*Channel)(nil)
	_ channel.Updater    = (*Channel)(nil)
	_ channel.Withdrawer = (*Channel)(nil)
	_ channel.Reconciler = (*Channel)(nil)
	_ channel.Previewer  = (*Channel)(nil)
)

// New validates the settings of one channel.
func New(spec channel.Spec, deps channel.Deps) (channel.Channel, error) {
	cfg := Config{Visibility: "public", MaxCharacters: defaultMax}
	if err := spec.Decode(&cfg); err != nil {
		return nil, err
	}
	cfg.Server = strings.TrimRight(cfg.Server, "/")
	u, err := url.Parse(cfg.Server)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		return nil, spec.Invalid("server: must be https://host")
	case !slices.Contains([]string{"public", "unlisted", "private"}, cfg.Visibility):
		return nil, spec.Invalid("visibility: %q is not public, unlisted or private", cfg.Visibility)
	case cfg.MaxCharacters < 100 || cfg.MaxCharacters > 100_000:
		return nil, spec.Invalid("max_characters: %d is not between 100 and 100000", cfg.MaxCharacters)
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
	Status    string `json:"status"`
	Language  string `json:"language,omitempty"` // ISO 639-1
	Link      string `json:"link,omitempty"`     // what the status ends with
	Sensitive bool   `json:"sensitive,omitempty"`
}

// Render implements channel.Channel.
func (c *Channel) Render(p events.Publication, profile channel.Profile) (events.Rendition, error) {
	limit := channel.Limit{Max: c.cfg.MaxCharacters, Link: linkChars, Size: uniseg.GraphemeClusterCount}
	own, _ := p.Text(c.spec.ID)
	status, size, cut := limit.Compose(p, profile, own)
	body := Body{Status: status, Link: profile.Link}
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

// Update implements channel.Updater. A status that is gone is posted anew.
func (c *Channel) Update(ctx context.Context, post channel.Post) (channel.Result, error) {
	s, err := c.write(ctx, "PUT", "/api/v1/statuses/"+url.PathEscape(post.Remote), post.Delivery)
	if events.OutcomeOf(err).Reason == events.ReasonNotFound {
		return c.Deliver(ctx, post)
	}
	return c.result(s), repeatable(err)
}

// Withdraw implements channel.Withdrawer. A status that is gone is withdrawn.
func (c *Channel) Withdraw(ctx context.Context, post channel.Post) (channel.Result, error) {
	err := c.do(ctx, "DELETE", "/api/v1/statuses/"+url.PathEscape(post.Remote), "", nil, nil)
	if events.OutcomeOf(err).Reason == events.ReasonNotFound {
		err = nil
	}
	return c.result(status{ID: post.Remote}), repeatable(err)
}

func (c *Channel) result(s status) channel.Result {
	return channel.Result{Remote: s.ID, At: c.deps.Now(), Units: 1, Delivered: true}
}

// repeatable: editing or deleting twice is the same as once, so that a lost
// answer is no ambiguity.
func repeatable(err error) error {
	if o := events.OutcomeOf(err); o.Reason == events.ReasonAmbiguous {
		return events.Transient(events.ReasonUnavailable, err, o.RetryAfter)
	}
	return err
}

// Reconcile implements channel.Reconciler: the publication's own link tells
// our status among our latest.
func (c *Channel) Reconcile(ctx context.Context, post channel.Post) (channel.Result, error) {
	body, err := channel.BodyOf[Body](post.Delivery.Rendition)
	if err != nil {
		return channel.Result{}, err
	}
	var me struct {
		ID string `json:"id"`
	}
	if err := c.do(ctx, "GET", "/api/v1/accounts/verify_credentials", "", nil, &me); err != nil {
		return channel.Result{}, repeatable(err)
	}
	var latest []status
	if err := c.do(ctx, "GET", "/api/v1/accounts/"+url.PathEscape(me.ID)+"/statuses?limit=40&exclude_reblogs=true", "", nil, &latest); err != nil {
		return channel.Result{}, repeatable(err)
	}
	for _, s := range latest {
		if body.Link != "" && strings.Contains(html.UnescapeString(s.Content), body.Link) && !s.CreatedAt.Before(post.Delivery.CreatedAt.Add(-clockSkew)) {
			return c.result(s), nil
		}
	}
	return channel.Result{}, events.Permanentf(events.ReasonTimeout, "mastodon: the status was never posted")
}

// Preview implements channel.Previewer.
func (c *Channel) Preview(r events.Rendition) (call.Preview, error) {
	body, err := channel.BodyOf[Body](r)
	if err != nil {
		return call.Preview{}, err
	}
	text := strings.ReplaceAll(html.EscapeString(body.Status), "\n", "<br>")
	return call.Preview{HTML: "<p>" + text + "</p>", Facts: append([]string{count(r.ContentLength, c.cfg.MaxCharacters)}, r.Warnings...)}, nil
}
