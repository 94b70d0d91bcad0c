package push

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/SherClockHolmes/webpush-go"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/publisher/channel"
)

// maxTTL is what push services keep a message at most: four weeks.
const maxTTL = 28 * 24 * time.Hour

// DeliverBatch implements channel.Batch: one request a subscriber, some at once.
func (c *Channel) DeliverBatch(ctx context.Context, send channel.Send, done func(int, channel.Result)) {
	body, err := channel.BodyOf[Body](send.Delivery.Rendition)
	key, noKey := c.vapid()
	if err = errors.Join(err, noKey); err != nil {
		for i := range send.Contacts {
			done(i, channel.Failed(err, c.deps.Now()))
		}
		return
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, c.cfg.Connections)
	for i, to := range send.Contacts {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			r, err := c.send(ctx, send.Delivery, body, to, key)
			if err != nil {
				r = channel.Failed(err, c.deps.Now())
			}
			done(i, r)
		})
	}
	wg.Wait()
}

func (c *Channel) send(ctx context.Context, d events.Delivery, body Body, to call.Contact, key vapid) (channel.Result, error) {
	if ctx.Err() != nil {
		return channel.Result{}, events.Transient(events.ReasonTimeout, ctx.Err(), 0)
	}
	sub, err := c.subscription(to)
	if err != nil {
		return channel.Result{}, err
	}
	body = body.in(to.Language)
	if to.Unsubscribe != "" {
		body.Leave = c.deps.PublicURL + to.Unsubscribe
	}
	e, err := c.exchange(ctx, d, body, sub, key)
	if err != nil {
		return channel.Result{}, err
	}
	answer, err := e.Do(ctx, c.deps.HTTP)
	if err != nil {
		return channel.Result{}, err
	}
	if answer.Status == http.StatusNotFound || answer.Status == http.StatusGone {
		c.forget(ctx, to)
		return channel.Result{}, events.Permanent(events.ReasonBadRecipient, errors.New("push: the subscription is over"))
	}
	if answer.Status == http.StatusUnauthorized {
		// Of this subscription's service alone (RFC 8292, 2): the others have
		// their own, and must not wait for it.
		return channel.Result{}, events.Permanent(events.ReasonForbidden, errors.New("push: the service refuses our signature"))
	}
	if err := answer.Verdict(c.deps.Now()); err != nil {
		return channel.Result{}, err
	}
	// RFC 8030, 5: Location names the message. It is as secret as the
	// subscription, so that only what we know is kept.
	return channel.Result{Remote: events.NewID("push", d.ID, to.Subscriber), At: c.deps.Now(), Units: 1}, nil
}

// subscription reads a contact's address: the JSON of a PushSubscription.
func (c *Channel) subscription(to call.Contact) (*webpush.Subscription, error) {
	var sub webpush.Subscription
	if json.Unmarshal([]byte(to.Address.Reveal()), &sub) != nil || sub.Endpoint == "" || sub.Keys.Auth == "" || sub.Keys.P256dh == "" {
		return nil, events.Permanent(events.ReasonBadRecipient, errors.New("push: the address is not a push subscription"))
	}
	u, err := url.Parse(sub.Endpoint)
	if err != nil || !c.known(u) {
		return nil, events.Permanent(events.ReasonBadRecipient, errors.New("push: the subscription is not of a known push service"))
	}
	return &sub, nil
}

// known tells whether an endpoint is of a service that we call.
func (c *Channel) known(u *url.URL) bool {
	for _, s := range c.cfg.Services {
		if strings.Contains(s, "://") {
			if u.Scheme+"://"+u.Host == s {
				return true
			}
			continue
		}
		if u.Scheme != "https" || u.Port() != "" && u.Port() != "443" || u.User != nil {
			continue
		}
		if suffix, wild := strings.CutPrefix(s, "*"); u.Hostname() == s || wild && strings.HasSuffix(u.Hostname(), suffix) {
			return true
		}
	}
	return false
}

// captured is what webpush-go would send: it encrypts and signs, we send.
type captured struct{ req *http.Request }

func (c *captured) Do(req *http.Request) (*http.Response, error) {
	c.req = req
	return &http.Response{StatusCode: http.StatusCreated, Body: http.NoBody}, nil
}

func (c *Channel) exchange(ctx context.Context, d events.Delivery, body Body, sub *webpush.Subscription, key vapid) (channel.Exchange, error) {
	e := channel.Exchange{Name: "push: POST", Method: http.MethodPost, URL: sub.Endpoint}
	payload, err := json.Marshal(body)
	if err != nil {
		return e, events.Permanentf(events.ReasonInternal, "push: encode: %w", err)
	}
	ttl := min(max(d.Expires.Sub(c.deps.Now()), 0), maxTTL)
	var out captured
	resp, err := webpush.SendNotificationWithContext(ctx, payload, sub, &webpush.Options{
		HTTPClient: &out, Subscriber: c.cfg.Contact, VAPIDPrivateKey: key.private.Reveal(), VAPIDPublicKey: key.public,
		TTL: int(ttl / time.Second), Topic: topic(d.Publication), Urgency: urgency(d.Class),
	})
	switch {
	case errors.Is(err, webpush.ErrMaxPadExceeded):
		return e, events.Permanent(events.ReasonTooLarge, errors.New("push: the message passes 4,096 bytes"))
	case err != nil:
		// Of the subscription's keys, which the text may quote.
		return e, events.Permanent(events.ReasonBadRecipient, errors.New("push: the subscription's keys cannot be used"))
	}
	_ = resp.Body.Close() // it is empty
	e.Header = out.req.Header
	if e.Body, err = io.ReadAll(out.req.Body); err != nil {
		return e, events.Permanentf(events.ReasonInternal, "push: encrypt: %w", err)
	}
	return e, nil
}

// topic is at most 32 characters of base64url (RFC 8030, 5.4).
func topic(publication string) string {
	return publication[:min(len(publication), 32)]
}

func urgency(c events.Class) webpush.Urgency {
	switch c {
	case events.ClassAlert:
		return webpush.UrgencyHigh
	case events.ClassPromotional:
		return webpush.UrgencyLow
	}
	return webpush.UrgencyNormal
}

// forget tells audience that a subscription is over. The receipt says so too:
// what fails here is only logged.
func (c *Channel) forget(ctx context.Context, to call.Contact) {
	if c.deps.OptOut == nil {
		return
	}
	_, err := c.deps.OptOut(ctx, call.OptOutRequest{
		Authority: c.spec.Authority, Kind: Kind, Subscriber: to.Subscriber, Reason: events.ReasonBadRecipient,
		Evidence: "push subscription over", At: c.deps.Now(),
	})
	if err != nil {
		c.deps.Logger.Warn("push: a subscription that is over is not forgotten", "authority", c.spec.Authority, "channel", c.spec.ID, "err", err)
	}
}
