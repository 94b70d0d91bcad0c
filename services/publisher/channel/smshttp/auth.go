package smshttp

import (
	"context"
	"crypto/sha1" //nolint:gosec // OVH's scheme
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// clockLife is how long a provider's clock is remembered.
const clockLife = time.Hour

func (c *Channel) authenticate(ctx context.Context, e *channel.Exchange, m Message) error {
	if c.provider.Auth.Kind == "ovh" {
		at, err := c.providersTime(ctx)
		if err != nil {
			return err
		}
		c.signOVH(e, at)
		return nil
	}
	m.Secret = c.cfg.Secret.Reveal()
	user, err := fill(c.templates.user, m)
	value, err2 := fill(c.templates.value, m)
	if err != nil || err2 != nil {
		return events.Permanentf(events.ReasonInvalidConfig, "smshttp: provider %s: auth", c.provider.Name)
	}
	if c.provider.Auth.Kind == "basic" {
		e.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+value)))
	} else {
		e.Header.Set(c.provider.Auth.Name, value)
	}
	return nil
}

// signOVH signs as https://help.ovhcloud.com/csm/en-gb-api-getting-started-ovhcloud-api
// tells: "$1$" and SHA-1 of secret, consumer key, method, address, body and time.
func (c *Channel) signOVH(e *channel.Exchange, at time.Time) {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	sum := sha1.Sum([]byte(strings.Join([]string{ //nolint:gosec // OVH's scheme
		c.cfg.Secret.Reveal(), c.cfg.ConsumerKey.Reveal(), e.Method, e.URL, string(e.Body), timestamp,
	}, "+")))
	e.Header.Set("X-Ovh-Application", c.cfg.Params["application_key"])
	e.Header.Set("X-Ovh-Consumer", c.cfg.ConsumerKey.Reveal())
	e.Header.Set("X-Ovh-Timestamp", timestamp)
	e.Header.Set("X-Ovh-Signature", "$1$"+hex.EncodeToString(sum[:]))
}

// providersTime is our time by the provider's clock: it refuses signatures that
// are too old.
func (c *Channel) providersTime(ctx context.Context) (time.Time, error) {
	now := c.deps.Now()
	if k := c.skew.Load(); k != nil && now.Sub(k.asked) < clockLife {
		return now.Add(k.ahead), nil
	}
	if c.provider.Auth.Clock == "" {
		return now, nil
	}
	name := "smshttp: " + c.provider.Name + ": clock"
	answer, err := channel.Exchange{Name: name, Method: http.MethodGet, URL: c.cfg.BaseURL + c.provider.Auth.Clock}.Do(ctx, c.deps.HTTP)
	if err != nil {
		return now, err
	}
	if err := channel.Repeatable(answer.Verdict(now)); err != nil {
		return now, err
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(string(answer.Body)), 10, 64)
	if err != nil {
		return now, events.Transient(events.ReasonUnavailable, errNotATime(name), 0)
	}
	k := &clock{ahead: time.Unix(seconds, 0).Sub(now).Truncate(time.Second), asked: now}
	c.skew.Store(k)
	return now.Add(k.ahead), nil
}

type errNotATime string

func (e errNotATime) Error() string { return string(e) + ": the answer is not a time" }
