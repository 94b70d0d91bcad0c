package console

import (
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/account"
	"github.com/crieur/crieur/services/curator/journal"
	"github.com/crieur/crieur/services/web"
)

// accountView is an officer's own page.
type accountView struct {
	HasTOTP bool
	Secret  string // to type into an authenticator, while one is set up
	URI     template.URL
	Sealed  string // the same, sealed, to come back with the code
	Min     int
}

func (c *Console) accountPage(w http.ResponseWriter, r *http.Request, d *desktop) {
	c.showAccount(w, r, d, http.StatusOK, nil)
}

func (c *Console) showAccount(w http.ResponseWriter, r *http.Request, d *desktop, status int, form *web.Form) {
	p := d.page("account", d.t.T("account.title"))
	p.Wide, p.Form = false, form
	v := accountView{HasTOTP: len(d.officer.TOTPSealed) > 0, Min: account.MinPassword}
	if !v.HasTOTP {
		sealed, err := base64.RawURLEncoding.DecodeString(form.Get("sealed"))
		secret, openErr := c.box.Open(sealed, d.officer.ID)
		if err != nil || openErr != nil {
			secret = account.NewSecret()
			sealed = c.box.Seal(secret, d.officer.ID)
		}
		v.Secret = groups(account.Text(secret))
		v.URI = template.URL(account.URI(secret, c.cfg.Site.Name, d.officer.Email)) //nolint:gosec // otpauth:, made by us
		v.Sealed = base64.RawURLEncoding.EncodeToString(sealed)
	}
	p.Data = v
	c.renderer.Render(w, r, status, "account", p)
}

// groups writes a secret by four letters, as it is read aloud.
func groups(secret string) string {
	var b strings.Builder
	for i, r := range secret {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// account changes the officer's own password or second factor.
func (c *Console) account(w http.ResponseWriter, r *http.Request, d *desktop) {
	if err := r.ParseForm(); err != nil {
		c.renderer.Error(w, r, http.StatusBadRequest)
		return
	}
	if after, ok := c.byEmail.Allow("account " + d.officer.ID); !ok {
		c.renderer.TooMany(w, r, after)
		return
	}
	form := web.NewForm(url.Values{"sealed": r.PostForm["sealed"]})
	var action string
	var err error
	switch r.PostForm.Get("do") {
	case "password":
		action, err = "change.password", c.changePassword(w, r, d, form)
	case "totp":
		action, err = "set.second-factor", c.setTOTP(r, d, form)
	case "totp-off":
		action, err = "remove.second-factor", c.removeTOTP(r, d, form)
	default:
		c.renderer.Error(w, r, http.StatusBadRequest)
		return
	}
	if err == nil && form.OK() {
		err = c.recordAccount(r, d, action)
	}
	switch {
	case err != nil:
		c.fail(w, r, err)
	case !form.OK():
		c.showAccount(w, r, d, http.StatusUnprocessableEntity, form)
	default:
		c.renderer.Flash(w, r, web.Success, d.t.T("account.done"))
		web.SeeOther(w, r, "/console/account")
	}
}

// recordAccount writes the change in the journal of each authority concerned.
func (c *Console) recordAccount(r *http.Request, d *desktop, action string) error {
	var errs []error
	for _, a := range d.authorities() {
		_, err := d.Journal.Append(r.Context(), journal.Fact{
			Authority: a.ID, Actor: d.officer.ID, Action: action, Object: "officer/" + d.officer.ID, At: d.now(),
		})
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// changePassword also ends every session of the officer but this one.
func (c *Console) changePassword(w http.ResponseWriter, r *http.Request, d *desktop, form *web.Form) error {
	ok, err := c.verify(r.Context(), d.officer.PasswordHash, r.PostForm.Get("current"))
	if err != nil {
		return err
	}
	if !ok {
		form.Reject("current", d.t.T("account.current.wrong"))
		return nil
	}
	hash, err := account.Hash(r.PostForm.Get("password"))
	if err != nil {
		form.Reject("password", d.t.T("account.password.hint", "n", account.MinPassword))
		return nil
	}
	_, _, err = d.Registry.Officers.Modify(r.Context(), d.officer.Key(), func(o *registry.Officer) error {
		o.PasswordHash = hash
		o.DropPasswordLinks()
		return nil
	})
	if err != nil {
		return err
	}
	if err := d.sessions.Revoke(r.Context(), d.officer.ID); err != nil {
		return err
	}
	_, err = d.sessions.SignIn(w, r, d.officer.ID, nil)
	return err
}

// setTOTP never takes the place of a factor that is set: taking that one off
// asks for the password, which a session left open does not give.
func (c *Console) setTOTP(r *http.Request, d *desktop, form *web.Form) error {
	sealed, err := base64.RawURLEncoding.DecodeString(form.Get("sealed"))
	if err != nil {
		form.Reject("code", d.t.T("code.wrong"))
		return nil
	}
	secret, err := c.box.Open(sealed, d.officer.ID)
	if err != nil {
		form.Reject("code", d.t.T("code.wrong"))
		return nil
	}
	step, ok := account.CheckCode(secret, strings.ReplaceAll(r.PostForm.Get("code"), " ", ""), c.cfg.Clock.Now(), 0)
	if !ok {
		form.Reject("code", d.t.T("code.wrong"))
		return nil
	}
	_, _, err = d.Registry.Officers.Modify(r.Context(), d.officer.Key(), func(o *registry.Officer) error {
		if len(o.TOTPSealed) > 0 {
			form.Reject("code", d.t.T("code.wrong"))
			return nil
		}
		o.TOTPSealed, o.TOTPLast = sealed, step
		return nil
	})
	return err
}

func (c *Console) removeTOTP(r *http.Request, d *desktop, form *web.Form) error {
	ok, err := c.verify(r.Context(), d.officer.PasswordHash, r.PostForm.Get("confirm"))
	if err != nil {
		return err
	}
	if !ok {
		form.Reject("confirm", d.t.T("account.current.wrong"))
		return nil
	}
	_, _, err = d.Registry.Officers.Modify(r.Context(), d.officer.Key(), func(o *registry.Officer) error {
		o.TOTPSealed, o.TOTPLast = nil, 0
		return nil
	})
	return err
}
