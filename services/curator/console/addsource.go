package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/web"
)

// addView is the page where an address is pasted, and what it gives.
type addView struct {
	Trial  *trialView
	Sealed string
	Fields sourceFields
	Known  *web.Link // a source of the authority that reads this address already
}

func (c *Console) addSourcePage(w http.ResponseWriter, r *http.Request, d *desktop) {
	c.showAddSource(w, r, d, http.StatusOK, nil, addView{})
}

func (c *Console) showAddSource(w http.ResponseWriter, r *http.Request, d *desktop, status int, form *web.Form, v addView) {
	p := d.page(sectionSources, d.t.T("source.add.title"))
	p.Lede, p.Form = d.t.T("source.add.lede"), form
	p.Breadcrumb = []web.Link{{Label: d.t.T("sources.title"), Href: d.sourcesPath()}}
	p.Data = v
	c.renderer.Render(w, r, status, "addsource", p)
}

// addSource tries an address, or adds what a trial found.
func (c *Console) addSource(w http.ResponseWriter, r *http.Request, d *desktop) {
	form := web.NewForm(r.PostForm)
	if form.Get("do") == actionCreate {
		c.createSource(w, r, d, form)
		return
	}
	address := form.Get("address")
	if address == "" {
		form.Reject("address", d.t.T("form.required"))
		c.showAddSource(w, r, d, http.StatusUnprocessableEntity, form, addView{})
		return
	}
	if !c.mayTry(w, r, d) {
		return
	}
	t, name, found, problem := c.ask(r.Context(), d, address, registry.Source{Authority: d.authority.ID})
	if found == nil {
		form.Reject("address", problem)
		c.showAddSource(w, r, d, http.StatusUnprocessableEntity, form, addView{})
		return
	}
	s := registry.Source{Authority: d.authority.ID, Name: name, URL: t.URL, Kind: t.Kind, Every: 0}
	s.SetDefaults()
	values := sourceValues(s)
	values.Set("address", address)
	c.showAddSource(w, r, d, http.StatusOK, web.NewForm(values), addView{
		Trial: found, Sealed: c.sealed(d, t), Fields: d.sourceFields(s), Known: d.reading(t.URL),
	})
}

// reading is a source of the authority that has an address already.
func (d *desktop) reading(address string) *web.Link {
	for _, s := range d.Sources.All(d.authority.ID) {
		if address != "" && s.URL == address {
			return &web.Link{Label: s.Name, Href: d.sourcesPath() + "/" + s.ID}
		}
	}
	return nil
}

// createSource saves what a trial found, under the name the officer confirmed.
func (c *Console) createSource(w http.ResponseWriter, r *http.Request, d *desktop, form *web.Form) {
	t, ok := c.unsealed(d, form.Get("trial"))
	if !ok {
		form.Reject("address", d.t.T("trial.lost"))
		c.showAddSource(w, r, d, http.StatusUnprocessableEntity, form, addView{})
		return
	}
	form.Values.Set("url", t.URL)
	s := registry.Source{Authority: d.authority.ID, Kind: t.Kind, URL: t.URL, Settings: t.Settings}
	s.ID = d.freeSource(form.Get("name"), t.URL)
	s.SetDefaults()
	s = d.readSource(form, s)
	if t.Untaken && len(form.Values["stream"]) == 0 {
		form.Reject("stream", d.t.T("source.untaken"))
	}
	if !form.OK() {
		c.again(w, r, d, form, t)
		return
	}
	_, err := d.Registry.Sources.Create(r.Context(), s)
	if errors.Is(err, registry.ErrExists) { // somebody was faster
		form.Reject("name", d.t.T("source.taken"))
		c.again(w, r, d, form, t)
		return
	}
	if err == nil {
		err = d.record(r.Context(), actionCreate, "source", s.ID, map[string]string{"name": s.Name, "url": s.URL, "kind": s.Kind})
	}
	if err == nil {
		err = d.wire(r.Context(), s, form.Values["stream"])
	}
	if err == nil && slices.Contains(form.Values["stream"], ownStream) {
		err = d.ownStream(r.Context(), s)
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	c.renderer.Flash(w, r, web.Success, d.t.T("told.source.create", "name", s.Name))
	web.SeeOther(w, r, d.sourcesPath()+"/"+s.ID+"?"+paramFirst+"=1")
}

// again shows what is wrong beside what the address gave.
func (c *Console) again(w http.ResponseWriter, r *http.Request, d *desktop, form *web.Form, t trial) {
	s := registry.Source{Authority: d.authority.ID, Kind: t.Kind, URL: t.URL, Settings: t.Settings}
	s.SetDefaults()
	v := addView{
		Sealed: form.Get("trial"), Fields: d.sourceFields(s),
		Trial: &trialView{Kind: d.sourceKind(t.Kind), URL: t.URL, Web: isWeb(t.URL), Streams: d.streamChoices(s, nil), Untaken: t.Untaken, Own: slices.Contains(form.Values["stream"], ownStream)},
	}
	for i, k := range v.Trial.Streams {
		v.Trial.Streams[i].Checked = slices.Contains(form.Values["stream"], k.ID)
	}
	c.showAddSource(w, r, d, http.StatusUnprocessableEntity, form, v)
}

// wire adds a source to the rules of the streams chosen, where rules name
// their sources: the others take it or not by what it says.
func (d *desktop) wire(ctx context.Context, s registry.Source, streams []string) error {
	for _, id := range streams {
		changed := false
		_, _, err := d.Registry.Streams.Modify(ctx, registry.Key{d.authority.ID, id}, func(st *registry.Stream) error {
			named := slices.ContainsFunc(st.Rule.Sources, func(ref string) bool { return d.names(ref, s) })
			if changed = len(st.Rule.Sources) > 0 && !named; changed {
				st.Rule.Sources = append(st.Rule.Sources, s.ID)
			}
			return nil
		})
		if errors.Is(err, registry.ErrNotFound) {
			continue // removed meanwhile
		}
		if err == nil && changed {
			err = d.record(ctx, actionEdit, "stream", id, map[string]string{"source": s.ID})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ownStream, among the streams chosen, asks for one made for the source.
const ownStream = "+"

// ownStream makes a stream that takes a source and nothing else, reviewed, on
// the channels that people come to or asked for: nothing is posted or put on a
// sign before an officer says so in the stream's form.
func (d *desktop) ownStream(ctx context.Context, s registry.Source) error {
	st := registry.Stream{Authority: d.authority.ID, Name: s.Name, Policy: registry.Review, Public: true, Rule: registry.Rule{Sources: []string{s.ID}}, Topics: s.Topics}
	st.ID = free(s.Name, s.ID, func(id string) bool {
		_, has := d.Streams.Get(d.authority.ID, id)
		return has || id == "new"
	})
	for _, ch := range d.Channels.All(d.authority.ID) {
		if ch.Kind == kindFeed || ch.Kind == kindPush || contactOf(ch.Kind) != "" {
			st.Channels = append(st.Channels, ch.ID)
		}
	}
	_, err := d.Registry.Streams.Create(ctx, st)
	if err != nil {
		return err
	}
	return d.record(ctx, actionCreate, "stream", st.ID, streamDetail(registry.Stream{}, st))
}

// freeSource makes an identifier of a source's name, else of its site.
func (d *desktop) freeSource(name, address string) string {
	host := "source"
	if u, err := url.Parse(address); err == nil && slug(u.Hostname()) != "" {
		host = slug(u.Hostname())
	}
	return free(name, host, func(id string) bool {
		_, has := d.Sources.Get(d.authority.ID, id)
		_, had := d.Health.Get(d.authority.ID, id) // one removed: what is known of it is not the new one's
		return has || had || id == sourceConsole || id == "new"
	})
}
