package smshttp

import (
	"context"
	"crypto/subtle"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/sms"
)

const (
	maxCallBytes = 64 << 10
	callTimeout  = 10 * time.Second
	// ourID is our name for a message in the query of the address that it is
	// reported to.
	ourID = "id"
)

// ServeHTTP takes reports and answers. Whoever does not know the token learns
// nothing, not even whether the channel exists.
func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := d.find(r.PathValue("authority"), r.PathValue("channel"))
	if c == nil || subtle.ConstantTimeCompare([]byte(r.PathValue("token")), []byte(c.token.Reveal())) != 1 {
		http.NotFound(w, r)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
	defer cancel()
	var err error
	switch what := r.PathValue("what"); {
	case what == "receipt" && c.provider.Receipt != nil:
		err = c.receipt(ctx, r)
	case what == "incoming" && c.provider.Incoming != nil:
		err = c.incoming(ctx, r)
	default:
		http.NotFound(w, r)
		return
	}
	switch o := events.OutcomeOf(err); {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case o.Kind == events.PermanentFailure:
		http.Error(w, string(o.Reason), http.StatusBadRequest)
	default:
		w.Header().Set("Retry-After", "30")
		http.Error(w, string(o.Reason), http.StatusServiceUnavailable)
	}
}

// fields reads a call's body as its provider writes it.
func fields(r *http.Request, format string) (func(path string) string, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxCallBytes+1))
	if err != nil || len(body) > maxCallBytes {
		return nil, events.Permanentf(events.ReasonTooLarge, "smshttp: a call of more than 64 KiB, or cut")
	}
	if format == "json" {
		doc, err := decode(body)
		if err != nil {
			return nil, events.Permanentf(events.ReasonInvalidEvent, "smshttp: a call that is not JSON")
		}
		return func(path string) string { v, _ := at(doc, path); return v }, nil
	}
	values := r.URL.Query()
	if format == "form" {
		if values, err = url.ParseQuery(string(body)); err != nil {
			return nil, events.Permanentf(events.ReasonInvalidEvent, "smshttp: a call that is not a form")
		}
	}
	return values.Get, nil
}

func (c *Channel) receipt(ctx context.Context, r *http.Request) error {
	of := c.provider.Receipt
	field, err := fields(r, of.Format)
	if err != nil {
		return err
	}
	meaning, ok := of.Statuses[field(of.Status)]
	switch in := c.provider.Incoming; {
	case meaning.Status == events.StatusOptedOut:
		return c.leaves(ctx, field(in.From))
	case !ok && in != nil && in.Format == of.Format:
		return c.answered(ctx, field) // some report what people answer, too
	case !ok:
		return nil // on its way, or nothing that changes what is known
	}
	id := field(of.ID)
	if id == "" {
		return events.Permanentf(events.ReasonInvalidEvent, "smshttp: a report without %s", of.ID)
	}
	said := channel.Later{Remote: id, Status: meaning.Status, Reason: meaning.Reason, At: c.deps.Now()}
	if own := r.URL.Query().Get(ourID); own != "" && own != id {
		said.Or = []string{own}
	}
	stored := make(chan error, 1)
	c.deps.Receipts.Later(c.spec.Authority, c.spec.ID, said, func(err error) { stored <- err })
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

// incoming takes what people answer.
func (c *Channel) incoming(ctx context.Context, r *http.Request) error {
	field, err := fields(r, c.provider.Incoming.Format)
	if err != nil {
		return err
	}
	return c.answered(ctx, field)
}

// answered takes off those who say stop. Other texts are for nobody.
func (c *Channel) answered(ctx context.Context, field func(string) string) error {
	if !sms.IsStop(field(c.provider.Incoming.Text)) {
		return nil
	}
	return c.leaves(ctx, field(c.provider.Incoming.From))
}

func (c *Channel) leaves(ctx context.Context, from string) error {
	if from == "" {
		return nil
	}
	_, err := c.deps.OptOut(ctx, sms.Stop(c.spec.Authority, from, c.deps.Now()))
	if err != nil {
		c.deps.Logger.Error("smshttp: opt-out not stored; the provider will repeat it", "authority", c.spec.Authority, "channel", c.spec.ID, "err", err)
	}
	return err
}
