package bluesky

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/publisher/channel"
)

// session is what createSession gave. It shows no token.
type session struct {
	did             string
	access, refresh run.Secret
}

// refusal is an XRPC error (https://atproto.com/specs/xrpc#error-responses). Its
// message is compared, never shown.
type refusal struct {
	err           error
	code, message string
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// procedure makes a call that changes something; in is given the account's DID.
// A token that has run out is replaced once.
func (c *Channel) procedure(ctx context.Context, name string, in func(did string) any, out any) error {
	s, err := c.begin(ctx, nil)
	if err != nil {
		return err
	}
	err = c.xrpc(ctx, http.MethodPost, name, "", s.access, in(s.did), out)
	if !expired(err) {
		return err
	}
	if s, err = c.begin(ctx, s); err != nil {
		return err
	}
	return c.xrpc(ctx, http.MethodPost, name, "", s.access, in(s.did), out)
}

// query is public: it needs no session.
func (c *Channel) query(ctx context.Context, name string, q url.Values, out any) error {
	return c.xrpc(ctx, http.MethodGet, name, "?"+q.Encode(), run.Secret{}, nil, out)
}

func expired(err error) bool {
	var r *refusal
	return errors.As(err, &r) && (r.code == "ExpiredToken" || r.code == "InvalidToken")
}

// picture is a PNG, sent as it is.
type picture []byte

// begin returns the session, or makes one: by the refresh token of the old one
// when that is the one to replace, else by the password. Nothing is published
// by it, so that a lost answer is no ambiguity.
func (c *Channel) begin(ctx context.Context, old *session) (*session, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session != nil && c.session != old {
		return c.session, nil
	}
	var made struct {
		DID     string `json:"did"`
		Access  string `json:"accessJwt"`
		Refresh string `json:"refreshJwt"`
	}
	err := error(&refusal{})
	if old != nil {
		err = c.xrpc(ctx, http.MethodPost, "com.atproto.server.refreshSession", "", old.refresh, nil, &made)
	}
	if old == nil || events.OutcomeOf(err).Kind == events.PermanentFailure {
		err = c.xrpc(ctx, http.MethodPost, "com.atproto.server.createSession", "", run.Secret{},
			map[string]string{"identifier": c.cfg.Identifier, "password": c.cfg.Password.Reveal()}, &made)
	}
	if err != nil {
		c.session = nil
		return nil, channel.Repeatable(err)
	}
	if made.DID == "" || made.Access == "" {
		return nil, events.Transient(events.ReasonUnavailable, errors.New("bluesky: createSession: the answer has no did and accessJwt"), 0)
	}
	c.session = &session{did: made.DID, access: run.NewSecret(made.Access), refresh: run.NewSecret(made.Refresh)}
	return c.session, nil
}

func (c *Channel) xrpc(ctx context.Context, method, name, query string, bearer run.Secret, in, out any) error {
	e := channel.Exchange{Name: "bluesky: " + name, Method: method, URL: c.cfg.Service + "/xrpc/" + name + query, Header: http.Header{}}
	if png, ok := in.(picture); ok {
		e.Body = png
		e.Header.Set("Content-Type", "image/png")
	} else if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return events.Permanentf(events.ReasonInternal, "%s: encode: %w", e.Name, err)
		}
		e.Body = body
		e.Header.Set("Content-Type", "application/json")
	}
	if !bearer.IsZero() {
		e.Header.Set("Authorization", "Bearer "+bearer.Reveal())
	}
	a, err := e.Do(ctx, c.deps.HTTP)
	if err != nil {
		return err
	}
	if a.Status < 300 {
		if out == nil {
			return nil
		}
		return a.Decode(out)
	}
	var said struct{ Error, Message string }
	_ = json.Unmarshal(a.Body, &said) // a gateway's page has no code
	return &refusal{err: meaning(a, said.Error, c.deps.Now()), code: said.Error, message: said.Message}
}

// meaning of an error answer: its name first, then its status.
func meaning(a channel.Answer, code string, now time.Time) error {
	err := fmt.Errorf("%s: the server answers %d %.64q", a.Name, a.Status, code)
	switch code {
	case "AuthenticationRequired", "ExpiredToken", "InvalidToken", "AuthFactorTokenRequired":
		return events.Permanent(events.ReasonUnauthorized, err)
	case "AccountTakedown", "AccountDeactivated", "AccountSuspended":
		return events.Permanent(events.ReasonForbidden, err)
	}
	o := channel.ReasonOfStatus(a.Status)
	if o.Kind == events.PermanentFailure {
		return events.Permanent(o.Reason, err)
	}
	after := channel.RetryAfter(a.Header, now)
	if reset, bad := strconv.ParseInt(a.Header.Get("RateLimit-Reset"), 10, 64); after == 0 && bad == nil && o.Reason == events.ReasonRateLimited {
		after = max(time.Second, time.Unix(reset, 0).Sub(now))
	}
	return events.Transient(o.Reason, err, after)
}
