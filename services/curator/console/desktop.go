package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/item"
	"github.com/crieur/crieur/services/web"
)

// desktop is one officer at work for one authority.
type desktop struct {
	*request
	officer   registry.Officer
	session   web.Session
	authority registry.Authority
}

// may reports whether the officer has one of the roles here.
func (d *desktop) may(roles ...registry.Role) bool { return d.officer.Has(d.authority.ID, roles...) }

// mayWrite is for texts and entries.
func (d *desktop) mayWrite() bool {
	return d.may(registry.Contributor, registry.OfficerRole, registry.Approver)
}

// mayPublish is for publications that are not alerts, and withdrawing any.
func (d *desktop) mayPublish() bool { return d.may(registry.OfficerRole, registry.Approver) }

// mayApprove is for an item.
func (d *desktop) mayApprove(it item.Item) bool {
	if alert(it) && !it.Cancelled {
		return d.may(registry.Approver)
	}
	return d.mayPublish()
}

func (d *desktop) now() time.Time { return d.clock.Now().UTC() }

// signedIn finds the officer of a session, or sends to the sign-in page.
func (c *Console) signedIn(w http.ResponseWriter, r *http.Request, q *request) (*desktop, bool) {
	session, err := q.sessions.Get(r)
	if err == nil {
		// From the registry itself: what a role lets do, or no longer, counts from
		// the next request.
		o, _, found := q.Registry.Officers.Get(r.Context(), session.Subject)
		switch {
		case found != nil && !notFound(found):
			c.fail(w, r, found)
			return nil, false
		case found != nil || o.Disabled:
			err = web.ErrNoSession
		case session.Values[valuePending] != "":
			web.SeeOther(w, r, "/console/signin/code")
			return nil, false
		default:
			return &desktop{request: q, officer: o, session: session}, true
		}
	}
	if !errors.Is(err, web.ErrNoSession) {
		c.fail(w, r, err)
		return nil, false
	}
	if r.Header.Get("HX-Request") == "true" {
		// To lead elsewhere would lose what is typed in the page.
		c.part(w, r, "signin#ended", nil)
		return nil, false
	}
	next := "/console/signin"
	if r.Method == http.MethodGet && r.URL.Path != "/console" {
		next += "?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
	}
	web.SeeOther(w, r, next)
	return nil, false
}

// personal is for pages that belong to no authority.
func (c *Console) personal(h func(http.ResponseWriter, *http.Request, *desktop)) func(http.ResponseWriter, *http.Request, *request) {
	return func(w http.ResponseWriter, r *http.Request, q *request) {
		d, ok := c.signedIn(w, r, q)
		if !ok {
			return
		}
		if ids := d.authorities(); len(ids) > 0 {
			d.authority = ids[0]
		}
		h(w, r, d)
	}
}

// within is for the pages of an authority. One that the officer has no role
// for does not exist.
func (c *Console) within(h func(http.ResponseWriter, *http.Request, *desktop)) func(http.ResponseWriter, *http.Request, *request) {
	return func(w http.ResponseWriter, r *http.Request, q *request) {
		d, ok := c.signedIn(w, r, q)
		if !ok {
			return
		}
		a, known := q.Authorities.Get(r.PathValue("authority"))
		d.authority = a
		if !known || !d.may(registry.Roles()...) {
			c.renderer.Error(w, r, http.StatusNotFound)
			return
		}
		h(w, r, d)
	}
}

// authorities are those the officer has a role for, by name.
func (d *desktop) authorities() []registry.Authority {
	var list []registry.Authority
	for id := range d.officer.Roles {
		if a, ok := d.Authorities.Get(id); ok && d.officer.Has(id, registry.Roles()...) {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b registry.Authority) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return list
}

func (c *Console) home(w http.ResponseWriter, r *http.Request, q *request) {
	d, ok := c.signedIn(w, r, q)
	if !ok {
		return
	}
	list := d.authorities()
	if len(list) == 0 {
		c.renderer.Error(w, r, http.StatusForbidden)
		return
	}
	web.SeeOther(w, r, "/console/"+list[0].ID)
}

// The sections of the navigation.
const (
	sectionQueue   = ""
	sectionAlert   = "alert"
	sectionNew     = "new"
	sectionSources = "sources"
	sectionStreams = "streams"
	sectionCounter = "counter"
	sectionTeam    = "team"
	sectionAlarms  = "alarms"
	sectionJournal = "journal"
)

// page is the chrome of a page of a section.
func (d *desktop) page(section, title string) web.Page {
	base := "/console/" + d.authority.ID
	p := web.Page{
		Title: title, Wide: true,
		Authority: web.Authority{
			ID: d.authority.ID, Name: d.authority.Name, Kind: d.kind(d.authority.Kind),
			LogoURL: "", HomeURL: base, Color: d.authority.Theme.Colour,
		},
		User: &web.User{Name: d.officer.Name, Role: d.roleNames(d.officer.Roles[d.authority.ID]), Account: "/console/account", SignOut: "/console/signout"},
	}
	if all := d.authorities(); len(all) > 1 {
		for _, a := range all {
			p.Authorities = append(p.Authorities, web.Link{Label: a.Name, Href: "/console/" + a.ID, Current: a.ID == d.authority.ID})
		}
	}
	link := func(id, key, icon string, count int) web.Link {
		href := base
		if id != "" {
			href += "/" + id
		}
		return web.Link{Label: d.t.T(key), Href: href, Icon: icon, Count: count, Current: id == section}
	}
	p.Nav = []web.Link{link(sectionQueue, "nav.queue", "inbox", d.count(tabTodo))}
	if d.mayWrite() {
		p.Nav = append(p.Nav, link(sectionAlert, "nav.alert", "megaphone", 0), link(sectionNew, "nav.new", "plus", 0))
	}
	p.Nav = append(p.Nav,
		link(sectionSources, "nav.sources", "rss", 0),
		link(sectionStreams, "nav.streams", "filter", 0))
	if d.mayEnrol() {
		p.Nav = append(p.Nav, link(sectionCounter, "nav.counter", "users", 0))
	}
	p.Nav = append(p.Nav,
		link(sectionAlarms, "nav.alarms", "alert", len(d.alarms())),
		link(sectionJournal, "nav.journal", "shield", 0),
		web.Link{Label: d.t.T("nav.measure"), Href: "/impact/" + d.authority.ID, Icon: "chart"})
	if d.mayGovern() {
		p.User.Links = []web.Link{link(sectionTeam, "nav.team", "", 0)} // beside the account: it is not of every day
	}
	return p
}

func (d *desktop) kind(k registry.AuthorityKind) string {
	switch k {
	case registry.Municipality, registry.Intercommunity, registry.Department, registry.Region,
		registry.MixedSyndicate, registry.StateService, registry.PublicOperator:
		return d.t.T("kind." + string(k))
	}
	return ""
}

// name is an officer's, or what else acts, in words.
func (d *desktop) name(actor string) string {
	if o, ok := d.Officers.Get(actor); ok {
		return o.Name
	}
	kind, id, both := cut(actor)
	switch {
	case both && kind == "rule":
		return d.t.T("actor.rule", "stream", d.streamName(id))
	case both && kind == "source":
		return d.t.T("actor.source", "source", d.sourceName(d.authority.ID, id))
	case actor == "system":
		return d.t.T("actor.system")
	}
	return actor
}

func (d *desktop) streamName(id string) string {
	if s, ok := d.Streams.Get(d.authority.ID, id); ok {
		return s.Name
	}
	return id
}
