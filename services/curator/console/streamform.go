package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/item"
	"github.com/crieur/crieur/services/curator/rule"
	"github.com/crieur/crieur/services/web"
)

// streamPage is the form of a stream.
type streamPage struct {
	New                                               bool
	Stream                                            streamView
	Sources, Topics, Classes, Severities, Authorities []web.Choice
	Policies, Channels                                []web.Choice
	Revision                                          uint64
	May, Paused                                       bool
}

func (c *Console) newStreamPage(w http.ResponseWriter, r *http.Request, d *desktop) {
	c.showStream(w, r, d, http.StatusOK, registry.Stream{Authority: d.authority.ID, Policy: registry.Review}, 0, nil)
}

func (c *Console) streamPage(w http.ResponseWriter, r *http.Request, d *desktop) {
	s, revision, ok := c.findStream(w, r, d)
	if !ok {
		return
	}
	c.showStream(w, r, d, http.StatusOK, s, revision, nil)
}

func (c *Console) findStream(w http.ResponseWriter, r *http.Request, d *desktop) (registry.Stream, uint64, bool) {
	s, revision, err := d.Registry.Streams.Get(r.Context(), d.authority.ID, r.PathValue("stream"))
	switch {
	case notFound(err):
		c.renderer.Error(w, r, http.StatusNotFound)
		return s, 0, false
	case err != nil:
		c.fail(w, r, err)
		return s, 0, false
	}
	return s, revision, true
}

// showStream draws a stream's form; revision 0 is one that does not exist yet.
func (c *Console) showStream(w http.ResponseWriter, r *http.Request, d *desktop, status int, s registry.Stream, revision uint64, form *web.Form) {
	title := s.Name
	if revision == 0 {
		title = d.t.T("stream.add.title")
	}
	p := d.page(sectionStreams, title)
	p.Breadcrumb = []web.Link{{Label: d.t.T("streams.title"), Href: d.streamsPath()}}
	if revision == 0 {
		p.Lede = d.t.T("stream.add.lede")
	}
	if form == nil {
		form = web.NewForm(streamValues(s))
	}
	p.Form = form
	v := d.streamChoicesOf(s)
	v.New, v.Revision, v.May, v.Paused = revision == 0, revision, d.maySetUp(), s.Paused
	v.Stream = streamView{Name: s.Name, Description: s.Description, Rule: d.rule(s), Automatic: s.Policy == registry.Automatic, Public: s.Public, Paused: s.Paused}
	for _, id := range s.Channels {
		if ch, ok := d.Channels.Get(s.Authority, id); ok {
			id = ch.Name
		}
		v.Stream.Channels = append(v.Stream.Channels, id)
	}
	p.Data = v
	c.renderer.Render(w, r, status, "stream", p)
}

// streamChoicesOf are the choices of the form: those of the authority, and
// whatever else the stream has already.
func (d *desktop) streamChoicesOf(s registry.Stream) streamPage {
	v := streamPage{Topics: d.topics(), Classes: d.classes()}
	for _, p := range []registry.Policy{registry.Review, registry.Automatic} {
		v.Policies = append(v.Policies, web.Choice{Value: string(p), Label: d.t.T("policy." + string(p)), Hint: d.t.T("policy." + string(p) + ".hint")})
	}
	for _, sev := range []events.Severity{"", events.SeverityMinor, events.SeverityModerate, events.SeveritySevere, events.SeverityExtreme} {
		label := d.t.T("severity.any")
		if sev != "" {
			label = d.severity(sev)
		}
		v.Severities = append(v.Severities, web.Choice{Value: string(sev), Label: label})
	}
	place := rule.PlaceOf(d.authority.ID, func(id string) (registry.Authority, bool) { return d.Authorities.Get(id) })
	for _, a := range append([]registry.Authority{d.authority}, place.Parents...) {
		v.Authorities = append(v.Authorities, web.Choice{Value: a.ID, Label: a.Name})
		for _, src := range d.Sources.All(a.ID) {
			ref, label := src.ID, d.sourceName(a.ID, src.ID)
			if a.ID != d.authority.ID {
				ref, label = a.ID+"/"+src.ID, label+" ("+a.Name+")"
				if src.ID == sourceConsole {
					continue
				}
			}
			v.Sources = append(v.Sources, web.Choice{Value: ref, Label: label})
		}
	}
	for _, ch := range d.Channels.All(d.authority.ID) {
		v.Channels = append(v.Channels, web.Choice{Value: ch.ID, Label: ch.Name})
	}
	slices.SortFunc(v.Channels, func(a, b web.Choice) int { return byName(a.Label, b.Label) })
	slices.SortFunc(v.Sources, func(a, b web.Choice) int { return byName(a.Label, b.Label) })
	v.Sources = keep(v.Sources, s.Rule.Sources)
	v.Authorities = keep(v.Authorities, s.Rule.Authorities)
	v.Channels = keep(v.Channels, s.Channels)
	v.Topics = keep(v.Topics, append(slices.Clone(s.Rule.Topics), s.Topics...))
	return v
}

// keep offers what a rule has already, although nothing declares it any more.
func keep(choices []web.Choice, have []string) []web.Choice {
	for _, value := range have {
		if !slices.ContainsFunc(choices, func(c web.Choice) bool { return c.Value == value }) {
			choices = append(choices, web.Choice{Value: value, Label: value})
		}
	}
	return choices
}

// streamValues fills the form with what a stream is now.
func streamValues(s registry.Stream) url.Values {
	classes := make([]string, len(s.Rule.Classes))
	for i, c := range s.Rule.Classes {
		classes[i] = string(c)
	}
	v := url.Values{
		"name": {s.Name}, "description": {s.Description}, "policy": {string(s.Policy)}, "sources": s.Rule.Sources,
		"authorities": s.Rule.Authorities, "topics": s.Rule.Topics, "areas": {strings.Join(s.Rule.Areas, ", ")},
		"classes": classes, "severity": {string(s.Rule.MinSeverity)}, "channels": s.Channels, "subscribed": s.Topics,
	}
	if s.Public {
		v.Set("public", "1")
	}
	return v
}

// readStream reads the form over a stream. What is wrong is in the form.
func (d *desktop) readStream(form *web.Form, s registry.Stream) registry.Stream {
	v := d.streamChoicesOf(s)
	s.Name, s.Description = form.Get("name"), lines(form.Get("description"))
	d.text(form, "name", s.Name, maxName, true)
	d.text(form, "description", s.Description, maxDescription, false)
	s.Policy = registry.Policy(d.choice(form, "policy", v.Policies))
	s.Rule.MinSeverity = events.Severity(d.choice(form, "severity", v.Severities))
	s.Rule.Sources = d.picked(form, "sources", v.Sources)
	s.Rule.Authorities = d.picked(form, "authorities", v.Authorities)
	s.Rule.Topics = d.picked(form, "topics", v.Topics)
	s.Rule.Areas = codes(form.Get("areas"))
	s.Rule.Classes = nil
	for _, class := range d.picked(form, "classes", v.Classes) {
		s.Rule.Classes = append(s.Rule.Classes, events.Class(class))
	}
	s.Channels = d.picked(form, "channels", v.Channels)
	if len(s.Channels) == 0 && len(v.Channels) > 0 {
		form.Reject("channels", d.t.T("form.channels"))
	}
	s.Topics = d.picked(form, "subscribed", v.Topics)
	s.Public = form.Get("public") == "1"
	if s.ID == "" {
		s.ID = free(s.Name, "flux", func(id string) bool {
			_, ok := d.Streams.Get(d.authority.ID, id)
			return ok || id == "new"
		})
	}
	d.rejectInvalid(form, s.Validate(), map[string]string{
		"rule.sources": "sources", "rule.topics": "topics", "rule.areas": "areas", "rule.classes": "classes",
		"rule.authorities": "authorities", "rule.minSeverity": "severity", "id": "name", "topics": "subscribed",
	})
	return s
}

// maxDescription bounds what residents read of a stream, in characters.
const maxDescription = 1000

// picked reads the values taken of those offered; another one is refused.
func (d *desktop) picked(form *web.Form, field string, choices []web.Choice) []string {
	list := pick(form.Values[field], choices)
	if len(list) < len(form.Values[field]) {
		form.Reject(field, d.t.T("form.choose"))
	}
	return list
}

func (c *Console) newStream(w http.ResponseWriter, r *http.Request, d *desktop) {
	form := web.NewForm(r.PostForm)
	s := d.readStream(form, registry.Stream{Authority: d.authority.ID})
	if form.OK() {
		_, err := d.Registry.Streams.Create(r.Context(), s)
		if err == nil {
			err = d.record(r.Context(), actionCreate, "stream", s.ID, streamDetail(registry.Stream{}, s))
		}
		switch {
		case errors.Is(err, registry.ErrExists):
			form.Reject("name", d.t.T("stream.taken"))
		case err != nil:
			c.fail(w, r, err)
			return
		default:
			c.renderer.Flash(w, r, web.Success, d.t.T("told.stream.create", "name", s.Name))
			web.SeeOther(w, r, d.streamsPath())
			return
		}
	}
	c.showStream(w, r, d, http.StatusUnprocessableEntity, registry.Stream{Authority: d.authority.ID}, 0, form)
}

// streamAct is every write on a stream.
func (c *Console) streamAct(w http.ResponseWriter, r *http.Request, d *desktop) {
	s, current, ok := c.findStream(w, r, d)
	if !ok {
		return
	}
	form := web.NewForm(r.PostForm)
	if form.Get("revision") != strconv.FormatUint(current, 10) {
		c.streamChanged(w, r, d, form)
		return
	}
	next, action := s, form.Get("do")
	switch action {
	case doSave:
		next, action = d.readStream(form, s), actionEdit
	case actionPause, actionResume:
		next.Paused = action == actionPause
	case actionRemove:
		if n := d.held(s); n > 0 {
			form.Reject("remove", d.t.T("stream.remove.held", "n", n))
		}
	default:
		c.renderer.Error(w, r, http.StatusBadRequest)
		return
	}
	if !form.OK() {
		if action != actionEdit {
			form.Values = streamValues(s)
		}
		c.showStream(w, r, d, http.StatusUnprocessableEntity, s, current, form)
		return
	}
	var err error
	if action == actionRemove {
		err = d.Registry.Streams.DeleteRevision(r.Context(), current, s.Key()...)
	} else {
		_, err = d.Registry.Streams.Update(r.Context(), next, current)
	}
	if err == nil {
		err = d.record(r.Context(), action, "stream", s.ID, streamDetail(s, next))
	}
	switch {
	case errors.Is(err, registry.ErrConflict):
		c.streamChanged(w, r, d, form)
	case err != nil:
		c.fail(w, r, err)
	default:
		c.renderer.Flash(w, r, web.Success, d.t.T("told.stream."+action, "name", next.Name))
		web.SeeOther(w, r, d.streamsPath())
	}
}

// held is how many items would be left without their stream: what waits, and
// what residents are shown, which could not be corrected any more.
func (d *desktop) held(s registry.Stream) int {
	n := 0
	for _, e := range d.Desk.Items().List(s.Authority, s.ID) {
		if st := e.Value.State; st == item.Pending || st == item.Scheduled || st == item.Received || st == item.Published && e.Value.Live() {
			n++
		}
	}
	return n
}

// streamChanged shows the stream as it is now with what was typed.
func (c *Console) streamChanged(w http.ResponseWriter, r *http.Request, d *desktop, form *web.Form) {
	fresh, revision, ok := c.findStream(w, r, d)
	if !ok {
		return
	}
	if form.Get("do") != doSave {
		form.Values = streamValues(fresh)
	}
	form.Reject("name", d.t.T("form.conflict"))
	c.showStream(w, r, d, http.StatusConflict, fresh, revision, form)
}

// streamDetail is what changed that matters to who reads the journal.
func streamDetail(was, now registry.Stream) map[string]string {
	detail := map[string]string{"name": now.Name}
	for _, f := range []struct{ key, was, now string }{
		{"policy", string(was.Policy), string(now.Policy)},
		{"channels", strings.Join(was.Channels, " "), strings.Join(now.Channels, " ")},
		{"sources", strings.Join(was.Rule.Sources, " "), strings.Join(now.Rule.Sources, " ")},
		{"topics", strings.Join(was.Rule.Topics, " "), strings.Join(now.Rule.Topics, " ")},
		{"public", strconv.FormatBool(was.Public), strconv.FormatBool(now.Public)},
	} {
		if f.was != f.now {
			detail[f.key] = f.now
		}
	}
	return detail
}
