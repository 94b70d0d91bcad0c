package slack

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/publisher/channel"
)

// Kind is the channel kind.
const Kind = "slack"

// Config is a Slack channel's settings.
type Config struct {
	Token     run.Secret `yaml:"token"` // bot token with chat:write; channels:history to reconcile
	TokenFile string     `yaml:"token_file"`
	Channel   string     `yaml:"channel"`  // its ID: C0123456789
	Language  string     `yaml:"language"` // BCP 47: the variant to post where there is one, as en or fr-simple; default the original
	APIURL    string     `yaml:"api_url"`  // default https://slack.com/api/
	// TellOfficers says that only the authority's own people read the channel:
	// they are told there of the alert that waits for a second approval.
	TellOfficers bool `yaml:"tell_officers"`
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
	_ channel.Teller     = (*Channel)(nil)
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
	case !channel.IsLanguage(cfg.Language):
		return nil, spec.Invalid("language: %q is not a BCP 47 language such as en or fr-simple", cfg.Language)
	case cfg.Token.IsZero():
		return nil, spec.Invalid("token: required")
	case cfg.Channel == "":
		return nil, spec.Invalid("channel: required, the channel's ID")
	case !strings.HasSuffix(cfg.APIURL, "/"):
		return nil, spec.Invalid("api_url: must end with /")
	}
	return &Channel{
		spec: spec, cfg: cfg, deps: deps,
		api: slack.New(cfg.Token.Reveal(), slack.OptionHTTPClient(channel.NoRedirect(deps.HTTP)), slack.OptionAPIURL(cfg.APIURL)),
	}, nil
}

// Endpoints implements channel.Endpoint.
func (c *Channel) Endpoints(events.Publication) []channel.Profile {
	return []channel.Profile{{Endpoint: events.Slug(c.cfg.Channel)}}
}

const (
	metadataType = "crieur_delivery" // marks our messages
)

// verbatim is text in which Slack looks for no names and channels of itself.
func verbatim(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, text, false, true)
}

func (c *Channel) options(d events.Delivery) ([]slack.MsgOption, error) {
	body, err := channel.BodyOf[Body](d.Rendition)
	if err != nil {
		return nil, err
	}
	blocks := []slack.Block{slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, body.Header, false, false))}
	for _, text := range body.Sections {
		blocks = append(blocks, slack.NewSectionBlock(verbatim(text), nil, nil))
	}
	if body.Link != "" {
		button := slack.NewButtonBlockElement("crieur_verify", "", slack.NewTextBlockObject(slack.PlainTextType, body.Button, false, false))
		blocks = append(blocks, slack.NewActionBlock("", button.WithURL(body.Link)))
	}
	if body.Context != "" {
		blocks = append(blocks, slack.NewContextBlock("", verbatim(body.Context)))
	}
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

// Tells implements channel.Teller.
func (c *Channel) Tells() bool { return c.cfg.TellOfficers }

// Tell implements channel.Teller.
func (c *Channel) Tell(ctx context.Context, text, label, link string) error {
	button := slack.NewButtonBlockElement("crieur_open", "", slack.NewTextBlockObject(slack.PlainTextType, label, false, false))
	_, _, err := c.api.PostMessageContext(ctx, c.cfg.Channel,
		slack.MsgOptionBlocks(
			slack.NewSectionBlock(slack.NewTextBlockObject(slack.PlainTextType, text, false, false), nil, nil),
			slack.NewActionBlock("", button.WithURL(link)),
		),
		slack.MsgOptionText(text, true), slack.MsgOptionDisableLinkUnfurl())
	return outcome("chat.postMessage", err)
}

// Update implements channel.Updater. A message that is gone is posted anew,
// unless an earlier try did.
func (c *Channel) Update(ctx context.Context, post channel.Post) (channel.Result, error) {
	options, err := c.options(post.Delivery)
	if err != nil {
		return channel.Result{}, err
	}
	_, ts, _, err := c.api.UpdateMessageContext(ctx, c.cfg.Channel, post.Remote, options...)
	if !isGone(err) {
		return c.result(ts), channel.Repeatable(outcome("chat.update", err))
	}
	found, err := c.Reconcile(ctx, post)
	if channel.WasNeverPosted(err) {
		return c.Deliver(ctx, post)
	}
	return found, err
}

func isGone(err error) bool {
	var said slack.SlackErrorResponse
	return errors.As(err, &said) && said.Err == "message_not_found"
}

// Withdraw implements channel.Withdrawer. A message that is gone is withdrawn.
func (c *Channel) Withdraw(ctx context.Context, post channel.Post) (channel.Result, error) {
	_, ts, err := c.api.DeleteMessageContext(ctx, c.cfg.Channel, post.Remote)
	if isGone(err) {
		return c.result(post.Remote), nil
	}
	return c.result(ts), channel.Repeatable(outcome("chat.delete", err))
}

func (c *Channel) result(ts string) channel.Result {
	return channel.Result{Remote: ts, At: c.deps.Now(), Units: 1, Delivered: true}
}

const (
	// clockSkew is how much Slack's clock may differ from ours.
	clockSkew = 5 * time.Minute
	// reconcilePages of 200 messages bound how far back ours is looked for.
	reconcilePages = 25
)

// Reconcile implements channel.Reconciler: it looks for the delivery among the
// channel's messages since it was made.
func (c *Channel) Reconcile(ctx context.Context, post channel.Post) (channel.Result, error) {
	params := &slack.GetConversationHistoryParameters{
		ChannelID: c.cfg.Channel, Limit: 200, IncludeAllMetadata: true,
		Oldest: fmt.Sprint(post.Delivery.CreatedAt.Add(-clockSkew).Unix()),
	}
	for range reconcilePages {
		page, err := c.api.GetConversationHistoryContext(ctx, params)
		if err != nil {
			return channel.Result{}, channel.Repeatable(outcome("conversations.history", err))
		}
		for i := range page.Messages {
			m := &page.Messages[i]
			if m.Metadata.EventType == metadataType && m.Metadata.EventPayload["delivery"] == post.Delivery.ID {
				return c.result(m.Timestamp), nil
			}
		}
		params.Cursor = page.ResponseMetaData.NextCursor
		switch {
		case !page.HasMore:
			return channel.Result{}, channel.NeverPosted("slack")
		case params.Cursor == "":
			return channel.Result{}, events.Transient(events.ReasonUnavailable, errors.New("slack: conversations.history: more messages and no cursor"), 0)
		}
	}
	return channel.Result{}, events.Transient(events.ReasonUnavailable, errors.New("slack: too many messages since to find ours"), 0)
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
