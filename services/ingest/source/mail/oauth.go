package mail

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-sasl"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
)

const (
	// tokenLife is that of an access token of which the server does not say it
	// (RFC 6749 §5.1).
	tokenLife = 5 * time.Minute
	// tokenMargin is how long before its end a token is no longer used.
	tokenMargin   = time.Minute
	maxTokenBytes = 64 << 10
)

// OAuth says where an access token comes from: Microsoft 365 takes no password.
type OAuth struct {
	TokenURL string `yaml:"token_url"`
	ClientID string `yaml:"client_id"`
	// ClientSecret and RefreshToken name secrets. With a refresh token the mailbox is
	// that of who gave it, without one that which an administrator opened to the client.
	ClientSecret string `yaml:"client_secret"`
	RefreshToken string `yaml:"refresh_token"`
	Scope        string `yaml:"scope"`
}

func (o OAuth) check() (field, what string) {
	u, err := url.Parse(o.TokenURL)
	switch {
	case err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil:
		return "oauth: token_url", "is an https address"
	case o.ClientID == "":
		return "oauth: client_id", "required"
	case o.ClientSecret == "" && o.RefreshToken == "":
		return "oauth: client_secret", "required, or refresh_token"
	}
	return "", ""
}

// grant is the access token of now. Fetch and Watch share it.
type grant struct {
	mu    sync.Mutex
	token string
	until time.Time
}

func (g *grant) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.token = ""
}

// get returns a token that is good for a while (RFC 6749 §4.4 and §6). No error
// quotes the server's answer, which may hold one.
func (g *grant) get(ctx context.Context, deps source.Deps, o OAuth) (string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := deps.Now()
	if g.token != "" && now.Before(g.until) {
		return g.token, nil
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {o.ClientID}}
	if o.RefreshToken != "" {
		form.Set("grant_type", "refresh_token")
	}
	if o.Scope != "" {
		form.Set("scope", o.Scope)
	}
	for name, reference := range map[string]string{"client_secret": o.ClientSecret, "refresh_token": o.RefreshToken} {
		if reference == "" {
			continue
		}
		secret, err := deps.Secret(reference)
		if err != nil {
			return "", events.Permanentf(events.ReasonInvalidConfig, "mail: oauth: %s: %w", name, err)
		}
		form.Set(name, secret)
	}
	res, err := deps.HTTP.Do(ctx, fetch.Request{
		Method: http.MethodPost, URL: o.TokenURL, Body: []byte(form.Encode()), MaxBytes: maxTokenBytes,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}},
	})
	var refused *fetch.Error
	if errors.As(err, &refused) && refused.Status >= 400 && refused.Status < 500 && refused.Status != http.StatusTooManyRequests {
		return "", events.Transient(events.ReasonUnauthorized, errors.New("mail: oauth: no access token is given: client, secret or scope refused"), 0)
	}
	if err != nil {
		return "", err
	}
	var answer struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int64  `json:"expires_in"` // seconds
	}
	if json.Unmarshal(res.Body, &answer) != nil || answer.AccessToken == "" || !strings.EqualFold(answer.TokenType, "Bearer") {
		return "", events.Transient(events.ReasonInvalidContent, errors.New("mail: oauth: the answer holds no bearer token"), 0)
	}
	life := tokenLife
	if answer.ExpiresIn > 0 {
		life = time.Duration(min(answer.ExpiresIn, 24*3600)) * time.Second
	}
	g.token, g.until = answer.AccessToken, now.Add(life-tokenMargin)
	return g.token, nil
}

// xoauth2 signs in with an access token, as Microsoft's and Google's servers want it
// (developers.google.com/workspace/gmail/imap/xoauth2-protocol).
type xoauth2 struct{ user, token string }

var _ sasl.Client = xoauth2{}

// Start implements sasl.Client.
func (x xoauth2) Start() (mechanism string, initial []byte, _ error) {
	return "XOAUTH2", []byte("user=" + x.user + "\x01auth=Bearer " + x.token + "\x01\x01"), nil
}

// Next implements sasl.Client: the server says why it refuses, and waits for an empty
// answer to do so.
func (xoauth2) Next([]byte) ([]byte, error) { return nil, nil }
