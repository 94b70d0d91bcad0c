package webhook

import (
	"bytes"
	"cmp"
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/publisher/channel"
)

// Kind is the channel kind.
const Kind = "webhook"

// The modes of CloudEvents over HTTP.
const (
	Structured = "structured"
	Binary     = "binary"
)

// Config is a web hook's settings.
type Config struct {
	URL                run.Secret `yaml:"url"`  // it may hold a token: never shown
	Mode               string     `yaml:"mode"` // structured (default) or binary
	Secret             run.Secret `yaml:"secret"`
	SecretFile         string     `yaml:"secret_file"`
	PreviousSecret     run.Secret `yaml:"previous_secret"` // still signed with, while it is replaced
	PreviousSecretFile string     `yaml:"previous_secret_file"`
}

// Channel posts events.
type Channel struct {
	spec channel.Spec
	cfg  Config
	deps channel.Deps
	host string
	keys []key
}

var (
	_ channel.Endpoint   = (*Channel)(nil)
	_ channel.Updater    = (*Channel)(nil)
	_ channel.Withdrawer = (*Channel)(nil)
	_ channel.Idempotent = (*Channel)(nil)
	_ channel.Previewer  = (*Channel)(nil)
)

// New validates the settings of one channel.
func New(spec channel.Spec, deps channel.Deps) (channel.Channel, error) {
	cfg := Config{Mode: Structured}
	if err := spec.Decode(&cfg); err != nil {
		return nil, err
	}
	u, err := url.Parse(cfg.URL.Reveal())
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		return nil, spec.Invalid("url: must be https://host/path")
	case cfg.Mode != Structured && cfg.Mode != Binary:
		return nil, spec.Invalid("mode: %q is not structured or binary", cfg.Mode)
	}
	c := &Channel{spec: spec, cfg: cfg, deps: deps, host: u.Hostname()}
	for _, s := range []struct {
		name  string
		value run.Secret
		file  string
	}{{"secret", cfg.Secret, cfg.SecretFile}, {"previous_secret", cfg.PreviousSecret, cfg.PreviousSecretFile}} {
		secret, err := run.LoadSecret(s.name, s.value, s.file)
		if err != nil {
			return nil, spec.Invalid("%w", err)
		}
		if secret.IsZero() {
			continue
		}
		k, err := newKey(secret)
		if err != nil {
			return nil, spec.Invalid("%s: %w", s.name, err)
		}
		c.keys = append(c.keys, k)
	}
	if len(c.keys) == 0 || cfg.Secret.IsZero() && cfg.SecretFile == "" {
		return nil, spec.Invalid("secret: required")
	}
	return c, nil
}

// Notice is the data of an event: the publication, without what is the
// authority's own business (who approved it, whom it is meant for).
type Notice struct {
	Publication string              `json:"publication"`
	Revision    int                 `json:"revision"`
	Status      events.Status       `json:"status"`
	MsgType     events.MsgType      `json:"msgType"`
	Class       events.Class        `json:"class"`
	Topic       string              `json:"topic"`
	Severity    events.Severity     `json:"severity"`
	Urgency     events.Urgency      `json:"urgency"`
	Certainty   events.Certainty    `json:"certainty"`
	Authority   Named               `json:"authority"`
	Stream      Named               `json:"stream"`
	Headline    string              `json:"headline"`         // marked when it corrects, withdraws or is an exercise
	Reason      string              `json:"reason,omitempty"` // why it was withdrawn; its content is then what it was about alone
	Text        string              `json:"text,omitempty"`   // an officer's own words for this receiver
	Content     events.Content      `json:"content"`
	Variants    []events.Content    `json:"variants,omitempty"`
	Areas       []events.Area       `json:"areas,omitempty"`
	Onset       *time.Time          `json:"onset,omitempty"`
	Ends        *time.Time          `json:"ends,omitempty"`
	Expires     time.Time           `json:"expires"`
	ApprovedAt  time.Time           `json:"approvedAt"`
	Provenance  []events.Provenance `json:"provenance,omitempty"`
	Link        string              `json:"link,omitempty"` // the public page
}

// Named is an ID and the name that people know.
type Named struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// Render implements channel.Channel.
func (c *Channel) Render(p events.Publication, profile channel.Profile) (events.Rendition, error) {
	n := Notice{
		Publication: p.ID, Revision: p.Revision, Status: p.Status, MsgType: p.MsgType, Class: p.Class, Topic: p.Topic,
		Severity: p.Severity, Urgency: p.Urgency, Certainty: p.Certainty,
		Authority: Named{p.Authority, profile.Authority}, Stream: Named{p.Stream, profile.Stream},
		Headline: channel.Headline(p), Content: p.Content, Variants: p.Variants, Areas: p.Areas,
		Onset: p.Onset, Ends: p.Ends, Expires: p.Expires, ApprovedAt: p.At, Provenance: p.Origin, Link: profile.Link,
	}
	if p.MsgType == events.MsgCancel { // of another revision it is the authority's own
		n.Reason = strings.TrimSpace(p.Reason)
	}
	if own, ok := p.Text(c.spec.ID); ok {
		n.Text = channel.Marked(p, own)
	}
	text := cmp.Or(n.Text, channel.Why(p), channel.Whole(p))
	r, err := channel.NewRendition(c.spec, n, strings.TrimSpace(n.Headline+"\n\n"+text))
	r.ContentLength = len(r.Body)
	return r, err
}

// Endpoints implements channel.Endpoint.
func (c *Channel) Endpoints(events.Publication) []channel.Profile {
	return []channel.Profile{{Endpoint: events.Slug(c.host)}}
}

// IdempotentBecause implements channel.Idempotent.
func (c *Channel) IdempotentBecause() string {
	return "a receiver keeps the webhook-id of what it has: Standard Webhooks, idempotency"
}

// Preview implements channel.Previewer.
func (c *Channel) Preview(r events.Rendition) (call.Preview, error) {
	var b bytes.Buffer
	if err := json.Indent(&b, r.Body, "", "  "); err != nil {
		return call.Preview{}, events.Permanentf(events.ReasonInvalidEvent, "webhook: rendition: %w", err)
	}
	return call.Preview{HTML: "<pre>" + html.EscapeString(b.String()) + "</pre>", Facts: r.Warnings}, nil
}
