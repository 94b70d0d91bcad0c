package mastodon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/card"
	"github.com/crieur/crieur/services/publisher/channel"
)

// status is what we read of a Status entity.
type status struct {
	ID        string    `json:"id"`
	Content   string    `json:"content"`
	CreatedAt time.Time `json:"created_at"`
}

// request is a status to post or edit.
type request struct {
	Status     string   `json:"status"`
	Visibility string   `json:"visibility,omitempty"`
	Language   string   `json:"language,omitempty"`
	ReplyTo    string   `json:"in_reply_to_id,omitempty"`
	Media      []string `json:"media_ids,omitempty"`
}

// write posts or edits the status, or the first of a thread.
func (c *Channel) write(ctx context.Context, method, path string, d events.Delivery, body Body) (status, error) {
	req := request{Status: body.Status, Language: body.Language}
	if method == http.MethodPost {
		req.Visibility = c.cfg.Visibility
	}
	if body.Card != nil {
		id, err := c.upload(ctx, *body.Card)
		if err != nil {
			return status{}, err
		}
		req.Media = []string{id}
	}
	var s status
	if err := c.do(ctx, method, path, d.ID, req, &s); err != nil {
		return s, err
	}
	if s.ID == "" {
		return s, events.Transient(events.ReasonAmbiguous, errors.New("mastodon: the answer has no status ID"), 0)
	}
	return s, nil
}

const (
	// A server that takes its time with a picture is asked again.
	mediaTries = 5
	mediaPause = time.Second
)

// upload gives the card to the server. Nothing is posted before, so that it
// may be done again; what no status uses is deleted there after a day
// (https://docs.joinmastodon.org/methods/media/#v2).
func (c *Channel) upload(ctx context.Context, drawn card.Card) (string, error) {
	png, err := drawn.PNG()
	if err != nil {
		return "", err
	}
	body, contentType, err := channel.Form(map[string]string{"description": drawn.Alt}, "file", png)
	if err != nil {
		return "", err
	}
	var made struct {
		ID  string `json:"id"`
		URL string `json:"url"` // empty until it is processed
	}
	err = c.send(ctx, http.MethodPost, "/api/v2/media", http.Header{"Content-Type": {contentType}}, body, &made)
	for try := 0; err == nil && made.URL == "" && try < mediaTries; try++ {
		timer := time.NewTimer(mediaPause)
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		err = c.do(ctx, http.MethodGet, "/api/v1/media/"+url.PathEscape(made.ID), "", nil, &made)
	}
	switch {
	case err != nil:
		return "", channel.Repeatable(err)
	case made.ID == "" || made.URL == "":
		return "", events.Transient(events.ReasonUnavailable, errors.New("mastodon: the server has not finished with the card"), 0)
	}
	return made.ID, nil
}

// do makes one call. key is its Idempotency-Key. A request that changes
// something and may have arrived is ambiguous when its answer is lost.
func (c *Channel) do(ctx context.Context, method, path, key string, in, out any) error {
	header := http.Header{}
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return events.Permanentf(events.ReasonInternal, "mastodon: encode: %w", err)
		}
		header.Set("Content-Type", "application/json")
	}
	if key != "" {
		header.Set("Idempotency-Key", key)
	}
	return c.send(ctx, method, path, header, body, out)
}

func (c *Channel) send(ctx context.Context, method, path string, header http.Header, body []byte, out any) error {
	name, _, _ := strings.Cut(path, "?")
	header.Set("Authorization", "Bearer "+c.cfg.Token.Reveal())
	header.Set("Accept", "application/json")
	e := channel.Exchange{Name: "mastodon: " + method + " " + name, Method: method, URL: c.cfg.Server + path, Header: header, Body: body}
	answer, err := e.Do(ctx, c.deps.HTTP)
	if err != nil {
		return err
	}
	if err := c.verdict(answer); err != nil || out == nil {
		return err
	}
	return answer.Decode(out)
}

// verdict is the meaning of an answer. Its text is not kept: it may quote the
// post.
func (c *Channel) verdict(a channel.Answer) error {
	err := a.Verdict(c.deps.Now())
	o := events.OutcomeOf(err)
	switch {
	case a.Status == http.StatusForbidden && aboutToken(a.Body):
		return events.Permanent(events.ReasonUnauthorized, fmt.Errorf("%s: the server refuses our token", a.Name))
	case o.Reason == events.ReasonRateLimited && o.RetryAfter == 0:
		// https://docs.joinmastodon.org/api/rate-limits/
		if reset, bad := time.Parse(time.RFC3339, a.Header.Get("X-RateLimit-Reset")); bad == nil {
			return events.Transient(o.Reason, err, max(0, reset.Sub(c.deps.Now())))
		}
	}
	return err
}

// aboutToken tells a 403 for our token or account, such as "This action is
// outside the authorized scopes" or "Your login is currently disabled", from
// one for the status (https://docs.joinmastodon.org/entities/Error/).
func aboutToken(body []byte) bool {
	var said struct{ Error string }
	if json.Unmarshal(body, &said) != nil {
		return false
	}
	text := strings.ToLower(said.Error)
	for _, word := range []string{"scope", "token", "login", "authenticated"} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}
