package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// request holds the parameters of the three methods.
type request struct {
	Chat      string       `json:"chat_id"`
	Message   int64        `json:"message_id,omitempty"`
	Text      string       `json:"text,omitempty"`
	ParseMode string       `json:"parse_mode,omitempty"`
	Quiet     bool         `json:"disable_notification,omitempty"`
	Preview   *linkPreview `json:"link_preview_options,omitempty"`
}

type linkPreview struct {
	Disabled bool `json:"is_disabled"`
}

// answer is https://core.telegram.org/bots/api#making-requests
type answer struct {
	OK          bool            `json:"ok"`
	Result      json.RawMessage `json:"result"`
	Code        int             `json:"error_code"`
	Description string          `json:"description"`
	Parameters  struct {
		RetryAfter int   `json:"retry_after"` // seconds
		MigrateTo  int64 `json:"migrate_to_chat_id"`
	} `json:"parameters"`
}

// refusal is an answer that is not ok. Its description is compared, never kept.
type refusal struct {
	err  error
	said string
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// Deliver implements channel.Endpoint.
func (c *Channel) Deliver(ctx context.Context, post channel.Post) (channel.Result, error) {
	body, err := channel.BodyOf[Body](post.Delivery.Rendition)
	if err != nil {
		return channel.Result{}, err
	}
	var raw json.RawMessage
	if body.Card != nil {
		raw, err = c.show(ctx, "sendPhoto", body, map[string]string{
			"caption": body.HTML, "parse_mode": "HTML", "disable_notification": strconv.FormatBool(body.Quiet),
		})
	} else {
		raw, err = c.call(ctx, "sendMessage", request{
			Chat: c.cfg.Chat, Text: body.HTML, ParseMode: "HTML", Quiet: body.Quiet, Preview: &linkPreview{Disabled: true},
		})
	}
	if err != nil {
		return channel.Result{}, err
	}
	var sent struct {
		ID int64 `json:"message_id"`
	}
	if json.Unmarshal(raw, &sent) != nil || sent.ID == 0 {
		return channel.Result{}, events.Transient(events.ReasonAmbiguous, errors.New("telegram: the answer has no message_id"), 0)
	}
	return c.result(strconv.FormatInt(sent.ID, 10)), nil
}

// Update implements channel.Updater. A message that is gone is posted anew.
func (c *Channel) Update(ctx context.Context, post channel.Post) (channel.Result, error) {
	r, err := c.edit(ctx, post)
	switch {
	case says(err, "message is not modified"):
		return c.result(post.Remote), nil
	case says(err, "message to edit not found"), says(err, "message can't be edited"):
		return c.Deliver(ctx, post)
	case says(err, "there is no text in the message"), says(err, "there is no media in the message"):
		// Cards came or went since: one cannot become the other.
		if _, err := c.remove(ctx, post.Remote); err != nil {
			return channel.Result{}, err
		}
		return c.Deliver(ctx, post)
	}
	return r, err
}

func (c *Channel) edit(ctx context.Context, post channel.Post) (channel.Result, error) {
	body, err := channel.BodyOf[Body](post.Delivery.Rendition)
	if err != nil {
		return channel.Result{}, err
	}
	id, err := messageID(post.Remote)
	if err != nil {
		return channel.Result{}, err
	}
	if body.Card != nil {
		media, err := json.Marshal(map[string]string{"type": "photo", "media": "attach://photo", "caption": body.HTML, "parse_mode": "HTML"})
		if err != nil {
			return channel.Result{}, events.Permanentf(events.ReasonInternal, "telegram: encode: %w", err)
		}
		_, err = c.show(ctx, "editMessageMedia", body, map[string]string{"message_id": post.Remote, "media": string(media)})
		return c.result(post.Remote), channel.Repeatable(err)
	}
	_, err = c.call(ctx, "editMessageText", request{
		Chat: c.cfg.Chat, Message: id, Text: body.HTML, ParseMode: "HTML", Preview: &linkPreview{Disabled: true},
	})
	return c.result(post.Remote), channel.Repeatable(err)
}

// Withdraw implements channel.Withdrawer. A message that is gone is withdrawn;
// one that is too old to be deleted says that it is withdrawn.
func (c *Channel) Withdraw(ctx context.Context, post channel.Post) (channel.Result, error) {
	r, err := c.remove(ctx, post.Remote)
	if says(err, "message can't be deleted") {
		return c.Update(ctx, post)
	}
	return r, err
}

func (c *Channel) remove(ctx context.Context, remote string) (channel.Result, error) {
	id, err := messageID(remote)
	if err != nil {
		return channel.Result{}, err
	}
	_, err = c.call(ctx, "deleteMessage", request{Chat: c.cfg.Chat, Message: id})
	if says(err, "message to delete not found") {
		err = nil
	}
	return c.result(remote), channel.Repeatable(err)
}

// show sends the card with a method that takes a file.
func (c *Channel) show(ctx context.Context, method string, body Body, fields map[string]string) (json.RawMessage, error) {
	png, err := body.Card.PNG()
	if err != nil {
		return nil, err
	}
	fields["chat_id"] = c.cfg.Chat
	form, contentType, err := channel.Form(fields, "photo", png)
	if err != nil {
		return nil, err
	}
	return c.send(ctx, method, contentType, form)
}

func messageID(remote string) (int64, error) {
	id, err := strconv.ParseInt(remote, 10, 64)
	if err != nil {
		return 0, events.Permanentf(events.ReasonInvalidEvent, "telegram: %q is not a message's number", remote)
	}
	return id, nil
}

func says(err error, what string) bool {
	var r *refusal
	return errors.As(err, &r) && strings.Contains(r.said, what)
}

func (c *Channel) result(id string) channel.Result {
	return channel.Result{Remote: id, At: c.deps.Now(), Units: 1, Delivered: true}
}

// call makes one call and reads its answer, which is JSON whatever its status.
func (c *Channel) call(ctx context.Context, method string, in request) (json.RawMessage, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, events.Permanentf(events.ReasonInternal, "telegram: %s: %w", method, err)
	}
	return c.send(ctx, method, "application/json", body)
}

func (c *Channel) send(ctx context.Context, method, contentType string, body []byte) (json.RawMessage, error) {
	a, err := channel.Exchange{
		Name: "telegram: " + method, Method: http.MethodPost, URL: c.cfg.APIURL + "/bot" + c.cfg.Token.Reveal() + "/" + method,
		Header: http.Header{"Content-Type": {contentType}}, Body: body,
	}.Do(ctx, c.deps.HTTP)
	if err != nil {
		return nil, err
	}
	var said answer
	if json.Unmarshal(a.Body, &said) != nil {
		if err := a.Verdict(c.deps.Now()); err != nil {
			return nil, err
		}
		return nil, a.Decode(&said)
	}
	if said.OK && a.Status < 300 {
		return said.Result, nil
	}
	if said.Code == 0 {
		said.Code = a.Status
	}
	return nil, &refusal{err: meaning(a, said, c.deps.Now()), said: said.Description}
}

// meaning of an error: Telegram answers with HTTP's statuses.
func meaning(a channel.Answer, said answer, now time.Time) error {
	o := channel.ReasonOfStatus(said.Code)
	err := fmt.Errorf("%s: the provider answers %d", a.Name, said.Code)
	switch {
	case said.Code < 300: // "ok": false without a code
		return events.Permanent(events.ReasonRejected, err)
	case said.Parameters.MigrateTo != 0:
		return events.Permanentf(events.ReasonInvalidConfig, "%s: the group became a supergroup: chat is now %d", a.Name, said.Parameters.MigrateTo)
	case strings.Contains(said.Description, "chat not found"):
		return events.Permanentf(events.ReasonNotFound, "%s: the chat does not exist, or the bot is not in it", a.Name)
	case strings.Contains(said.Description, "message is too long"):
		return events.Permanent(events.ReasonTooLarge, err)
	case said.Code == http.StatusNotFound: // of the method, that is of the token in its address
		return events.Permanent(events.ReasonUnauthorized, err)
	case o.Kind == events.PermanentFailure:
		return events.Permanent(o.Reason, err)
	}
	after := time.Duration(said.Parameters.RetryAfter) * time.Second
	return events.Transient(o.Reason, err, max(after, channel.RetryAfter(a.Header, now)))
}
