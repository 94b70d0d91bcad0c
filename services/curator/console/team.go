package console

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/web"
)

// linkGood is how long a link that an administrator gives out is good.
const linkGood = 3 * 24 * time.Hour

// The actions on accounts, as buttons send and the audit has them, besides those
// on sources and streams.
const (
	actionLink = "link"
	actionJoin = "join"
)

// An account belongs to nobody's authority: one person may work for two. What
// an administrator sees and changes is what it is here. A suspension and a link
// are an authority's too, and another password is given only by who administers
// all that the account is for: it opens all of it.

// mayGovern is for the accounts of the authority's officers.
func (d *desktop) mayGovern() bool { return d.may(registry.Administrator) }

func (d *desktop) teamPath() string { return "/console/" + d.authority.ID + "/team" }

// inTeam reports whether an account has, or is offered, a role here.
func (d *desktop) inTeam(o registry.Officer) bool {
	return len(o.Roles[d.authority.ID]) > 0 || len(o.Links[d.authority.ID].Roles) > 0
}

// memberView is an account as this authority knows it.
type memberView struct {
	ID, Href, Name, Email string
	Badge                 web.Badge
	Words                 string // what its badge does not say
	Roles                 []registry.Role
	Invited, Suspended    bool
	Factor                bool
	rank                  int
}

func (d *desktop) member(o registry.Officer) memberView {
	l, linked := o.Links[d.authority.ID]
	late := linked && !d.now().Before(l.Expires)
	v := memberView{ID: o.ID, Href: d.teamPath() + "/" + o.ID, Email: o.Email, Name: o.Name, Roles: o.Roles[d.authority.ID], Factor: o.SecondFactor(), Badge: "active"}
	switch {
	case len(v.Roles) == 0:
		// The name and the second factor of an account that there was already are
		// not for who types its address.
		v.Invited, v.Name, v.Roles, v.Factor, v.rank = true, l.Name, l.Roles, false, 1
		v.Badge, v.Words = "invited", d.t.T("team.until", "when", l.Expires)
		if late {
			v.Badge, v.Words = "invitation_expired", d.t.T("team.expired", "when", l.Expires)
		}
	case o.Disabled:
		v.Badge, v.Suspended, v.Words, v.rank = "suspended", true, d.t.T("team.closed"), 2
	case slices.Contains(o.Suspended, d.authority.ID):
		v.Badge, v.Suspended, v.Words, v.rank = "suspended", true, d.t.T("team.suspended"), 2
	case linked && !late:
		v.Words = d.t.T("team.link.until", "when", l.Expires)
	case o.PasswordHash == "":
		v.Words = d.t.T("team.nopassword")
	}
	return v
}

// nobodys reports whether nothing was made of an account yet but invitations.
func nobodys(o registry.Officer) bool {
	return o.PasswordHash == "" && o.Issuer == "" && len(o.Roles) == 0
}

// roleNames are roles in words.
func (d *desktop) roleNames(roles []registry.Role) string {
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = d.t.T("role." + string(role))
	}
	return strings.Join(names, ", ")
}

func (c *Console) team(w http.ResponseWriter, r *http.Request, d *desktop) {
	p := d.page(sectionTeam, d.t.T("team.title"))
	p.Lede = d.t.T("team.lede")
	var list []memberView
	for _, o := range d.Officers.All() {
		if d.inTeam(o) {
			list = append(list, d.member(o))
		}
	}
	slices.SortFunc(list, func(a, b memberView) int {
		if a.rank != b.rank {
			return a.rank - b.rank
		}
		return byName(a.Name, b.Name)
	})
	table := web.Table{
		Caption: d.t.T("team.title"), CaptionHidden: true,
		Columns: []web.Column{{Label: d.t.T("team.name")}, {Label: d.t.T("team.email")}, {Label: d.t.T("team.roles")}, {Label: d.t.T("account.totp")}, {Label: d.t.T("team.state")}},
	}
	for _, v := range list {
		factor := d.t.T("team.factor.off")
		switch {
		case v.Invited:
			factor = "–"
		case v.Factor:
			factor = d.t.T("team.factor.on")
		}
		table.Rows = append(table.Rows, []any{web.Link{Label: v.Name, Href: v.Href}, v.Email, d.roleNames(v.Roles), factor, v.Badge})
	}
	p.Data = struct {
		Add   string
		Table web.Table
	}{d.teamPath() + "/new", table}
	c.renderer.Render(w, r, http.StatusOK, "team", p)
}

// memberPage is one account and what may be done with it.
type memberPage struct {
	memberView
	Choices  []web.Choice // of roles
	Self     bool
	Closed   bool // by the configuration
	Shared   bool // it is for others too: no other password from here
	Revision uint64
}

func (c *Console) memberPage(w http.ResponseWriter, r *http.Request, d *desktop) {
	if o, revision, ok := c.findMember(w, r, d); ok {
		c.showMember(w, r, d, http.StatusOK, o, revision, nil)
	}
}

func (c *Console) findMember(w http.ResponseWriter, r *http.Request, d *desktop) (registry.Officer, uint64, bool) {
	o, revision, err := d.Registry.Officers.Get(r.Context(), r.PathValue("officer"))
	switch {
	case notFound(err) || err == nil && !d.inTeam(o):
		c.renderer.Error(w, r, http.StatusNotFound)
		return o, 0, false
	case err != nil:
		c.fail(w, r, err)
		return o, 0, false
	}
	return o, revision, true
}

func (c *Console) showMember(w http.ResponseWriter, r *http.Request, d *desktop, status int, o registry.Officer, revision uint64, form *web.Form) {
	v := memberPage{memberView: d.member(o), Self: o.ID == d.officer.ID, Closed: o.Disabled, Shared: !d.mayGivePassword(o), Revision: revision}
	v.Choices = d.roleChoices(v.Roles, v.Self)
	p := d.page(sectionTeam, v.Name)
	p.Breadcrumb = []web.Link{{Label: d.t.T("team.title"), Href: d.teamPath()}}
	p.Form, p.Data = form, v
	c.renderer.Render(w, r, status, "member", p)
}

// roleChoices leaves one's own administration out: nobody takes it from
// themselves.
func (d *desktop) roleChoices(have []registry.Role, self bool) []web.Choice {
	var list []web.Choice
	for _, role := range registry.Roles() {
		if self && role == registry.Administrator {
			continue
		}
		key := "role." + string(role)
		list = append(list, web.Choice{Value: string(role), Label: web.Capital(d.t.T(key)), Hint: d.t.T(key + ".hint"), Checked: slices.Contains(have, role)})
	}
	return list
}

// readRoles are those of a form, at least one.
func (d *desktop) readRoles(form *web.Form, self bool) []registry.Role {
	var list []registry.Role
	for _, role := range registry.Roles() {
		if slices.Contains(form.Values["roles"], string(role)) || self && role == registry.Administrator {
			list = append(list, role)
		}
	}
	if len(list) == 0 {
		form.Reject("roles", d.t.T("team.bad.roles"))
	}
	return list
}

// mayGivePassword reports whether an account is only for authorities that the
// officer administers.
func (d *desktop) mayGivePassword(o registry.Officer) bool {
	for authority, roles := range o.Roles {
		if len(roles) > 0 && !d.officer.Has(authority, registry.Administrator) {
			return false
		}
	}
	return true
}

// memberAct is every write on an account.
func (c *Console) memberAct(w http.ResponseWriter, r *http.Request, d *desktop) {
	o, revision, ok := c.findMember(w, r, d)
	if !ok {
		return
	}
	form, here := web.NewForm(r.PostForm), d.authority.ID
	do := form.Get("do")
	v, self, governs := d.member(o), o.ID == d.officer.ID, o.Has(here, registry.Administrator)
	switch {
	case form.Get("revision") != strconv.FormatUint(revision, 10):
		c.memberChanged(w, r, d, form)
		return
	case do == actionLink:
		c.giveLink(w, r, d, o, revision, form)
		return
	case do == actionRemove && v.Invited:
		c.cancelInvitation(w, r, d, o, revision, form)
		return
	case do == doSave:
		roles := d.readRoles(form, self)
		if !form.OK() {
			c.showMember(w, r, d, http.StatusUnprocessableEntity, o, revision, form)
			return
		}
		if l := o.Links[here]; v.Invited {
			l.Roles = roles
			o.Links[here] = l
		} else {
			o.Roles[here] = roles
		}
	case do == actionPause && self:
		c.renderer.Error(w, r, http.StatusForbidden)
		return
	case do == actionPause && !v.Invited && !v.Suspended:
		o.Suspended = append(o.Suspended, here)
		delete(o.Links, here)
	case do == actionResume && v.Suspended:
		o.Suspended = slices.DeleteFunc(o.Suspended, func(a string) bool { return a == here })
	default:
		c.renderer.Error(w, r, http.StatusBadRequest)
		return
	}
	err := d.writeMember(r.Context(), o, revision, governs)
	if err == nil && do == actionPause {
		err = d.sessions.Revoke(r.Context(), o.ID)
	}
	detail := map[string]string{}
	if do == doSave {
		do, detail = actionEdit, rolesDetail(d.member(o).Roles)
	}
	if err == nil {
		err = d.record(r.Context(), do, "officer", o.ID, detail)
	}
	c.memberDone(w, r, d, form, err, d.t.T("told.officer."+do, "name", v.Name), v.Href)
}

// memberDone answers a write.
func (c *Console) memberDone(w http.ResponseWriter, r *http.Request, d *desktop, form *web.Form, err error, told, next string) {
	if err != nil {
		c.memberFailed(w, r, d, form, err)
		return
	}
	c.renderer.Flash(w, r, web.Success, told)
	web.SeeOther(w, r, next)
}

// memberFailed tells why a write was not done.
func (c *Console) memberFailed(w http.ResponseWriter, r *http.Request, d *desktop, form *web.Form, err error) {
	if errors.Is(err, registry.ErrConflict) {
		c.memberChanged(w, r, d, form)
		return
	}
	c.fail(w, r, err)
}

// memberChanged shows the account as it is now.
func (c *Console) memberChanged(w http.ResponseWriter, r *http.Request, d *desktop, form *web.Form) {
	o, revision, ok := c.findMember(w, r, d)
	if !ok {
		return
	}
	if form.Get("do") != doSave {
		form = web.NewForm(nil)
	}
	form.Reject("roles", d.t.T("form.conflict"))
	c.showMember(w, r, d, http.StatusConflict, o, revision, form)
}

// writeMember writes an account that was read at a revision, where it governed or
// not. Nobody takes administration from themselves, so that who takes it from
// another leaves one administrator, as long as two do not do it to each other at
// once: each writes their own account first, as it is, and what the other made of
// it, read before, then conflicts.
func (d *desktop) writeMember(ctx context.Context, o registry.Officer, revision uint64, governed bool) error {
	if governed && !o.Has(d.authority.ID, registry.Administrator) {
		me, mine, err := d.Registry.Officers.Get(ctx, d.officer.ID)
		if err != nil {
			return err
		}
		if !me.Has(d.authority.ID, registry.Administrator) {
			return registry.ErrConflict
		}
		if _, err := d.Registry.Officers.Update(ctx, me, mine); err != nil {
			return err
		}
	}
	_, err := d.Registry.Officers.Update(ctx, o, revision)
	return err
}

// rolesDetail is what the audit says of roles.
func rolesDetail(roles []registry.Role) map[string]string {
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = string(role)
	}
	return map[string]string{"roles": strings.Join(names, " ")}
}
