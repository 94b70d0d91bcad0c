package mastodon

import (
	"context"
	"errors"
	"html"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// Deliver implements channel.Endpoint. A thread stands whole or not at all: one
// whose first status is there already is completed.
func (c *Channel) Deliver(ctx context.Context, post channel.Post) (channel.Result, error) {
	body, err := channel.BodyOf[Body](post.Delivery.Rendition)
	if err != nil {
		return channel.Result{}, err
	}
	if len(body.More) == 0 {
		s, err := c.write(ctx, http.MethodPost, "/api/v1/statuses", post.Delivery, body)
		return c.result(s.ID, 1), err
	}
	first, err := c.find(ctx, post, body)
	if channel.WasNeverPosted(err) {
		var s status
		if s, err = c.write(ctx, http.MethodPost, "/api/v1/statuses", post.Delivery, body); err != nil {
			return channel.Result{}, err
		}
		first = s.ID
	}
	if err != nil {
		return channel.Result{}, err
	}
	err = c.follow(ctx, post.Delivery, body, first)
	if events.OutcomeOf(err).Kind == events.PermanentFailure {
		return channel.Result{}, errors.Join(err, c.erase(ctx, first))
	}
	return c.result(first, 1+len(body.More)), err
}

// Update implements channel.Updater. A status that is gone is posted anew,
// unless an earlier try did.
func (c *Channel) Update(ctx context.Context, post channel.Post) (channel.Result, error) {
	body, err := channel.BodyOf[Body](post.Delivery.Rendition)
	if err != nil {
		return channel.Result{}, err
	}
	s, err := c.write(ctx, http.MethodPut, "/api/v1/statuses/"+url.PathEscape(post.Remote), post.Delivery, body)
	if err == nil && c.cfg.Thread > 1 {
		err = c.follow(ctx, post.Delivery, body, s.ID)
	}
	if events.OutcomeOf(err).Reason != events.ReasonNotFound {
		return c.result(s.ID, 1+len(body.More)), channel.Repeatable(err)
	}
	found, err := c.Reconcile(ctx, post)
	if channel.WasNeverPosted(err) {
		return c.Deliver(ctx, post)
	}
	return found, err
}

// Withdraw implements channel.Withdrawer. A status that is gone is withdrawn.
func (c *Channel) Withdraw(ctx context.Context, post channel.Post) (channel.Result, error) {
	return c.result(post.Remote, 1), c.erase(ctx, post.Remote)
}

// erase deletes a status and what follows it, the last first.
func (c *Channel) erase(ctx context.Context, first string) error {
	ids := []string{first}
	if c.cfg.Thread > 1 {
		parts, err := c.parts(ctx, first)
		if err != nil && events.OutcomeOf(err).Reason != events.ReasonNotFound {
			return err
		}
		for n := 2; n <= channel.MaxThread; n++ {
			if id := parts[n]; id != "" {
				ids = append([]string{id}, ids...)
			}
		}
	}
	for _, id := range ids {
		err := c.do(ctx, http.MethodDelete, "/api/v1/statuses/"+url.PathEscape(id), "", nil, nil)
		if err != nil && events.OutcomeOf(err).Reason != events.ReasonNotFound {
			return channel.Repeatable(err)
		}
	}
	return nil
}

// follow makes what follows the first status what it is to be: edits what is
// there, posts what is not, and deletes what is too much. It may be done twice.
func (c *Channel) follow(ctx context.Context, d events.Delivery, body Body, first string) error {
	parts, err := c.parts(ctx, first)
	if err != nil {
		return err
	}
	before := first
	for i, text := range body.More {
		n := i + 2
		req := request{Status: text, Language: body.Language}
		method, path := http.MethodPut, "/api/v1/statuses/"+url.PathEscape(parts[n])
		if parts[n] == "" {
			method, path = http.MethodPost, "/api/v1/statuses"
			req.ReplyTo, req.Visibility = before, c.cfg.Visibility
			if req.Visibility == "public" {
				req.Visibility = "unlisted" // one post in public timelines is enough
			}
		}
		var s status
		if err := c.do(ctx, method, path, events.NewID("status", d.ID, text), req, &s); err != nil {
			return channel.Repeatable(err)
		}
		delete(parts, n)
		before = s.ID
	}
	for n := channel.MaxThread; n >= 2; n-- {
		if parts[n] == "" {
			continue
		}
		err := c.do(ctx, http.MethodDelete, "/api/v1/statuses/"+url.PathEscape(parts[n]), "", nil, nil)
		if err != nil && events.OutcomeOf(err).Reason != events.ReasonNotFound {
			return channel.Repeatable(err)
		}
	}
	return nil
}

// parts are our statuses that follow the first of a thread, by their number:
// those of our account that say so.
func (c *Channel) parts(ctx context.Context, first string) (map[int]string, error) {
	me, err := c.me(ctx)
	if err != nil {
		return nil, err
	}
	var thread struct {
		Descendants []struct {
			ID      string `json:"id"`
			Content string `json:"content"`
			Account struct {
				ID string `json:"id"`
			} `json:"account"`
		} `json:"descendants"`
	}
	if err := c.do(ctx, http.MethodGet, "/api/v1/statuses/"+url.PathEscape(first)+"/context", "", nil, &thread); err != nil {
		return nil, channel.Repeatable(err)
	}
	parts := map[int]string{}
	for _, s := range thread.Descendants {
		if n := channel.PartOf(textOf(s.Content)); n > 0 && s.Account.ID == me && parts[n] == "" {
			parts[n] = s.ID
		}
	}
	return parts, nil
}

// textOf is the text of a status's HTML, without its structure.
func textOf(content string) string {
	var b strings.Builder
	tag := false
	for _, r := range content {
		switch {
		case r == '<':
			tag = true
		case r == '>':
			tag = false
		case !tag:
			b.WriteRune(r)
		}
	}
	return html.UnescapeString(b.String())
}

func (c *Channel) me(ctx context.Context) (string, error) {
	var me struct {
		ID string `json:"id"`
	}
	err := c.do(ctx, http.MethodGet, "/api/v1/accounts/verify_credentials", "", nil, &me)
	return me.ID, channel.Repeatable(err)
}

func (c *Channel) result(id string, statuses int) channel.Result {
	return channel.Result{Remote: id, At: c.deps.Now(), Units: statuses, Delivered: true}
}

const (
	// clockSkew is how much the server's clock may differ from ours.
	clockSkew = 5 * time.Minute
	// reconcilePages of 40 statuses bound how far back ours is looked for.
	reconcilePages = 25
)

// Reconcile implements channel.Reconciler. A thread that is there is completed.
func (c *Channel) Reconcile(ctx context.Context, post channel.Post) (channel.Result, error) {
	body, err := channel.BodyOf[Body](post.Delivery.Rendition)
	if err != nil {
		return channel.Result{}, err
	}
	id, err := c.find(ctx, post, body)
	if err == nil && len(body.More) > 0 {
		err = c.follow(ctx, post.Delivery, body, id)
	}
	return c.result(id, 1+len(body.More)), err
}

// find returns our status: the publication's own link tells it among those
// posted since.
func (c *Channel) find(ctx context.Context, post channel.Post, body Body) (string, error) {
	if body.Link == "" {
		return "", events.Transient(events.ReasonAmbiguous, errors.New("mastodon: a status without a link cannot be told from others"), 0)
	}
	me, err := c.me(ctx)
	if err != nil {
		return "", err
	}
	since := post.Delivery.CreatedAt.Add(-clockSkew)
	before := ""
	for range reconcilePages {
		var page []status
		path := "/api/v1/accounts/" + url.PathEscape(me) + "/statuses?limit=40&exclude_reblogs=true" + before
		if err := c.do(ctx, "GET", path, "", nil, &page); err != nil {
			return "", channel.Repeatable(err)
		}
		old := len(page) == 0
		for _, s := range page { // newest first
			if old = s.CreatedAt.Before(since); !old && mentions(s.Content, body.Link) {
				return s.ID, nil
			}
		}
		if old {
			return "", channel.NeverPosted("mastodon")
		}
		before = "&max_id=" + url.QueryEscape(page[len(page)-1].ID)
	}
	return "", events.Transient(events.ReasonUnavailable, errors.New("mastodon: too many statuses since to find ours"), 0)
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
