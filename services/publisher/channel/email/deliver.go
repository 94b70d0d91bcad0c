package email

import (
	"bytes"
	"context"
	"errors"
	"html"
	"strings"
	"sync"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/publisher/channel"
)

// Run implements channel.Runner: it closes connections when they are of no
// more use, and reads what came back.
func (c *Channel) Run(ctx context.Context) error {
	var reading sync.WaitGroup
	reading.Go(func() { c.readMailbox(ctx) })
	defer reading.Wait()
	tick := time.NewTicker(idleTime / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			c.closeIdle(time.Time{})
			return nil
		case now := <-tick.C:
			c.closeIdle(now.Add(-idleTime))
		}
	}
}

// DeliverBatch implements channel.Batch: one message after the other on one
// connection. Batches in hand at once use connections of their own.
func (c *Channel) DeliverBatch(ctx context.Context, send channel.Send, done func(int, channel.Result)) {
	now := c.deps.Now()
	body, err := channel.BodyOf[Body](send.Delivery.Rendition)
	if err != nil {
		failFrom(0, send, done, err, now)
		return
	}
	heard := []*channel.Heard{body.Heard}
	for _, v := range body.Variants {
		heard = append(heard, v.Heard)
	}
	c.deps.Keep(ctx, send.Delivery, heard...)
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		failFrom(0, send, done, events.Transient(events.ReasonTimeout, ctx.Err(), 0), now)
		return
	}
	var s *session
	defer func() { c.giveBack(s) }()
	for i, contact := range send.Contacts {
		if ctx.Err() != nil {
			failFrom(i, send, done, events.Transient(events.ReasonTimeout, ctx.Err(), 0), now)
			return
		}
		var err error
		if s == nil {
			if s, err = c.connect(ctx); err != nil {
				failFrom(i, send, done, err, now)
				return
			}
		}
		broken, err := c.sendOne(ctx, s, send.Delivery, body, contact)
		if broken {
			s.cut()
			s = nil
		}
		if err != nil {
			done(i, channel.Failed(err, c.deps.Now()))
			continue
		}
		done(i, channel.Result{Remote: messageID(send.Delivery, contact, c.cfg.domain), At: c.deps.Now(), Units: 1})
	}
}

func failFrom(from int, send channel.Send, done func(int, channel.Result), err error, now time.Time) {
	for i := from; i < len(send.Contacts); i++ {
		done(i, channel.Failed(err, now))
	}
}

// messageID is the same for the same delivery and subscriber.
func messageID(d events.Delivery, to call.Contact, domain string) string {
	return events.NewID("mail", d.ID, to.Subscriber) + "@" + domain
}

// message writes the mail to one contact, signed.
func (c *Channel) message(d events.Delivery, body Body, to call.Contact) ([]byte, error) {
	body = body.in(to.Language)
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := m.FromFormat(c.cfg.from.Name, c.cfg.from.Address); err != nil {
		return nil, events.Permanent(events.ReasonInvalidConfig, errors.New("email: from: not an address"))
	}
	if err := m.To(to.Address.Reveal()); err != nil {
		return nil, events.Permanent(events.ReasonBadRecipient, errors.New("email: not an address"))
	}
	if c.cfg.ReplyTo != "" {
		if err := m.ReplyTo(c.cfg.ReplyTo); err != nil {
			return nil, events.Permanent(events.ReasonInvalidConfig, errors.New("email: reply_to: not an address"))
		}
	}
	unsubscribe := c.deps.PublicURL + to.Unsubscribe
	m.Subject(body.Subject)
	m.SetMessageIDWithValue(messageID(d, to, c.cfg.domain))
	m.SetDateWithValue(c.deps.Now())
	m.SetGenHeader("List-Unsubscribe", "<"+unsubscribe+">")
	m.SetGenHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	m.SetGenHeader("List-Id", "<"+body.ListID+">")
	// A correction is shown under what it corrects (RFC 5322, 3.6.4).
	m.SetGenHeader("References", "<"+events.NewID("thread", d.Publication)+"@"+c.cfg.domain+">")
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	if body.Urgent {
		m.SetImportance(mail.ImportanceHigh)
	}
	m.SetBodyString(mail.TypeTextPlain, strings.ReplaceAll(body.Text, unsubscribePlace, unsubscribe))
	m.AddAlternativeString(mail.TypeTextHTML, strings.ReplaceAll(body.HTML, unsubscribePlace, html.EscapeString(unsubscribe)))
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		return nil, events.Permanent(events.ReasonInternal, errors.New("email: the mail cannot be written"))
	}
	return c.cfg.DKIM.sign(b.Bytes())
}
