package email

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/publisher/channel"
)

// When mails to an address come back for a passing reason, for so often and so
// long, the address is dead.
const (
	softKind  = "bounce"
	softTimes = 5
	softFor   = 14 * 24 * time.Hour
	softKeep  = 45 * 24 * time.Hour // after the last
)

// soft counts an address' passing failures, on the shelf as what expires.
type soft struct {
	Times int       `json:"times"`
	First time.Time `json:"first"`
}

// NewFactory returns the kind: its channels, and where mail servers post what
// came back.
func NewFactory() channel.Factory {
	var mu sync.Mutex
	made := map[string]*Channel{}
	return channel.Factory{
		Carries: channel.CarriesEmail,
		New: func(spec channel.Spec, deps channel.Deps) (channel.Channel, error) {
			c, err := New(spec, deps)
			if mail, ok := c.(*Channel); ok && err == nil {
				mu.Lock()
				defer mu.Unlock()
				made[spec.Authority+"/"+spec.ID] = mail
			}
			return c, err
		},
		Routes: func(channel.Deps) map[string]http.Handler {
			return map[string]http.Handler{"POST /mail/{authority}/{channel}/{token}": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				c := made[r.PathValue("authority")+"/"+r.PathValue("channel")]
				mu.Unlock()
				if c == nil || c.cfg.Bounces.local == "" || subtle.ConstantTimeCompare([]byte(r.PathValue("token")), []byte(c.token())) != 1 {
					http.NotFound(w, r)
					return
				}
				c.serveBounce(w, r)
			})}
		},
	}
}

func (c *Channel) token() string {
	mac := hmac.New(sha256.New, []byte(c.cfg.Bounces.Secret.Reveal()))
	mac.Write([]byte("crieur mail " + c.spec.Authority + "/" + c.spec.ID))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// BounceURL is where the mail server posts, as it is, each mail that comes to
// the return path: postfix does by a pipe to curl --data-binary @-.
func (c *Channel) BounceURL() string {
	return c.deps.PublicURL + "/mail/" + c.spec.Authority + "/" + c.spec.ID + "/" + c.token()
}

// CalledAt implements channel.Called. A mailbox that is read needs no address.
func (c *Channel) CalledAt() []call.Inbound {
	if c.cfg.Bounces.local == "" || c.cfg.Bounces.POP3.Address != "" {
		return nil
	}
	return []call.Inbound{{What: call.InboundBounces, URL: call.Address(c.BounceURL())}}
}

// serveBounce answers 204 when the mail needs no more care, 503 when it is to
// be posted again.
func (c *Channel) serveBounce(w http.ResponseWriter, r *http.Request) {
	message, err := io.ReadAll(io.LimitReader(r.Body, maxReportBytes))
	if err == nil {
		err = c.Bounced(r.Context(), message)
	}
	if err != nil {
		w.Header().Set("Retry-After", "60")
		http.Error(w, "not stored; try again", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// Bounced takes a mail that came to the return path: what came back for good,
// or was called unwanted, ends the subscription; what came back for a passing
// reason is counted. The receipt of the mail says so, too. Automatic answers
// and mails of strangers mean nothing. An error is transient: nothing was done.
func (c *Channel) Bounced(ctx context.Context, message []byte) error {
	r, err := c.cfg.Bounces.readReport(message)
	switch {
	case err != nil, r.subscriber == "":
		c.deps.Logger.Info("email: not a report of ours", "authority", c.spec.Authority, "channel", c.spec.ID)
		return nil
	case r.complaint:
		return c.optOut(ctx, r.subscriber, events.ReasonOptedOut, "complaint (RFC 5965)")
	case r.action != "failed":
		return nil // delayed: the server still tries
	}
	reason := events.ReasonUnavailable
	if r.hard() {
		reason = events.ReasonBadRecipient
		err = c.optOut(ctx, r.subscriber, reason, "DSN "+r.status)
	} else {
		err = c.countSoft(ctx, r)
	}
	if err != nil {
		return err
	}
	return c.later(ctx, r.messageID, reason)
}

func (c *Channel) optOut(ctx context.Context, subscriber string, reason events.Reason, evidence string) error {
	_, err := c.deps.OptOut(ctx, call.OptOutRequest{
		Authority: c.spec.Authority, Kind: Kind, Subscriber: subscriber, Reason: reason, Evidence: evidence, At: c.deps.Now(),
	})
	if events.OutcomeOf(err).Kind == events.PermanentFailure {
		return nil // it is nobody's any more
	}
	return err
}

// later says that a mail did not arrive.
func (c *Channel) later(ctx context.Context, messageID string, reason events.Reason) error {
	if messageID == "" {
		return nil
	}
	stored := make(chan error, 1)
	c.deps.Receipts.Later(c.spec.Authority, c.spec.ID, channel.Later{
		Remote: messageID, Status: events.StatusFailed, Reason: reason, At: c.deps.Now(),
	}, func(err error) { stored <- err })
	select {
	case err := <-stored:
		if events.OutcomeOf(err).Kind == events.PermanentFailure {
			return nil // it belongs to nobody
		}
		return err
	case <-ctx.Done():
		return events.Transient(events.ReasonTimeout, ctx.Err(), 0)
	}
}

// countSoft counts a passing failure once a mail.
func (c *Channel) countSoft(ctx context.Context, r report) error {
	now := c.deps.Now()
	d := events.Delivery{
		ID: events.NewID(softKind, r.subscriber), Publication: events.NewID(softKind, r.subscriber), Revision: 1,
		Authority: c.spec.Authority, Kind: softKind, Endpoint: c.spec.ID, Expires: now.Add(softKeep),
	}
	count := soft{First: now}
	for _, old := range c.deps.Shelf.Items(softKind, c.spec.Authority, c.spec.ID) {
		if old.Publication == d.Publication && now.Before(old.Expires) {
			if body, err := channel.BodyOf[soft](old.Rendition); err == nil {
				count = body
			}
		}
	}
	count.Times++
	if count.Times >= softTimes && now.Sub(count.First) >= softFor {
		if err := c.optOut(ctx, r.subscriber, events.ReasonBadRecipient, "DSN "+r.status+", again and again"); err != nil {
			return err
		}
		return c.deps.Shelf.Remove(ctx, d)
	}
	body, err := json.Marshal(count)
	if err != nil {
		return events.Permanent(events.ReasonInternal, errors.New("email: soft bounce cannot be written"))
	}
	d.Rendition = events.Rendition{Kind: softKind, Body: body}
	return c.deps.Shelf.Put(ctx, d)
}

// readMailbox reads what came back, now and then, until ctx ends.
func (c *Channel) readMailbox(ctx context.Context) {
	box := c.cfg.Bounces.POP3
	if box.Address == "" {
		return
	}
	tick := time.NewTicker(box.Every)
	defer tick.Stop()
	for {
		if err := box.read(ctx, c.Bounced); err != nil && ctx.Err() == nil {
			c.deps.Logger.Warn("email: bounces", "authority", c.spec.Authority, "channel", c.spec.ID, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
