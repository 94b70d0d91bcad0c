package smshttp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/sms"
	"github.com/crieur/crieur/services/publisher/gsm"
)

// DeliverBatch implements channel.Batch: one request a recipient, some at once,
// as fast as the provider allows.
func (c *Channel) DeliverBatch(ctx context.Context, send channel.Send, done func(int, channel.Result)) {
	body, err := channel.BodyOf[sms.Body](send.Delivery.Rendition)
	if err != nil {
		for i := range send.Contacts {
			done(i, channel.Failed(err, c.deps.Now()))
		}
		return
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, c.cfg.Connections)
	for i, to := range send.Contacts {
		text := body.For(c.deps.Short(), to)
		if err := c.allowed(ctx, gsm.Count(text).Segments); err != nil {
			done(i, channel.Failed(err, c.deps.Now()))
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			done(i, c.send(ctx, send.Delivery, text, to))
		})
	}
	wg.Wait()
}

// allowed waits for the provider's rate, counted as it counts.
func (c *Channel) allowed(ctx context.Context, parts int) error {
	n := 1
	if c.provider.Rate.Count == "parts" {
		n = min(parts, maxParts)
	}
	if err := c.limiter.WaitN(ctx, n); err != nil {
		return events.Transient(events.ReasonTimeout, fmt.Errorf("smshttp: %s: the rate is used up", c.provider.Name), 0)
	}
	return nil
}

func (c *Channel) message(d events.Delivery, text string, to call.Contact) Message {
	valid := min(max(d.Expires.Sub(c.deps.Now()), time.Minute), 4*time.Hour)
	number, id := to.Address.Reveal(), events.NewID("sms", d.ID, to.Subscriber)
	return Message{
		To: number, Number: strings.TrimPrefix(number, "+"), Text: text, Sender: c.cfg.Sender,
		ID: id, Params: c.cfg.Params,
		ReceiptURL: c.CallbackURL("receipt") + "?" + ourID + "=" + id, IncomingURL: c.CallbackURL("incoming"),
		Unicode: gsm.EncodingOf(text) != gsm.GSM7, Urgent: d.Class == events.ClassAlert, Promotional: d.Class == events.ClassPromotional,
		ValidMinutes: int(valid / time.Minute), ValidSeconds: int(valid / time.Second),
	}
}

// send is one message's result. A message whose answer is lost is known by our
// name where the provider reports to an address that has it.
func (c *Channel) send(ctx context.Context, d events.Delivery, text string, to call.Contact) channel.Result {
	m, units := c.message(d, text, to), gsm.Count(text).Segments
	r, err := c.ask(ctx, m, units)
	if err == nil {
		return r
	}
	if r = channel.Failed(err, c.deps.Now()); r.Ambiguous() && c.provider.Receipt != nil && c.provider.Request.tells("ReceiptURL") {
		r.Remote, r.Units, r.CostMicroEUR = m.ID, units, int64(units)*c.cfg.CostMicroEUR
	}
	return r
}

func (c *Channel) ask(ctx context.Context, m Message, units int) (channel.Result, error) {
	e, err := c.exchange(m)
	if err != nil {
		return channel.Result{}, err
	}
	if err := c.authenticate(ctx, &e, m); err != nil {
		return channel.Result{}, err
	}
	answer, err := e.Do(ctx, c.deps.HTTP)
	if err != nil {
		return channel.Result{}, err
	}
	return c.read(answer, m.ID, units)
}

// exchange fills the provider's templates.
func (c *Channel) exchange(m Message) (channel.Exchange, error) {
	e := channel.Exchange{Name: "smshttp: " + c.provider.Name, Method: c.provider.Request.Method, Header: http.Header{}}
	wrong := func(err error) error {
		return events.Permanentf(events.ReasonInvalidConfig, "smshttp: provider %s: %w", c.provider.Name, err)
	}
	path, err := fill(c.templates.path, m)
	if err != nil {
		return e, wrong(err)
	}
	e.URL = c.cfg.BaseURL + path
	body, err := fill(c.templates.body, m)
	if err != nil {
		return e, wrong(err)
	}
	e.Body = compact(strings.TrimSpace(body))
	for name, t := range c.templates.headers {
		value, err := fill(t, m)
		if err != nil {
			return e, wrong(err)
		}
		e.Header.Set(name, value)
	}
	return e, nil
}

// compact leaves the template's own spaces out of JSON.
func compact(body string) []byte {
	var b bytes.Buffer
	if json.Compact(&b, []byte(body)) != nil {
		return []byte(body)
	}
	return b.Bytes()
}

// read is the result that an answer tells.
func (c *Channel) read(a channel.Answer, own string, units int) (channel.Result, error) {
	doc, notJSON := decode(a.Body)
	for _, r := range c.provider.Answer.Rules {
		if r.holds(a.Status, doc) {
			return channel.Result{}, r.err(a.Name, max(r.After, channel.RetryAfter(a.Header, c.deps.Now())))
		}
	}
	if err := a.Verdict(c.deps.Now()); err != nil {
		return channel.Result{}, err
	}
	if c.provider.Answer.Own && a.Status == http.StatusAccepted {
		return channel.Result{Remote: own, At: c.deps.Now(), Units: units, CostMicroEUR: int64(units) * c.cfg.CostMicroEUR}, nil
	}
	id, ok := at(doc, c.provider.Answer.ID)
	if notJSON != nil || !ok || id == "" {
		return channel.Result{}, events.Transient(events.ReasonAmbiguous, fmt.Errorf("%s: the answer has no %s", a.Name, c.provider.Answer.ID), 0)
	}
	if said, ok := at(doc, c.provider.Answer.Units); ok {
		if n, err := strconv.Atoi(said); err == nil && n > 0 && n <= maxParts {
			units = n
		}
	}
	return channel.Result{Remote: id, At: c.deps.Now(), Units: units, CostMicroEUR: int64(units) * c.cfg.CostMicroEUR}, nil
}

func (r Rule) holds(status int, doc any) bool {
	if r.Status != 0 && r.Status != status {
		return false
	}
	if r.Path == "" {
		return true
	}
	value, ok := at(doc, r.Path)
	if r.Has != "" {
		return ok && strings.Contains(strings.ToLower(value), strings.ToLower(r.Has))
	}
	return ok && (r.Present || value == r.Is)
}

func (r Rule) err(name string, after time.Duration) error {
	err := fmt.Errorf("%s: the provider answers %s", name, r.Reason)
	switch r.Outcome {
	case "permanent":
		return events.Permanent(r.Reason, err)
	case "ambiguous":
		return events.Transient(events.ReasonAmbiguous, err, after)
	}
	return events.Transient(r.Reason, err, after)
}
