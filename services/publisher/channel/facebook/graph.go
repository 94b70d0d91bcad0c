package facebook

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
	"github.com/crieur/crieur/services/publisher/channel"
)

const (
	// graphTime is how Graph writes a moment: 2026-05-04T07:00:00+0000
	graphTime = "2006-01-02T15:04:05-0700"
	// clockSkew is how much Facebook's clock may differ from ours.
	clockSkew = 5 * time.Minute
	// feedPages bounds how far back the feed is read.
	feedPages = 3
)

// graphError is https://developers.facebook.com/docs/graph-api/guides/error-handling
type graphError struct {
	Code      int  `json:"code"`
	Subcode   int  `json:"error_subcode"`
	Transient bool `json:"is_transient"`
}

// errGone: what is edited or deleted is not there any more.
var errGone = errors.New("facebook: the post is gone")

// Deliver implements channel.Endpoint.
func (c *Channel) Deliver(ctx context.Context, post channel.Post) (channel.Result, error) {
	body, err := channel.BodyOf[Body](post.Delivery.Rendition)
	if err != nil {
		return channel.Result{}, err
	}
	if body.Card != nil {
		return c.show(ctx, body)
	}
	form := url.Values{"message": {body.Message}}
	if body.Link != "" {
		form.Set("link", body.Link)
	}
	var made struct {
		ID string `json:"id"`
	}
	if err := c.call(ctx, "POST feed", http.MethodPost, "/"+c.cfg.Page+"/feed", form, &made); err != nil {
		return channel.Result{}, err
	}
	if made.ID == "" {
		return channel.Result{}, events.Transient(events.ReasonAmbiguous, errors.New("facebook: POST feed: the answer has no id"), 0)
	}
	return c.result(made.ID), nil
}

// show posts the card with its text
// (https://developers.facebook.com/docs/graph-api/reference/page/photos/).
func (c *Channel) show(ctx context.Context, body Body) (channel.Result, error) {
	png, err := body.Card.PNG()
	if err != nil {
		return channel.Result{}, err
	}
	form, contentType, err := channel.Form(map[string]string{"message": body.Message, "alt_text_custom": body.Card.Alt}, "source", png)
	if err != nil {
		return channel.Result{}, err
	}
	var made struct {
		Post string `json:"post_id"`
	}
	if err := c.send(ctx, "POST photos", http.MethodPost, "/"+c.cfg.Page+"/photos", contentType, form, &made); err != nil {
		return channel.Result{}, err
	}
	if made.Post == "" {
		return channel.Result{}, events.Transient(events.ReasonAmbiguous, errors.New("facebook: POST photos: the answer has no post_id"), 0)
	}
	return c.result(made.Post), nil
}

// replace posts a corrected card and deletes the earlier post, since Facebook
// changes no picture of a post. Both may be done twice.
func (c *Channel) replace(ctx context.Context, post channel.Post, body Body) (channel.Result, error) {
	r, err := c.find(ctx, post, func(message string) bool { return message == body.Message })
	if channel.WasNeverPosted(err) {
		r, err = c.show(ctx, body)
	}
	if err != nil {
		return r, channel.Repeatable(err)
	}
	if r.Remote == post.Remote {
		return r, nil
	}
	_, err = c.Withdraw(ctx, post)
	return r, err
}

// Update implements channel.Updater. A post that is gone is made anew, unless
// an earlier try did.
func (c *Channel) Update(ctx context.Context, post channel.Post) (channel.Result, error) {
	body, err := channel.BodyOf[Body](post.Delivery.Rendition)
	if err != nil {
		return channel.Result{}, err
	}
	if body.Card != nil {
		return c.replace(ctx, post, body)
	}
	err = c.call(ctx, "POST post", http.MethodPost, "/"+url.PathEscape(post.Remote), url.Values{"message": {body.Message}}, nil)
	if !errors.Is(err, errGone) {
		return c.result(post.Remote), channel.Repeatable(err)
	}
	found, err := c.find(ctx, post, func(message string) bool { return message == body.Message })
	if channel.WasNeverPosted(err) {
		return c.Deliver(ctx, post)
	}
	return found, err
}

// Withdraw implements channel.Withdrawer. A post that is gone is withdrawn.
func (c *Channel) Withdraw(ctx context.Context, post channel.Post) (channel.Result, error) {
	err := c.call(ctx, "DELETE post", http.MethodDelete, "/"+url.PathEscape(post.Remote), nil, nil)
	if errors.Is(err, errGone) {
		err = nil
	}
	return c.result(post.Remote), channel.Repeatable(err)
}

func (c *Channel) result(id string) channel.Result {
	return channel.Result{Remote: id, At: c.deps.Now(), Units: 1, Delivered: true}
}

// Reconcile implements channel.Reconciler: the publication's link tells our
// post in the page's feed.
func (c *Channel) Reconcile(ctx context.Context, post channel.Post) (channel.Result, error) {
	body, err := channel.BodyOf[Body](post.Delivery.Rendition)
	if err != nil {
		return channel.Result{}, err
	}
	return c.find(ctx, post, func(message string) bool { return body.Link != "" && strings.Contains(message, body.Link) })
}

// find looks for our post among those made since the delivery was.
func (c *Channel) find(ctx context.Context, post channel.Post, ours func(message string) bool) (channel.Result, error) {
	since := post.Delivery.CreatedAt.Add(-clockSkew)
	q := url.Values{"fields": {"id,message,created_time"}, "limit": {"50"}, "since": {fmt.Sprint(since.Unix())}}
	for range feedPages {
		var page struct {
			Data []struct {
				ID      string `json:"id"`
				Message string `json:"message"`
				Created string `json:"created_time"`
			} `json:"data"`
			Paging struct {
				Next    string `json:"next"`
				Cursors struct {
					After string `json:"after"`
				} `json:"cursors"`
			} `json:"paging"`
		}
		if err := c.call(ctx, "GET feed", http.MethodGet, "/"+c.cfg.Page+"/feed?"+q.Encode(), nil, &page); err != nil {
			return channel.Result{}, channel.Repeatable(err)
		}
		for _, p := range page.Data {
			at, err := time.Parse(graphTime, p.Created)
			if err == nil && !at.Before(since) && ours(p.Message) {
				return c.result(p.ID), nil
			}
		}
		if page.Paging.Next == "" || page.Paging.Cursors.After == "" {
			break
		}
		q.Set("after", page.Paging.Cursors.After)
	}
	return channel.Result{}, channel.NeverPosted("facebook")
}

// call makes one call of the Graph API.
func (c *Channel) call(ctx context.Context, name, method, path string, form url.Values, out any) error {
	contentType, body := "", []byte(nil)
	if form != nil {
		contentType, body = "application/x-www-form-urlencoded", []byte(form.Encode())
	}
	return c.send(ctx, name, method, path, contentType, body, out)
}

func (c *Channel) send(ctx context.Context, name, method, path, contentType string, body []byte, out any) error {
	e := channel.Exchange{
		Name: "facebook: " + name, Method: method, URL: c.cfg.APIURL + path, Body: body,
		Header: http.Header{"Authorization": {"Bearer " + c.cfg.Token.Reveal()}},
	}
	if contentType != "" {
		e.Header.Set("Content-Type", contentType)
	}
	a, err := e.Do(ctx, c.deps.HTTP)
	if err != nil {
		return err
	}
	if a.Status >= 300 {
		return meaning(a, c.deps.Now())
	}
	if out == nil {
		return nil
	}
	return a.Decode(out)
}

// meaning of an error answer: its code, and its status where there is none.
func meaning(a channel.Answer, now time.Time) error {
	var said struct {
		Error graphError `json:"error"`
	}
	if json.Unmarshal(a.Body, &said) != nil || said.Error.Code == 0 {
		return a.Verdict(now)
	}
	g := said.Error
	err := fmt.Errorf("%s: Facebook answers %d, code %d, subcode %d", a.Name, a.Status, g.Code, g.Subcode)
	switch {
	case g.Code == 100 && g.Subcode == 33:
		return events.Permanent(events.ReasonNotFound, fmt.Errorf("%w (%w)", errGone, err))
	case g.Code == 102 || g.Code == 190:
		return events.Permanent(events.ReasonUnauthorized, err)
	case g.Code == 4 || g.Code == 17 || g.Code == 32 || g.Code == 613 || g.Code == 80001:
		return events.Transient(events.ReasonRateLimited, err, regain(a, now))
	case g.Code == 368: // barred for what was posted, for some time
		return events.Transient(events.ReasonForbidden, err, time.Hour)
	case g.Code == 10 || g.Code >= 200 && g.Code <= 299:
		return events.Permanent(events.ReasonForbidden, err)
	case g.Code == 506:
		// The page's last post says the same: it may be ours, whose answer was
		// lost. The feed tells.
		return events.Transient(events.ReasonAmbiguous, err, 0)
	case g.Code == 1 || g.Code == 2 || g.Transient:
		return events.Transient(events.ReasonAmbiguous, err, 0)
	}
	return events.Permanent(events.ReasonRejected, err)
}

// regain is how long a limit lasts: the longest of X-Business-Use-Case-Usage,
// which is in minutes; five minutes where nothing is said.
func regain(a channel.Answer, now time.Time) time.Duration {
	wait := channel.RetryAfter(a.Header, now)
	var usage map[string][]struct {
		Minutes int `json:"estimated_time_to_regain_access"`
	}
	if json.Unmarshal([]byte(a.Header.Get("X-Business-Use-Case-Usage")), &usage) == nil {
		for _, list := range usage {
			for _, u := range list {
				wait = max(wait, time.Duration(u.Minutes)*time.Minute)
			}
		}
	}
	if wait == 0 {
		return 5 * time.Minute
	}
	return wait
}
