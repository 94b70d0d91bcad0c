package console

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/curator/openid"
	"github.com/crieur/crieur/services/web"
)

const (
	openIDPath    = "/console/signin/oidc" // where the issuer sends back
	attemptCookie = "crieur_oidc"
	attemptLasts  = 10 * time.Minute
	valueIDToken  = "id_token" // of a session, sealed
)

// OpenIDAddresses are what an issuer has to be told: where it sends back who
// signed in, and who signed out.
func OpenIDAddresses(publicURL string) (back, signedOut string) {
	return publicURL + openIDPath, publicURL + "/console/signin"
}

func (c *Console) openIDRoutes(mux *http.ServeMux) {
	if c.cfg.OpenID != nil {
		mux.HandleFunc("GET "+openIDPath+"/start", c.open(c.openIDStart))
		mux.HandleFunc("GET "+openIDPath, c.open(c.openIDReturn))
	}
}

// openIDName is the issuer's, for the sign-in page; empty without one.
func (c *Console) openIDName() string {
	if c.cfg.OpenID == nil {
		return ""
	}
	return c.cfg.OpenID.Name()
}

// attempt is what the browser keeps, sealed, while its person is at the issuer.
type attempt struct {
	openid.Attempt
	Next string `json:"next"`
}

func (c *Console) openIDStart(w http.ResponseWriter, r *http.Request, q *request) {
	a := attempt{Next: web.LocalPath(r.FormValue("next"), "/console")}
	var address string
	var err error
	if address, a.Attempt, err = c.cfg.OpenID.Begin(r.Context()); err != nil {
		c.openIDRefused(w, r, q, a.Next, err)
		return
	}
	body, err := json.Marshal(a)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	setAttempt(w, r, base64.RawURLEncoding.EncodeToString(c.box.Seal(body, attemptCookie)), int(attemptLasts.Seconds()))
	w.Header().Set("Cache-Control", "no-store")
	web.SeeOther(w, r, address)
}

// setAttempt: Lax, for the issuer leads back from another site.
func setAttempt(w http.ResponseWriter, r *http.Request, value string, maxAgeSeconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: attemptCookie, Value: value, Path: openIDPath, MaxAge: maxAgeSeconds,
		HttpOnly: true, Secure: web.IsSecure(r), SameSite: http.SameSiteLaxMode,
	})
}

// attempt is that of a browser; an empty one, which nothing fits, where it has
// none of ours.
func (c *Console) attempt(r *http.Request) attempt {
	var a attempt
	cookie, err := r.Cookie(attemptCookie)
	if err != nil {
		return a
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return a
	}
	body, err := c.box.Open(sealed, attemptCookie)
	if err != nil || json.Unmarshal(body, &a) != nil {
		return attempt{}
	}
	return a
}

func (c *Console) openIDReturn(w http.ResponseWriter, r *http.Request, q *request) {
	client := "openid " + web.ClientKey(r)
	if after, ok := c.byClient.Allow(client); !ok {
		c.renderer.TooMany(w, r, after)
		return
	}
	a := c.attempt(r)
	setAttempt(w, r, "", -1)
	next := web.LocalPath(a.Next, "/console")
	id, err := c.cfg.OpenID.Finish(r.Context(), a.Attempt, r.URL.Query())
	if err != nil {
		c.openIDRefused(w, r, q, next, err)
		return
	}
	officer, err := c.invited(r, q, id)
	if errors.Is(err, errUninvited) || errors.Is(err, errOtherIdentity) {
		c.openIDRefused(w, r, q, next, err)
		return
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	values := map[string]string{
		valueIDToken: base64.RawURLEncoding.EncodeToString(c.box.Seal([]byte(id.IDToken.Reveal()), "id token "+officer.ID)),
	}
	c.enter(w, r, q, officer, values, len(officer.TOTPSealed) > 0 && !id.MultiFactor, next, func() { c.byClient.Reset(client) })
}

var (
	errUninvited     = errors.New("console: no open account has this identity, nor its verified address")
	errOtherIdentity = errors.New("console: the account is bound to another identity")
)

// invited finds whose account an identity opens: the one it is bound to, whatever
// its address has become, else the one of its address, which it is bound to from
// then on. It makes none.
func (c *Console) invited(r *http.Request, q *request, id openid.Identity) (registry.Officer, error) {
	list, err := q.Registry.Officers.List(r.Context())
	if err != nil {
		return registry.Officer{}, err
	}
	for _, e := range list {
		if o := e.Value; o.Issuer == id.Issuer && o.Subject == id.Subject {
			if o.Disabled {
				return o, fmt.Errorf("officer %s: %w", o.ID, errUninvited)
			}
			return o, nil
		}
	}
	at := slices.IndexFunc(list, func(e registry.Entry[registry.Officer]) bool { return id.Email != "" && e.Value.Email == id.Email })
	if at < 0 {
		return registry.Officer{}, errUninvited
	}
	return c.bind(r, q, list[at].Value.Key(), id)
}

// bind gives an account its identity at the issuer. One at an issuer of before is
// replaced: nobody can come by it any more.
func (c *Console) bind(r *http.Request, q *request, officer registry.Key, id openid.Identity) (registry.Officer, error) {
	o, _, err := q.Registry.Officers.Modify(r.Context(), officer, func(o *registry.Officer) error {
		switch {
		case o.Disabled || o.Email != id.Email:
			return errUninvited
		case o.Issuer == id.Issuer && o.Subject != id.Subject:
			return errOtherIdentity
		}
		o.Issuer, o.Subject = id.Issuer, id.Subject
		return nil
	})
	if err == nil {
		err = c.recordAccount(r, &desktop{request: q, officer: o}, "bind.identity")
	}
	return o, err
}

// openIDRefused says on the sign-in page why nobody came in.
func (c *Console) openIDRefused(w http.ResponseWriter, r *http.Request, q *request, next string, err error) {
	text := "openid.unproven"
	for _, known := range []struct {
		err  error
		text string
	}{
		{openid.ErrCancelled, "openid.cancelled"},
		{openid.ErrStale, "openid.stale"},
		{openid.ErrAway, "openid.away"},
		{errUninvited, "openid.uninvited"},
		{errOtherIdentity, "openid.other"},
	} {
		if errors.Is(err, known.err) {
			text = known.text
		}
	}
	c.cfg.Logger.WarnContext(r.Context(), "sign-in by OpenID Connect refused", "request", web.RequestID(r), "err", brief(err))
	c.renderer.Flash(w, r, web.Warning, q.t.T(text, "name", c.openIDName()))
	web.SeeOther(w, r, "/console/signin?"+url.Values{"next": {next}}.Encode())
}

// brief is an error that may hold all that somebody else answered.
func brief(err error) string { return fmt.Sprintf("%.400v", err) }

// endAtIssuer goes on to the issuer's sign-out, for a session that came from
// there, and reports whether it does. Not by a redirect: a browser holds those
// after a form to the policy's form-action, which knows no issuer
// (https://www.w3.org/TR/CSP3/#directive-form-action).
func (c *Console) endAtIssuer(w http.ResponseWriter, r *http.Request, q *request, s web.Session) bool {
	sealed, err := base64.RawURLEncoding.DecodeString(s.Values[valueIDToken])
	if c.cfg.OpenID == nil || err != nil {
		return false
	}
	token, err := c.box.Open(sealed, "id token "+s.Subject)
	if err != nil {
		return false
	}
	address, err := c.cfg.OpenID.EndSession(r.Context(), run.NewSecret(string(token)))
	if err != nil {
		c.cfg.Logger.WarnContext(r.Context(), "the session at the issuer stays", "request", web.RequestID(r), "err", brief(err))
	}
	if address == "" {
		return false
	}
	w.Header().Set("Refresh", "0; url="+address)
	w.Header().Set("Cache-Control", "no-store")
	name := c.openIDName()
	c.renderer.Render(w, r, http.StatusOK, "signedout", web.Page{
		Title: q.t.T("openid.signedout"), Lede: q.t.T("openid.signedout.lede", "name", name),
		Data: struct{ Name, Address string }{name, address},
	})
	return true
}
