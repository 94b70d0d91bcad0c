package slack

import (
	"context"
	"errors"
	"fmt"
	"html"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/publisher/channel"
)

// Kind is the channel kind.
const Kind = "slack"

// Slack's limits: https://docs.slack.dev/reference/block-kit/blocks
const (
	maxHeader  = 150
	maxSection = 3000
)

// Config is a Slack channel's settings.
type Config struct {
	Token     run.Secret `yaml:"token"` // bot token with chat:write; channels:history to reconcile
	TokenFile string     `yaml:"token_file"`
	Channel   string     `yaml:"channel"` // its ID: C0123456789
	APIURL    string     `yaml:"api_url"` // default https://slack.com/api/
}

// Channel posts.
type Channel struct {
	spec channel.Spec
	cfg  Config
	deps channel.Deps
	api  *slack.Client
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
	cfg := Config{APIURL: slack.APIURL}
	if err := spec.Decode(&cfg); err != nil {
		return nil, err
	}
	var err error
	if cfg.Token, err = run.LoadSecret("token", cfg.Token, cfg.TokenFile); err != nil {
		return nil, spec.Invalid("%w", err)
	}
	switch {
	case cfg.Token.IsZero():
		return nil, spec.Invalid("token: required")
	case cfg.Channel == "":
		return nil, spec.Invalid("channel: required, the channel's ID")
	case !strings.HasSuffix(cfg.APIURL, "/"):
		return nil, spec.Invalid("api_url: must end with /")
	}
	return &Channel{
		spec: spec, cfg: cfg, deps: deps,
		api: slack.New(cfg.Token.Reveal(), slack.OptionHTTPClient(deps.HTTP), slack.OptionAPIURL(cfg.APIURL)),
	}, nil
}

// Body is a rendition.
type Body struct {
	Header  string   `json:"header"`
	Section []string `json:"sections"` // mrkdwn
	Context string   `json:"context"`
	Text    string   `json:"text"` // what notifications and screen readers say
}

// Render implements channel.Channel.
func (c *Channel) Render(p events.Publication, profile channel.Profile) (events.Rendition, error) {
	body := Body{Header: cutRunes(channel.Headline(p), maxHeader)}
	var facts []string
	for _, f := range []string{profile.When(p.Onset, p.Ends), p.Content.Place} {
		if f != "" {
			facts = append(facts, "*"+escape(f)+"*")
		}
	}
	if len(facts) > 0 {
		body.Section = append(body.Section, strings.Join(facts, "\n"))
	}
	text := p.Content.Text
	if text == "" {
		text = p.Content.Summary
	}
	if own, ok := p.Text(c.spec.ID); ok {
		text = channel.Marked(p, own)
	}
	if text = escape(strings.Join(channel.Paragraphs(text), "\n\n")); text != "" {
		body.Section = append(body.Section, cutRunes(text, maxSection))
	}
	if p.Content.Instruction != "" {
		body.Section = append(body.Section, cutRunes("> "+escape(p.Content.Instruction), maxSection))
	}
	body.Context = escape(profile.Authority)
	if profile.Link != "" {
		body.Context += " – <" + profile.Link + "|Vérifier ce message>"
	}
	body.Text = body.Header
	if p.Content.Summary != "" {
		body.Text += " – " + cutRunes(p.Content.Summary, 300)
	}
	return channel.NewRendition(c.spec, body, strings.Join(append([]string{body.Header}, body.Section...), "\n\n"))
}

// escape writes the three characters that Slack reads as control.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

func cutRunes(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return strings.TrimRight(string(r[:most-1]), " ") + "…"
}

// Endpoints implements channel.Endpoint.
func (c *Channel) Endpoints(events.Publication) []channel.Profile {
	return []channel.Profile{{Endpoint: events.Slug(c.cfg.Channel)}}
}

// metadataType marks our messages.
const metadataType = "crieur_delivery"

func (c *Channel) options(d events.Delivery) ([]slack.MsgOption, error) {
	body, err := channel.BodyOf[Body](d.Rendition)
	if err != nil {
		return nil, err
	}
	blocks := []slack.Block{slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, body.Header, false, false))}
	for _, s := range body.Section {
		blocks = append(blocks, slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, s, false, false), nil, nil))
	}
	blocks = append(blocks, slack.NewContextBlock("", slack.NewTextBlockObject(slack.MarkdownType, body.Context, false, false)))
	return []slack.MsgOption{
		slack.MsgOptionBlocks(blocks...), slack.MsgOptionText(body.Text, false), slack.MsgOptionDisableLinkUnfurl(),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: metadataType, EventPayload: map[string]any{"delivery": d.ID}}),
	}, nil
}

// Deliver implements channel.Endpoint.
func (c *Channel) Deliver(ctx context.Context, post channel.Post) (channel.Result, error) {
	options, err := c.options(post.Delivery)
	if err != nil {
		return channel.Result{}, err
	}
	_, ts, err := c.api.PostMessageContext(ctx, c.cfg.Channel, options...)
	return c.result(ts), outcome("chat.postMessage", err)
}

// Update implements channel.Updater.
func (c *Channel) Update(ctx context.Context, post channel.Post) (channel.Result, error) {
	options, err := c.options(post.Delivery)
	if err != nil {
		return channel.Result{}, err
	}
	_, ts, _, err := c.api.UpdateMessageContext(ctx, c.cfg.Channel, post.Remote, options...)
	return c.result(ts), repeatable(outcome("chat.update", err))
}

// Withdraw implements channel.Withdrawer. A message that is gone is withdrawn.
func (c *Channel) Withdraw(ctx context.Context, post channel.Post) (channel.Result, error) {
	_, ts, err := c.api.DeleteMessageContext(ctx, c.cfg.Channel, post.Remote)
	var said slack.SlackErrorResponse
	if errors.As(err, &said) && said.Err == "message_not_found" {
		return c.result(post.Remote), nil
	}
	return c.result(ts), repeatable(outcome("chat.delete", err))
}

func (c *Channel) result(ts string) channel.Result {
	return channel.Result{Remote: ts, At: c.deps.Now(), Units: 1, Delivered: true}
}

// repeatable: editing or deleting twice is the same as once, so that a lost
// answer is no ambiguity.
func repeatable(err error) error {
	if o := events.OutcomeOf(err); o.Reason == events.ReasonAmbiguous {
		return events.Transient(events.ReasonUnavailable, err, o.RetryAfter)
	}
	return err
}

// reconcilePages bounds how far back our own messages are looked for.
const reconcilePages = 3

// Reconcile implements channel.Reconciler: it looks for the delivery among the
// channel's latest messages.
func (c *Channel) Reconcile(ctx context.Context, post channel.Post) (channel.Result, error) {
	params := &slack.GetConversationHistoryParameters{
		ChannelID: c.cfg.Channel, Limit: 200, IncludeAllMetadata: true,
		Oldest: fmt.Sprint(post.Delivery.CreatedAt.Add(-time.Hour).Unix()),
	}
	for range reconcilePages {
		page, err := c.api.GetConversationHistoryContext(ctx, params)
		if err != nil {
			return channel.Result{}, repeatable(outcome("conversations.history", err))
		}
		for i := range page.Messages {
			m := &page.Messages[i]
			if m.Metadata.EventType == metadataType && m.Metadata.EventPayload["delivery"] == post.Delivery.ID {
				return c.result(m.Timestamp), nil
			}
		}
		if !page.HasMore {
			break
		}
		params.Cursor = page.ResponseMetaData.NextCursor
	}
	return channel.Result{}, events.Permanentf(events.ReasonTimeout, "slack: the message was never posted")
}

// outcome is the meaning of an error of the Web API.
func outcome(method string, err error) error {
	if err == nil {
		return nil
	}
	var limited *slack.RateLimitedError
	var status slack.StatusCodeError
	var said slack.SlackErrorResponse
	wrapped := fmt.Errorf("slack: %s: %w", method, err)
	switch {
	case errors.As(err, &limited):
		return events.Transient(events.ReasonRateLimited, wrapped, limited.RetryAfter)
	case errors.As(err, &status):
		o := channel.ReasonOfStatus(status.Code)
		if o.Kind == events.PermanentFailure {
			return events.Permanent(o.Reason, wrapped)
		}
		return events.Transient(o.Reason, wrapped, 0)
	case errors.As(err, &said):
		return refusal(said.Err, wrapped)
	}
	return channel.FromNetwork(fmt.Errorf("slack: %s: %w", method, err), true)
}

// refusal is the meaning of an "ok": false answer.
func refusal(code string, err error) error {
	switch code {
	case "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope":
		return events.Permanent(events.ReasonUnauthorized, err)
	case "channel_not_found", "not_in_channel", "is_archived", "message_not_found":
		return events.Permanent(events.ReasonNotFound, err)
	case "msg_too_long", "msg_blocks_too_long":
		return events.Permanent(events.ReasonTooLarge, err)
	case "rate_limited", "ratelimited":
		return events.Transient(events.ReasonRateLimited, err, 30*time.Second)
	case "internal_error", "fatal_error", "request_timeout":
		return events.Transient(events.ReasonAmbiguous, err, 0)
	case "service_unavailable", "team_added_to_org":
		return events.Transient(events.ReasonUnavailable, err, 0)
	}
	return events.Permanent(events.ReasonRejected, err)
}

// Preview implements channel.Previewer.
func (c *Channel) Preview(r events.Rendition) (call.Preview, error) {
	body, err := channel.BodyOf[Body](r)
	if err != nil {
		return call.Preview{}, err
	}
	var b strings.Builder
	b.WriteString("<p><strong>" + html.EscapeString(body.Header) + "</strong></p>")
	for _, s := range body.Section {
		s = html.EscapeString(html.UnescapeString(strings.Trim(s, "*> ")))
		b.WriteString("<p>" + strings.ReplaceAll(s, "\n", "<br>") + "</p>")
	}
	return call.Preview{HTML: b.String()}, nil
}
