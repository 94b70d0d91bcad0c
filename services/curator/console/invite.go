package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/account"
	"github.com/crieur/crieur/services/web"
)

// maxPerson is how long a person's name may be, in characters.
const maxPerson = 120

func (c *Console) invitePage(w http.ResponseWriter, r *http.Request, d *desktop) {
	c.showInvite(w, r, d, http.StatusOK, nil)
}

func (c *Console) showInvite(w http.ResponseWriter, r *http.Request, d *desktop, status int, form *web.Form) {
	p := d.page(sectionTeam, d.t.T("team.invite"))
	p.Lede, p.Form = d.t.T("team.invite.lede"), form
	p.Breadcrumb = []web.Link{{Label: d.t.T("team.title"), Href: d.teamPath()}}
	p.Data = d.roleChoices(nil, false)
	c.renderer.Render(w, r, status, "invite", p)
}

// invite makes an account without password, or offers a role to the one that an
// address has. Both look the same: the link asks who opens it for a new password
// or for a proof that the account is theirs. So an account that somebody opened
// under another's address gets nothing, and who types an address learns little of
// it.
func (c *Console) invite(w http.ResponseWriter, r *http.Request, d *desktop) {
	form := web.NewForm(r.PostForm)
	o := registry.Officer{ID: "new", Name: form.Get("name"), Email: form.Get("email")}
	o.SetDefaults()
	d.text(form, "name", o.Name, maxPerson, true)
	for _, wrong := range fieldErrors(o.Validate()) {
		if form.Error(wrong.Field) == "" {
			form.Reject(wrong.Field, d.t.T("team.bad."+wrong.Field))
		}
	}
	l := registry.Link{Name: o.Name, Roles: d.readRoles(form, false), Expires: d.now().Add(linkGood)}
	if !form.OK() {
		c.showInvite(w, r, d, http.StatusUnprocessableEntity, form)
		return
	}
	if !c.mayGiveLinks(w, r, d) {
		return
	}
	o, token, err := d.offer(r.Context(), o, l)
	if errors.Is(err, errInTeam) {
		form.Reject("email", d.t.T("team.bad.known"))
		c.showInvite(w, r, d, http.StatusUnprocessableEntity, form)
		return
	}
	if err == nil {
		err = d.record(r.Context(), actionCreate, "officer", o.ID, rolesDetail(l.Roles))
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	c.showLink(w, r, d, o, token)
}

// mayGiveLinks keeps an administrator's session that somebody else holds from
// trying addresses by the thousand.
func (c *Console) mayGiveLinks(w http.ResponseWriter, r *http.Request, d *desktop) bool {
	after, ok := c.trials.Allow("team " + d.officer.ID)
	if !ok {
		c.renderer.TooMany(w, r, after)
	}
	return ok
}

var errInTeam = errors.New("console: the address is in the team")

// maxOffers bounds the contest with others who invite at the same time.
const maxOffers = 8

// offer puts an invitation into the account of an address, made where there is
// none, and returns its token. The error is errInTeam for one that is here.
func (d *desktop) offer(ctx context.Context, o registry.Officer, l registry.Link) (registry.Officer, string, error) {
	for range maxOffers {
		list, err := d.Registry.Officers.List(ctx)
		if err != nil {
			return o, "", err
		}
		taken := map[string]bool{"new": true}
		for _, e := range list {
			taken[e.Value.ID] = true
			if e.Value.Email == o.Email {
				return d.offerTo(ctx, e.Value, l)
			}
		}
		o.ID = free(o.Name, "agent", func(id string) bool { return taken[id] })
		token := o.IssueLink(d.authority.ID, l)
		revision, err := d.Registry.Officers.Create(ctx, o)
		if errors.Is(err, registry.ErrExists) {
			continue
		}
		if err != nil {
			return o, "", err
		}
		// Of two accounts made at once for one address, the first stays.
		if list, err = d.Registry.Officers.List(ctx); err != nil {
			return o, "", err
		}
		second := false
		for _, e := range list {
			second = second || e.Value.Email == o.Email && e.Revision < revision
		}
		if !second {
			return o, token, nil
		}
		if err := d.Registry.Officers.DeleteRevision(ctx, revision, o.Key()...); err != nil {
			return o, "", err
		}
	}
	return o, "", registry.ErrConflict
}

func (d *desktop) offerTo(ctx context.Context, o registry.Officer, l registry.Link) (registry.Officer, string, error) {
	token := ""
	o, _, err := d.Registry.Officers.Modify(ctx, o.Key(), func(o *registry.Officer) error {
		if d.inTeam(*o) {
			return errInTeam
		}
		token = o.IssueLink(d.authority.ID, l)
		return nil
	})
	return o, token, err
}

// giveLink gives out an invitation again, or lets somebody choose another
// password. Until it is used nothing changes; the one before it is worth nothing.
func (c *Console) giveLink(w http.ResponseWriter, r *http.Request, d *desktop, o registry.Officer, revision uint64, form *web.Form) {
	v := d.member(o)
	l := registry.Link{Expires: d.now().Add(linkGood)}
	detail := map[string]string{}
	switch {
	case v.Invited:
		l.Name, l.Roles = v.Name, v.Roles
	case o.ID == d.officer.ID || !d.mayGivePassword(o):
		c.renderer.Error(w, r, http.StatusForbidden)
		return
	case v.Suspended:
		c.renderer.Error(w, r, http.StatusBadRequest)
		return
	case form.Get("factor") != "" && v.Factor:
		l.RemovesSecondFactor, detail["second_factor"] = true, "removed"
	}
	if !c.mayGiveLinks(w, r, d) {
		return
	}
	token := o.IssueLink(d.authority.ID, l)
	_, err := d.Registry.Officers.Update(r.Context(), o, revision)
	if err == nil {
		err = d.record(r.Context(), actionLink, "officer", o.ID, detail)
	}
	if err != nil {
		c.memberFailed(w, r, d, form, err)
		return
	}
	c.showLink(w, r, d, o, token)
}

// cancelInvitation also forgets an account that nothing was made of.
func (c *Console) cancelInvitation(w http.ResponseWriter, r *http.Request, d *desktop, o registry.Officer, revision uint64, form *web.Form) {
	name := d.member(o).Name
	delete(o.Links, d.authority.ID)
	var err error
	if nobodys(o) && len(o.Links) == 0 {
		err = d.Registry.Officers.DeleteRevision(r.Context(), revision, o.Key()...)
	} else {
		_, err = d.Registry.Officers.Update(r.Context(), o, revision)
	}
	if err == nil {
		err = d.record(r.Context(), actionRemove, "officer", o.ID, nil)
	}
	c.memberDone(w, r, d, form, err, d.t.T("told.officer.remove", "name", name), d.teamPath())
}

// showLink shows a link, this once.
func (c *Console) showLink(w http.ResponseWriter, r *http.Request, d *desktop, o registry.Officer, token string) {
	v, l := d.member(o), o.Links[d.authority.ID]
	p := d.page(sectionTeam, d.t.T("team.link.title", "name", v.Name))
	p.Breadcrumb = []web.Link{{Label: d.t.T("team.title"), Href: d.teamPath()}}
	p.Data = struct {
		memberView
		URL, Team string
		Until     time.Time
	}{v, c.cfg.PublicURL + linkPath + o.ID + "/" + token, d.teamPath(), l.Expires}
	c.renderer.Render(w, r, http.StatusOK, "memberlink", p)
}

// linkPath is where links lead, followed by the account and the token.
const linkPath = "/console/signin/link/"

// opened is what a link that is still good leads to.
type opened struct {
	officer   registry.Officer
	revision  uint64
	authority registry.Authority
	link      registry.Link
}

// joins reports whether it is an invitation.
func (l opened) joins() bool { return len(l.link.Roles) > 0 }

// proof is what tells who may use a link from whoever else was given it.
type proof string

// The proofs. An account that is somebody's already is theirs to show, and none of
// the authority's that invites: not even one without password, which an issuer
// opens.
const (
	proofChosen   proof = "chosen"   // none but the link: a password is chosen
	proofPassword proof = "password" // the account's
	proofSignedIn proof = "signedin" // they are
	proofSignIn   proof = "signin"   // they have to
)

// proof is that of a link in the browser of a request.
func (q *request) proof(r *http.Request, l opened) (proof, error) {
	o := l.officer
	switch {
	case !l.joins() || nobodys(o):
		return proofChosen, nil
	case o.PasswordHash != "": // asked even of who is signed in: somebody else may have set it
		return proofPassword, nil
	}
	s, err := q.sessions.Get(r)
	switch {
	case err == nil && s.Subject == o.ID && s.Values[valuePending] == "":
		return proofSignedIn, nil
	case err == nil || errors.Is(err, web.ErrNoSession):
		return proofSignIn, nil
	}
	return "", err
}

// opened finds what a link is good for, or says that it is good for nothing.
func (c *Console) opened(w http.ResponseWriter, r *http.Request, q *request) (opened, bool) {
	var l opened
	var err error
	l.officer, l.revision, err = q.Registry.Officers.Get(r.Context(), r.PathValue("officer"))
	if err != nil && !notFound(err) {
		c.fail(w, r, err)
		return l, false
	}
	for id, link := range l.officer.Links {
		a, known := q.Authorities.Get(id)
		if known && !l.officer.Disabled && link.Opens(r.PathValue("token"), c.cfg.Clock.Now()) {
			l.authority, l.link = a, link
			return l, true
		}
	}
	p := web.Page{Title: q.t.T("link.gone"), Lede: q.t.T("link.gone.text")}
	c.renderer.Render(w, r, http.StatusNotFound, "link", p)
	return l, false
}

// linkPage does not use the link up: mail filters open what they let through.
func (c *Console) linkPage(w http.ResponseWriter, r *http.Request, q *request) {
	if l, ok := c.opened(w, r, q); ok {
		c.showOpened(w, r, q, http.StatusOK, l, nil)
	}
}

func (c *Console) showOpened(w http.ResponseWriter, r *http.Request, q *request, status int, l opened, form *web.Form) {
	by, err := q.proof(r, l)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	d := &desktop{request: q, authority: l.authority}
	p := web.Page{Title: q.t.T("link.password"), Lede: q.t.T("link.password.lede", "name", l.officer.Name, "authority", l.authority.Name), Form: form}
	if l.joins() {
		p.Title, p.Lede = q.t.T("link.join", "authority", l.authority.Name), q.t.T("link.join.lede", "name", l.link.Name)
	}
	v := struct {
		Email, Roles, OpenID string
		Proof                proof
		FactorLeaves         bool
		Min                  int
	}{Email: l.officer.Email, Roles: d.roleNames(l.link.Roles), Proof: by, FactorLeaves: l.link.RemovesSecondFactor, Min: account.MinPassword}
	if l.joins() {
		v.OpenID = c.openIDName()
	}
	p.Data = v
	w.Header().Set("Cache-Control", "no-store")
	c.renderer.Render(w, r, status, "link", p)
}

// useLink uses a link up, and signs in who used it.
func (c *Console) useLink(w http.ResponseWriter, r *http.Request, q *request) {
	if err := r.ParseForm(); err != nil {
		c.renderer.Error(w, r, http.StatusBadRequest)
		return
	}
	if after, ok := c.byClient.Allow(web.ClientKey(r)); !ok {
		c.renderer.TooMany(w, r, after)
		return
	}
	l, ok := c.opened(w, r, q)
	if !ok {
		return
	}
	if after, ok := c.byEmail.Allow(l.officer.Email); !ok {
		c.renderer.TooMany(w, r, after)
		return
	}
	by, err := q.proof(r, l)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	form := web.NewForm(nil)
	o, password := l.officer, r.PostForm.Get("password")
	switch by {
	case proofSignIn:
		web.SeeOther(w, r, "/console/signin?"+url.Values{"next": {r.URL.Path}}.Encode())
		return
	case proofPassword:
		good, err := c.verify(r.Context(), o.PasswordHash, password)
		if err != nil {
			c.fail(w, r, err)
			return
		}
		if !good {
			form.Reject("password", q.t.T("account.current.wrong"))
		}
	case proofChosen:
		if o.PasswordHash, err = account.Hash(password); err != nil {
			form.Reject("password", q.t.T("account.password.hint", "n", account.MinPassword))
		}
	}
	if !form.OK() {
		c.showOpened(w, r, q, http.StatusUnprocessableEntity, l, form)
		return
	}
	delete(o.Links, l.authority.ID)
	o.DropPasswordLinks()
	if l.joins() {
		if o.Roles == nil {
			o.Roles = map[string][]registry.Role{}
		}
		o.Roles[l.authority.ID] = l.link.Roles
	}
	if !l.joins() {
		o.Issuer, o.Subject = "", "" // the identity of an issuer is bound anew
	}
	if l.link.RemovesSecondFactor {
		o.TOTPSealed, o.TOTPLast, o.Passkeys = nil, 0, nil
	}
	_, err = q.Registry.Officers.Update(r.Context(), o, l.revision)
	if errors.Is(err, registry.ErrConflict) {
		web.SeeOther(w, r, r.URL.Path) // used up, taken back, or to be asked otherwise
		return
	}
	if err == nil {
		err = c.recordLink(r, q, l, o)
	}
	if err == nil && by == proofChosen {
		err = q.sessions.Revoke(r.Context(), o.ID)
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	told := q.t.T("told.link.password")
	if l.joins() {
		told = q.t.T("told.link.join")
	}
	c.renderer.Flash(w, r, web.Success, told)
	if by == proofSignedIn {
		web.SeeOther(w, r, "/console/"+l.authority.ID)
		return
	}
	c.enter(w, r, q, o, map[string]string{}, len(o.TOTPSealed) > 0, "/console/"+l.authority.ID, func() {
		c.byEmail.Reset(o.Email)
		c.knowDevice(w, r, o.ID)
	})
}

// recordLink writes in the journals what a link was used for: another password
// in that of each authority it is a key to.
func (c *Console) recordLink(r *http.Request, q *request, l opened, o registry.Officer) error {
	d := &desktop{request: q, officer: o, authority: l.authority}
	if l.joins() {
		return d.record(r.Context(), actionJoin, "officer", o.ID, rolesDetail(l.link.Roles))
	}
	err := c.recordAccount(r, d, "change.password")
	if err == nil && l.link.RemovesSecondFactor {
		err = c.recordAccount(r, d, "remove.second-factor")
	}
	return err
}
