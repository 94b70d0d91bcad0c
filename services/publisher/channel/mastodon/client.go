package mastodon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
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
	Status     string `json:"status"`
	Visibility string `json:"visibility,omitempty"`
	Language   string `json:"language,omitempty"`
}

func (c *Channel) write(ctx context.Context, method, path string, d events.Delivery) (status, error) {
	body, err := channel.BodyOf[Body](d.Rendition)
	if err != nil {
		return status{}, err
	}
	req := request{Status: body.Status, Language: body.Language}
	if method == http.MethodPost {
		req.Visibility = c.cfg.Visibility
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

// do makes one call. key is its Idempotency-Key. A request that changes
// something and may have arrived is ambiguous when its answer is lost.
func (c *Channel) do(ctx context.Context, method, path, key string, in, out any) error {
	name, _, _ := strings.Cut(path, "?")
	e := channel.Exchange{
		Name: "mastodon: " + method + " " + name, Method: method, URL: c.cfg.Server + path,
		Header: http.Header{"Authorization": {"Bearer " + c.cfg.Token.Reveal()}, "Accept": {"application/json"}},
	}
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return events.Permanentf(events.ReasonInternal, "mastodon: encode: %w", err)
		}
		e.Body = body
		e.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		e.Header.Set("Idempotency-Key", key)
	}
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
