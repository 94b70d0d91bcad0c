package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/web"
)

// sourcePage is one source: how it fares, what it was refused, and its form.
type sourcePage struct {
	Source   sourceView
	URL      string
	Web      bool // URL may be followed from a browser
	Fields   sourceFields
	Settings string // as JSON, read only
	Revision uint64
	Streams  []web.Link // that name it in their rule
	Refused  []refusedView
	May      bool
	Paused   bool
	Trial    *trialView
	Problem  string // why there is no trial
	First    *firstView
}

func (c *Console) sourcePage(w http.ResponseWriter, r *http.Request, d *desktop) {
	s, revision, ok := c.findSource(w, r, d)
	if !ok {
		return
	}
	var v sourcePage
	if n := looks(r); n > 0 {
		v.First = d.first(s, n)
	}
	c.showSource(w, r, d, http.StatusOK, s, revision, nil, v)
}

func (c *Console) findSource(w http.ResponseWriter, r *http.Request, d *desktop) (registry.Source, uint64, bool) {
	id := r.PathValue("source")
	s, revision, err := d.Registry.Sources.Get(r.Context(), d.authority.ID, id)
	switch {
	case notFound(err) || id == sourceConsole:
		c.renderer.Error(w, r, http.StatusNotFound)
		return s, 0, false
	case err != nil:
		c.fail(w, r, err)
		return s, 0, false
	}
	return s, revision, true
}

// showSource draws a source. form is what was typed, when it comes back.
func (c *Console) showSource(w http.ResponseWriter, r *http.Request, d *desktop, status int, s registry.Source, revision uint64, form *web.Form, v sourcePage) {
	p := d.page(sectionSources, s.Name)
	p.Breadcrumb = []web.Link{{Label: d.t.T("sources.title"), Href: d.sourcesPath()}}
	p.Bare = true
	if form == nil {
		form = web.NewForm(sourceValues(s))
	}
	p.Form = form
	var err error
	if v.Refused, err = d.allRefused(r.Context(), s); err != nil {
		c.cfg.Logger.WarnContext(r.Context(), "refused inputs", "authority", s.Authority, "source", s.ID, "err", err)
	}
	v.Source, v.URL, v.Web, v.Fields = d.source(s), s.URL, isWeb(s.URL), d.sourceFields(s)
	v.Settings, v.Revision, v.Paused = indented(s.Settings), revision, s.Paused
	v.May = d.maySetUp() && (s.Trust != registry.TrustState || d.mayTrustState())
	for _, st := range d.naming(s) {
		v.Streams = append(v.Streams, web.Link{Label: st.Name, Href: d.streamsPath() + "/" + st.ID})
	}
	p.Data = v
	c.renderer.Render(w, r, status, "source", p)
}

// indented writes settings as they are read best. The registry holds no secret
// in clear.
func indented(settings json.RawMessage) string {
	var b bytes.Buffer
	if len(settings) == 0 || string(settings) == "null" || json.Indent(&b, settings, "", "  ") != nil {
		return ""
	}
	return b.String()
}

// naming are the streams of the authority whose rule names a source.
func (d *desktop) naming(s registry.Source) []registry.Stream {
	var list []registry.Stream
	for _, st := range d.Streams.All(d.authority.ID) {
		if slices.ContainsFunc(st.Rule.Sources, func(ref string) bool { return d.names(ref, s) }) {
			list = append(list, st)
		}
	}
	return list
}

func (d *desktop) names(ref string, s registry.Source) bool {
	if a, id, both := cutRef(ref); both {
		return a == s.Authority && id == s.ID
	}
	return ref == s.ID && s.Authority == d.authority.ID
}

// sourceAct is every write on a source.
func (c *Console) sourceAct(w http.ResponseWriter, r *http.Request, d *desktop) {
	s, current, ok := c.findSource(w, r, d)
	if !ok {
		return
	}
	if s.Trust == registry.TrustState && !d.mayTrustState() {
		// Its address decides whose alerts leave without two officers.
		c.renderer.Error(w, r, http.StatusForbidden)
		return
	}
	form := web.NewForm(r.PostForm)
	do := form.Get("do")
	if do == doTry {
		c.retrySource(w, r, d, s, current, form)
		return
	}
	if form.Get("revision") != strconv.FormatUint(current, 10) {
		c.sourceChanged(w, r, d, form)
		return
	}
	next, action := s, ""
	switch do {
	case doSave:
		next, action = d.readSource(form, s), actionEdit
		if !form.OK() {
			c.showSource(w, r, d, http.StatusUnprocessableEntity, s, current, form, sourcePage{})
			return
		}
	case actionPause:
		next.Paused, action = true, actionPause
	case actionResume:
		next.Paused, action = false, actionResume
	case actionRemove:
		c.removeSource(w, r, d, s, current, form)
		return
	default:
		c.renderer.Error(w, r, http.StatusBadRequest)
		return
	}
	_, err := d.Registry.Sources.Update(r.Context(), next, current)
	if err == nil {
		err = d.record(r.Context(), action, "source", s.ID, sourceDetail(s, next))
	}
	switch {
	case errors.Is(err, registry.ErrConflict):
		c.sourceChanged(w, r, d, form)
	case err != nil:
		c.fail(w, r, err)
	default:
		c.renderer.Flash(w, r, web.Success, d.t.T("told.source."+action))
		web.SeeOther(w, r, d.sourcesPath()+"/"+s.ID)
	}
}

// sourceChanged shows the source as it is now with what was typed.
func (c *Console) sourceChanged(w http.ResponseWriter, r *http.Request, d *desktop, form *web.Form) {
	fresh, revision, ok := c.findSource(w, r, d)
	if !ok {
		return
	}
	form.Reject("name", d.t.T("form.conflict"))
	for field, values := range sourceValues(fresh) {
		if !form.Values.Has(field) && form.Get("do") != doSave {
			form.Values[field] = values
		}
	}
	c.showSource(w, r, d, http.StatusConflict, fresh, revision, form, sourcePage{})
}

// removeSource forgets a source that no rule names any more. What it gave
// stays where it is.
func (c *Console) removeSource(w http.ResponseWriter, r *http.Request, d *desktop, s registry.Source, revision uint64, form *web.Form) {
	if named := d.naming(s); len(named) > 0 {
		for field, values := range sourceValues(s) {
			form.Values[field] = values
		}
		form.Reject("remove", d.t.T("source.remove.named", "stream", named[0].Name))
		c.showSource(w, r, d, http.StatusUnprocessableEntity, s, revision, form, sourcePage{})
		return
	}
	err := d.Registry.Sources.DeleteRevision(r.Context(), revision, s.Key()...)
	if err == nil {
		err = d.record(r.Context(), actionRemove, "source", s.ID, map[string]string{"name": s.Name})
	}
	switch {
	case errors.Is(err, registry.ErrConflict):
		c.sourceChanged(w, r, d, form)
	case err != nil:
		c.fail(w, r, err)
	default:
		c.renderer.Flash(w, r, web.Success, d.t.T("told.source.remove", "name", s.Name))
		web.SeeOther(w, r, d.sourcesPath())
	}
}

// sourceDetail is what changed that matters to who reads the journal.
func sourceDetail(was, now registry.Source) map[string]string {
	detail := map[string]string{}
	for _, f := range []struct{ key, was, now string }{
		{"name", was.Name, now.Name},
		{"url", was.URL, now.URL},
		{"trust", string(was.Trust), string(now.Trust)},
		{"class", string(was.ClassDefault), string(now.ClassDefault)},
		{"every", was.Every.String(), now.Every.String()},
	} {
		if f.was != f.now {
			detail[f.key] = f.now
		}
	}
	return detail
}
