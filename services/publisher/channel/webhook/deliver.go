package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/publisher/channel"
)

// The types of the events.
const (
	TypePublished = "fr.crieur.publication.published.v1"
	TypeUpdated   = "fr.crieur.publication.updated.v1"
	TypeWithdrawn = "fr.crieur.publication.withdrawn.v1"
)

// secretPrefix marks a Standard Webhooks secret.
const secretPrefix = "whsec_"

// key signs. It shows nothing of itself.
type key struct{ of run.Secret }

// newKey reads "whsec_" and base64, or base64 alone.
func newKey(s run.Secret) (key, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.Reveal(), secretPrefix))
	if err != nil {
		return key{}, errors.New(`must be "whsec_" and base64`)
	}
	if len(raw) < 24 || len(raw) > 64 {
		return key{}, errors.New("must be 24 to 64 bytes in base64")
	}
	return key{run.NewSecret(string(raw))}, nil
}

func (k key) sign(id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(k.of.Reveal()))
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// event is a CloudEvent in structured mode.
type event struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"`
	Type            string          `json:"type"`
	Subject         string          `json:"subject"`
	Time            string          `json:"time"`
	DataContentType string          `json:"datacontenttype"`
	Data            json.RawMessage `json:"data"`
}

func typeOf(a events.Action) string {
	switch a {
	case events.ActionUpdate:
		return TypeUpdated
	case events.ActionWithdraw:
		return TypeWithdrawn
	}
	return TypePublished
}

// Deliver implements channel.Endpoint.
func (c *Channel) Deliver(ctx context.Context, post channel.Post) (channel.Result, error) {
	return c.post(ctx, post.Delivery)
}

// Update implements channel.Updater: an event of its own.
func (c *Channel) Update(ctx context.Context, post channel.Post) (channel.Result, error) {
	return c.post(ctx, post.Delivery)
}

// Withdraw implements channel.Withdrawer: an event of its own.
func (c *Channel) Withdraw(ctx context.Context, post channel.Post) (channel.Result, error) {
	return c.post(ctx, post.Delivery)
}

func (c *Channel) post(ctx context.Context, d events.Delivery) (channel.Result, error) {
	now := c.deps.Now()
	body, header, err := c.request(d, now)
	if err != nil {
		return channel.Result{}, err
	}
	answer, err := channel.Exchange{Name: "webhook: POST", Method: http.MethodPost, URL: c.cfg.URL.Reveal(), Header: header, Body: body}.Do(ctx, c.deps.HTTP)
	if err != nil {
		return channel.Result{}, err
	}
	if err := answer.Verdict(c.deps.Now()); err != nil {
		return channel.Result{}, err
	}
	return channel.Result{Remote: d.ID, At: c.deps.Now(), Units: 1, Delivered: true}, nil
}

// request is the body and headers of a delivery, signed at now.
func (c *Channel) request(d events.Delivery, now time.Time) ([]byte, http.Header, error) {
	e := event{
		SpecVersion: "1.0", ID: d.ID, Source: "/authority/" + d.Authority + "/stream/" + d.Stream, Type: typeOf(d.Action),
		Subject: d.Publication, Time: d.CreatedAt.UTC().Format(time.RFC3339Nano), DataContentType: "application/json",
		Data: d.Rendition.Body,
	}
	header := http.Header{"User-Agent": {"Crieur-Webhook/1"}}
	body := []byte(e.Data)
	if c.cfg.Mode == Structured {
		var err error
		if body, err = json.Marshal(e); err != nil {
			return nil, nil, events.Permanentf(events.ReasonInvalidEvent, "webhook: encode: %w", err)
		}
		header.Set("Content-Type", "application/cloudevents+json; charset=utf-8")
	} else {
		header.Set("Content-Type", e.DataContentType)
		for name, value := range map[string]string{
			"specversion": e.SpecVersion, "id": e.ID, "source": e.Source, "type": e.Type, "subject": e.Subject, "time": e.Time,
		} {
			header.Set("ce-"+name, value)
		}
	}
	timestamp := strconv.FormatInt(now.Unix(), 10)
	signatures := make([]string, len(c.keys))
	for i, k := range c.keys {
		signatures[i] = k.sign(d.ID, timestamp, body)
	}
	header.Set("webhook-id", d.ID)
	header.Set("webhook-timestamp", timestamp)
	header.Set("webhook-signature", strings.Join(signatures, " "))
	return body, header, nil
}
