package mastodon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

const (
	maxAnswerBytes = 4 << 20
	// clockSkew is how much the server's clock may differ from ours.
	clockSkew = 5 * time.Minute
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
	var payload io.Reader
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return events.Permanentf(events.ReasonInternal, "mastodon: encode: %w", err)
		}
		payload = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.cfg.Server+path, payload)
	if err != nil {
		return events.Permanentf(events.ReasonInvalidConfig, "mastodon: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.cfg.Token.Reveal())
	req.Header.Set("Accept", "application/json")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	name, _, _ := strings.Cut(path, "?")
	resp, err := c.deps.HTTP.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return channel.FromNetwork(fmt.Errorf("mastodon: %s %s: %w", method, name, err), method != http.MethodGet)
	}
	defer func() { _ = resp.Body.Close() }() // read as far as it is of use
	if err := c.verdict(resp, method, name); err != nil {
		return err
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswerBytes)).Decode(out); err != nil {
		return events.Transient(events.ReasonAmbiguous, fmt.Errorf("mastodon: %s %s: answer: %w", method, name, err), 0)
	}
	return nil
}

// verdict is the meaning of an answer's status. Its text is not kept: it may
// quote the post.
func (c *Channel) verdict(resp *http.Response, method, name string) error {
	o := channel.ReasonOfStatus(resp.StatusCode)
	if o.Kind == events.Done {
		return nil
	}
	err := fmt.Errorf("mastodon: %s %s: the server answers %d", method, name, resp.StatusCode)
	if o.Kind == events.PermanentFailure {
		return events.Permanent(o.Reason, err)
	}
	after := channel.RetryAfter(resp.Header, c.deps.Now())
	if reset, err := time.Parse(time.RFC3339, resp.Header.Get("X-RateLimit-Reset")); after == 0 && err == nil && o.Reason == events.ReasonRateLimited {
		after = max(0, reset.Sub(c.deps.Now()))
	}
	return events.Transient(o.Reason, err, after)
}

func count(size, most int) string { return fmt.Sprintf("%d caractères sur %d", size, most) }
