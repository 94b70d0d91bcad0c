package openid

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"github.com/crieur/crieur/events/run"
)

var (
	// ErrAway is an issuer that does not answer, or not as one.
	ErrAway = errors.New("openid: the issuer is away")
	// ErrCancelled is a person who gave up, or did not consent.
	ErrCancelled = errors.New("openid: cancelled")
	// ErrStale is a return that nobody left for, or that came already, or too late.
	ErrStale = errors.New("openid: stale")
)

const (
	patience       = 10 * time.Second // of one request to the issuer
	maxAnswerBytes = 1 << 20
)

// Client is Crieur to one issuer. It is safe for concurrent use.
type Client struct {
	cfg       Config
	secret    run.Secret
	back      string // where the issuer sends back who signed in
	signedOut string // and who signed out
	http      *http.Client
	known     atomic.Pointer[issuer]
	asking    singleflight.Group
}

// issuer is what an issuer says of itself.
type issuer struct {
	oauth2     oauth2.Config
	provider   *oidc.Provider
	verifier   *oidc.IDTokenVerifier
	endSession string // empty where there is none
	claims     bool   // it reads the parameter of this name
}

// New validates, reads the secret, and does not dial. back and signedOut are the
// addresses that the issuer was told, for a sign-in and a sign-out.
func New(cfg Config, peers *http.Client, back, signedOut string) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("openid: %w", err)
	}
	cfg.setDefaults()
	secret, err := run.LoadSecret("client_secret", cfg.ClientSecret, cfg.ClientSecretFile)
	if err != nil {
		return nil, fmt.Errorf("openid: %w", err)
	}
	client := *peers
	client.Timeout, client.Transport = patience, bounded{client.Transport}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{cfg: cfg, secret: secret, back: back, signedOut: signedOut, http: &client}, nil
}

// Name is the issuer's, as people know it.
func (c *Client) Name() string { return c.cfg.Name }

// bounded is a transport whose answers end.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.RoundTripper == nil {
		b.RoundTripper = http.DefaultTransport
	}
	resp, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = http.MaxBytesReader(nil, resp.Body, maxAnswerBytes)
	}
	return resp, err
}

// issuer asks the issuer about itself (OpenID Connect Discovery 1.0, 4) until it
// has answered once. Those who ask at the same time wait for one answer, which
// does not end with the first of them who leaves.
func (c *Client) issuer(ctx context.Context) (*issuer, error) {
	if i := c.known.Load(); i != nil {
		return i, nil
	}
	v, err, _ := c.asking.Do("", func() (any, error) { return c.discover(context.WithoutCancel(ctx)) })
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAway, err)
	}
	i := v.(*issuer)
	c.known.Store(i)
	return i, nil
}

func (c *Client) discover(ctx context.Context) (*issuer, error) {
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, c.http), c.cfg.Issuer)
	if err != nil {
		return nil, err
	}
	var said struct {
		JWKS       string `json:"jwks_uri"`
		EndSession string `json:"end_session_endpoint"`
		Claims     bool   `json:"claims_parameter_supported"`
	}
	if err := provider.Claims(&said); err != nil {
		return nil, err
	}
	at := provider.Endpoint()
	for _, address := range []string{at.AuthURL, at.TokenURL, provider.UserInfoEndpoint(), said.JWKS, said.EndSession} {
		if strings.HasPrefix(c.cfg.Issuer, "https:") && address != "" && !strings.HasPrefix(address, "https:") {
			return nil, fmt.Errorf("an address of %s is not https", c.cfg.Issuer)
		}
	}
	return &issuer{
		oauth2: oauth2.Config{
			ClientID: c.cfg.ClientID, ClientSecret: c.secret.Reveal(), Endpoint: at, RedirectURL: c.back,
			Scopes: append([]string{oidc.ScopeOpenID}, c.cfg.Scopes...),
		},
		provider: provider, verifier: provider.Verifier(&oidc.Config{ClientID: c.cfg.ClientID}),
		endSession: said.EndSession, claims: said.Claims,
	}, nil
}

// Attempt is what a browser keeps while its person is at the issuer. Others must
// not be able to read it or to make one.
type Attempt struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"` // RFC 7636
}

// Begin returns the address at the issuer where somebody signs in. The error is
// ErrAway.
func (c *Client) Begin(ctx context.Context) (string, Attempt, error) {
	i, err := c.issuer(ctx)
	if err != nil {
		return "", Attempt{}, err
	}
	// 43 characters each; ProConnect wants 32 of a state and a nonce.
	a := Attempt{State: oauth2.GenerateVerifier(), Nonce: oauth2.GenerateVerifier(), Verifier: oauth2.GenerateVerifier()}
	options := []oauth2.AuthCodeOption{oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)}
	if len(c.cfg.ACRValues) > 0 {
		options = append(options, oauth2.SetAuthURLParam("acr_values", strings.Join(c.cfg.ACRValues, " ")))
	}
	if i.claims {
		// ProConnect tells it to who asks for it only
		// (github.com/numerique-gouv/proconnect-documentation, resources/claim_amr.md).
		options = append(options, oauth2.SetAuthURLParam("claims", `{"id_token":{"amr":{"essential":true}}}`))
	}
	return i.oauth2.AuthCodeURL(a.State, options...), a, nil
}

// Identity is who an issuer says that somebody is.
type Identity struct {
	Issuer, Subject string     // for ever the same person
	Email           string     // lower case; empty unless it is verified
	MultiFactor     bool       // proved with two factors
	IDToken         run.Secret // for EndSession
}

// Finish reads how somebody came back from the issuer, in the query of the
// address. The error is ErrCancelled, ErrStale, ErrAway, or another where the
// issuer refused or what it said does not hold.
func (c *Client) Finish(ctx context.Context, a Attempt, answer url.Values) (Identity, error) {
	if a.State == "" || !same(a.State, answer.Get("state")) {
		return Identity{}, ErrStale
	}
	switch code := answer.Get("error"); code {
	case "":
	case "access_denied":
		return Identity{}, ErrCancelled
	case "server_error", "temporarily_unavailable":
		return Identity{}, fmt.Errorf("%w: %s", ErrAway, code)
	default:
		return Identity{}, fmt.Errorf("openid: the issuer answers %q", code)
	}
	i, err := c.issuer(ctx)
	if err != nil {
		return Identity{}, err
	}
	ctx = oidc.ClientContext(ctx, c.http)
	token, err := i.oauth2.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return Identity{}, fmt.Errorf("openid: code: %w", meaning(err))
	}
	id, err := i.identity(ctx, token, a.Nonce, c.cfg.VerifiesEmail)
	if err != nil {
		return Identity{}, fmt.Errorf("openid: %w", meaning(err))
	}
	return id, nil
}

// identity checks and reads the tokens of an issuer.
func (i *issuer) identity(ctx context.Context, token *oauth2.Token, nonce string, verifiesEmail bool) (Identity, error) {
	raw, _ := token.Extra("id_token").(string)
	id, err := i.verifier.Verify(ctx, raw)
	if err != nil {
		return Identity{}, err
	}
	if !same(nonce, id.Nonce) {
		return Identity{}, errors.New("id token: another nonce")
	}
	var how struct {
		ACR string   `json:"acr"`
		AMR []string `json:"amr"`
	}
	if err := id.Claims(&how); err != nil {
		return Identity{}, fmt.Errorf("id token: %w", err)
	}
	info, err := i.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return Identity{}, fmt.Errorf("userinfo: %w", err)
	}
	if info.Subject != id.Subject {
		return Identity{}, errors.New("userinfo: of another subject")
	}
	who := Identity{Issuer: id.Issuer, Subject: id.Subject, MultiFactor: multiFactor(how.ACR, how.AMR), IDToken: run.NewSecret(raw)}
	if info.EmailVerified || verifiesEmail {
		who.Email = strings.ToLower(strings.TrimSpace(info.Email))
	}
	return who, nil
}

// multiFactor reads how somebody proved who they are: amr by RFC 8176, acr by
// https://partenaires.proconnect.gouv.fr/docs/fournisseur-service/double_authentification
func multiFactor(acr string, amr []string) bool {
	return slices.Contains(amr, "mfa") || slices.Contains([]string{
		"eidas2", "eidas3",
		"https://proconnect.gouv.fr/assurance/self-asserted-2fa", "https://proconnect.gouv.fr/assurance/consistency-checked-2fa",
	}, acr)
}

// EndSession returns the address at the issuer that ends its session too, or ""
// where it has none (OpenID Connect RP-Initiated Logout 1.0, 2).
func (c *Client) EndSession(ctx context.Context, idToken run.Secret) (string, error) {
	i, err := c.issuer(ctx)
	if err != nil || i.endSession == "" {
		return "", err
	}
	u, err := url.Parse(i.endSession)
	if err != nil {
		return "", fmt.Errorf("openid: end_session_endpoint: %w", err)
	}
	q := u.Query()
	q.Set("id_token_hint", idToken.Reveal())
	q.Set("post_logout_redirect_uri", c.signedOut)
	q.Set("state", oauth2.GenerateVerifier()) // ProConnect wants one; nothing hangs on it
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// meaning tells the errors that have a name.
func meaning(err error) error {
	var refused *oauth2.RetrieveError
	var network *url.Error
	switch {
	case errors.As(err, &refused) && refused.ErrorCode == "invalid_grant":
		return fmt.Errorf("%w: %w", ErrStale, err)
	case errors.As(err, &refused) && refused.Response.StatusCode >= http.StatusInternalServerError, errors.As(err, &network):
		return fmt.Errorf("%w: %w", ErrAway, err)
	}
	return err
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
