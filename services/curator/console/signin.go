package console

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/account"
	"github.com/crieur/crieur/services/web"
)

// valuePending marks a session that still has to give its second factor.
const valuePending = "pending"

func (c *Console) signInPage(w http.ResponseWriter, r *http.Request, q *request) {
	if s, err := q.sessions.Get(r); err == nil && s.Values[valuePending] == "" {
		web.SeeOther(w, r, web.LocalPath(r.URL.Query().Get("next"), "/console"))
		return
	}
	c.showSignIn(w, r, q, http.StatusOK, nil)
}

func (c *Console) showSignIn(w http.ResponseWriter, r *http.Request, q *request, status int, form *web.Form) {
	c.renderer.Render(w, r, status, "signin", web.Page{
		Title: q.t.T("signin.title"), Lede: q.t.T("signin.lede"), Form: form,
		Data: struct{ Next, OpenID string }{r.FormValue("next"), c.openIDName()},
	})
}

func (c *Console) signIn(w http.ResponseWriter, r *http.Request, q *request) {
	if err := r.ParseForm(); err != nil {
		c.renderer.Error(w, r, http.StatusBadRequest)
		return
	}
	form := web.NewForm(url.Values{"email": r.PostForm["email"]})
	email := strings.ToLower(form.Get("email"))
	officer, found := q.officerOf(email)
	who := c.device(r, officer.ID)
	if who == "" {
		if after, ok := c.byClient.Allow(web.ClientKey(r)); !ok {
			c.renderer.TooMany(w, r, after)
			return
		}
		who = email
	}
	if after, ok := c.byEmail.Allow(who); !ok {
		c.renderer.TooMany(w, r, after)
		return
	}
	ok, err := c.verify(r.Context(), officer.PasswordHash, r.PostForm.Get("password"))
	if err != nil {
		c.fail(w, r, err)
		return
	}
	if !ok || !found || officer.Disabled {
		// One message for all: which addresses have an account is nobody's business.
		form.Reject("email", q.t.T("signin.wrong"))
		c.showSignIn(w, r, q, http.StatusUnprocessableEntity, form)
		return
	}
	c.enter(w, r, q, officer, map[string]string{}, len(officer.TOTPSealed) > 0, web.LocalPath(r.PostForm.Get("next"), "/console"), func() {
		c.byEmail.Reset(who)
		c.knowDevice(w, r, officer.ID)
	})
}

// enter opens the session of an officer who has shown who they are. With pending
// a second factor is still to be given; without, they are in, and entered is
// called.
func (c *Console) enter(w http.ResponseWriter, r *http.Request, q *request, officer registry.Officer, values map[string]string, pending bool, next string, entered func()) {
	if pending {
		values[valuePending] = "totp"
	}
	if _, err := q.sessions.SignIn(w, r, officer.ID, values); err != nil {
		c.fail(w, r, err)
		return
	}
	if pending {
		next = "/console/signin/code?" + url.Values{"next": {next}}.Encode()
	} else {
		entered()
	}
	web.SeeOther(w, r, next)
}

// A browser in which an officer has signed in has attempts of its own for that
// officer: whoever tries passwords elsewhere keeps nobody from approving an
// alert (https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies).
const (
	deviceCookie = "crieur_device"
	deviceLasts  = 365 * 24 * time.Hour
)

// device is the key of the attempts of such a browser, "" for any other.
func (c *Console) device(r *http.Request, officer string) string {
	cookie, err := r.Cookie(deviceCookie)
	if err != nil || officer == "" {
		return ""
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return ""
	}
	id, err := c.box.Open(sealed, "device "+officer)
	if err != nil {
		return ""
	}
	return "device " + string(id)
}

func (c *Console) knowDevice(w http.ResponseWriter, r *http.Request, officer string) {
	http.SetCookie(w, &http.Cookie{
		Name: deviceCookie, Value: base64.RawURLEncoding.EncodeToString(c.box.Seal([]byte(rand.Text()), "device "+officer)),
		Path: "/console/signin", MaxAge: int(deviceLasts.Seconds()), HttpOnly: true, Secure: web.IsSecure(r), SameSite: http.SameSiteStrictMode,
	})
}

// officerOf finds an account by its address.
func (b *Back) officerOf(email string) (registry.Officer, bool) {
	for _, o := range b.Officers.All() {
		if o.Email == email && email != "" {
			return o, true
		}
	}
	return registry.Officer{}, false
}

// verify bounds how many hashes, of 64 MiB each, are computed at once.
func (c *Console) verify(ctx context.Context, hash, password string) (bool, error) {
	select {
	case c.hashing <- struct{}{}:
		defer func() { <-c.hashing }()
		return account.Verify(hash, password)
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

func (c *Console) codePage(w http.ResponseWriter, r *http.Request, q *request) {
	if _, err := q.sessions.Get(r); err != nil {
		web.SeeOther(w, r, "/console/signin")
		return
	}
	c.showCode(w, r, q, http.StatusOK, nil)
}

func (c *Console) showCode(w http.ResponseWriter, r *http.Request, q *request, status int, form *web.Form) {
	c.renderer.Render(w, r, status, "code", web.Page{
		Title: q.t.T("code.title"), Lede: q.t.T("code.lede"), Form: form, Data: struct{ Next string }{r.FormValue("next")},
	})
}

func (c *Console) code(w http.ResponseWriter, r *http.Request, q *request) {
	session, err := q.sessions.Get(r)
	if err != nil {
		web.SeeOther(w, r, "/console/signin")
		return
	}
	if after, ok := c.byEmail.Allow("code " + session.Subject); !ok {
		c.renderer.TooMany(w, r, after)
		return
	}
	err = c.useCode(r.Context(), q, session.Subject, strings.ReplaceAll(r.FormValue("code"), " ", ""))
	if errors.Is(err, errCode) {
		form := web.NewForm(nil)
		form.Reject("code", q.t.T("code.wrong"))
		c.showCode(w, r, q, http.StatusUnprocessableEntity, form)
		return
	}
	if err == nil {
		// Another token for more rights: the half one is worth nothing after it.
		delete(session.Values, valuePending)
		_, err = q.sessions.SignIn(w, r, session.Subject, session.Values)
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	c.knowDevice(w, r, session.Subject)
	web.SeeOther(w, r, web.LocalPath(r.FormValue("next"), "/console"))
}

var errCode = errors.New("console: wrong code")

// useCode checks a code and remembers its step, in one compare-and-set: a code
// seen over a shoulder is worth nothing.
func (c *Console) useCode(ctx context.Context, q *request, officer, code string) error {
	_, _, err := q.Registry.Officers.Modify(ctx, registry.Key{officer}, func(o *registry.Officer) error {
		secret, err := c.box.Open(o.TOTPSealed, o.ID)
		if err != nil {
			return err
		}
		step, ok := account.CheckCode(secret, code, c.cfg.Clock.Now(), o.TOTPLast)
		if !ok {
			return errCode
		}
		o.TOTPLast = step
		return nil
	})
	return err
}

func (c *Console) signOut(w http.ResponseWriter, r *http.Request, q *request) {
	session, err := q.sessions.Get(r)
	if err != nil && !errors.Is(err, web.ErrNoSession) {
		c.fail(w, r, err)
		return
	}
	if err := q.sessions.SignOut(w, r); err != nil {
		c.fail(w, r, err)
		return
	}
	if c.endAtIssuer(w, r, q, session) {
		return
	}
	web.SeeOther(w, r, "/console/signin")
}
