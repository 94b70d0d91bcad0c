package console

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/crisis"
	"github.com/crieur/crieur/services/web"
)

// maxBlank bounds what is typed in a blank of a model, in characters.
const maxBlank = 200

// crisisView is the page where a model is picked.
type crisisView struct {
	Models    []modelView
	Approvers []string // who may approve an alert
	Channels  []string // where it would go
	Other     string   // to write one without a model
	New       string   // to add a model, where one may
}

// modelView is a model as it is offered, and as it is filled in.
type modelView struct {
	Name, Note               string
	Href, Edit               string
	Title, Instruction, Text []partView
	Severity                 web.Badge
	Blanks                   []blankView
	Hidden                   bool
	Expires, Key             string
}

// partView is words, or a blank that a field fills.
type partView struct{ Words, Blank, Field string }

type blankView struct{ Field, Label string }

func (d *desktop) crisisPath() string { return "/console/" + d.authority.ID + "/" + sectionAlert }

// models are the authority's; those it hides are for who may change them.
func (d *desktop) models() ([]registry.AlertModel, error) {
	list, err := d.allModels()
	if !d.may(registry.Administrator) {
		list = slices.DeleteFunc(list, func(m registry.AlertModel) bool { return m.Hidden })
	}
	return list, err
}

func (d *desktop) allModels() ([]registry.AlertModel, error) {
	var own []registry.AlertModel
	for _, m := range d.AlertModels.All(d.authority.ID) {
		own = append(own, m)
	}
	return crisis.Models(d.authority.ID, own)
}

// fieldOf is the form's field of a blank.
func fieldOf(label string) string { return "blank-" + slug(label) }

func partsOf(text string) []partView {
	var list []partView
	for _, p := range crisis.Parts(text) {
		v := partView{Words: p.Words, Blank: p.Blank}
		if p.Blank != "" {
			v.Field = fieldOf(p.Blank)
		}
		list = append(list, v)
	}
	return list
}

func (d *desktop) model(m registry.AlertModel) modelView {
	v := modelView{
		Name: m.Name, Note: m.Note, Href: d.crisisPath() + "/" + m.ID, Hidden: m.Hidden,
		Title: partsOf(m.Title), Instruction: partsOf(m.Instruction), Text: partsOf(m.Text),
		Severity: web.Badge(strings.ToLower(string(m.Severity))),
	}
	if d.may(registry.Administrator) {
		v.Edit = v.Href + "/edit"
	}
	for _, label := range crisis.Blanks(m) {
		v.Blanks = append(v.Blanks, blankView{fieldOf(label), label})
	}
	return v
}

func (c *Console) crisisPage(w http.ResponseWriter, r *http.Request, d *desktop) {
	if !d.mayWrite() && !d.may(registry.Administrator) {
		c.renderer.Error(w, r, http.StatusForbidden)
		return
	}
	models, err := d.models()
	if err != nil {
		c.fail(w, r, err)
		return
	}
	v := crisisView{Approvers: d.approvers(), Channels: d.alertChannels()}
	if d.mayWrite() {
		v.Other = "/console/" + d.authority.ID + "/" + sectionNew + "?" + url.Values{"class": {string(events.ClassAlert)}}.Encode()
	}
	for _, m := range models {
		v.Models = append(v.Models, d.model(m))
	}
	if d.may(registry.Administrator) {
		v.New = d.crisisPath() + "/new/edit"
	}
	p := d.page(sectionAlert, d.t.T("crisis.title"))
	p.Lede, p.Data = d.t.T("crisis.lede"), v
	c.renderer.Render(w, r, http.StatusOK, "crisis", p)
}

// approvers are those who may approve an alert, by name.
func (d *desktop) approvers() []string {
	var list []string
	for _, o := range d.Officers.All() {
		if !o.Disabled && o.Has(d.authority.ID, registry.Approver) {
			list = append(list, o.Name)
		}
	}
	slices.SortFunc(list, byName)
	return list
}

// alertChannels are where an alert that is written here would go, by name.
func (d *desktop) alertChannels() []string {
	var list []string
	for _, s := range d.takers(record.Entry{Class: string(events.ClassAlert), Severity: string(events.SeverityExtreme)}) {
		for _, id := range s.Channels {
			if ch, ok := d.Channels.Get(d.authority.ID, id); ok && !slices.Contains(list, ch.Name) {
				list = append(list, ch.Name)
			}
		}
	}
	return list
}

// findModel reads the one of the address.
func (c *Console) findModel(w http.ResponseWriter, r *http.Request, d *desktop) (registry.AlertModel, bool) {
	models, err := d.models()
	if err != nil {
		c.fail(w, r, err)
		return registry.AlertModel{}, false
	}
	i := slices.IndexFunc(models, func(m registry.AlertModel) bool { return m.ID == r.PathValue("model") })
	if i < 0 {
		c.renderer.Error(w, r, http.StatusNotFound)
		return registry.AlertModel{}, false
	}
	return models[i], true
}

func (c *Console) modelPage(w http.ResponseWriter, r *http.Request, d *desktop) {
	if !d.mayWrite() {
		c.renderer.Error(w, r, http.StatusForbidden)
		return
	}
	if m, ok := c.findModel(w, r, d); ok {
		c.showModel(w, r, d, http.StatusOK, m, nil)
	}
}

func (c *Console) showModel(w http.ResponseWriter, r *http.Request, d *desktop, status int, m registry.AlertModel, form *web.Form) {
	p := d.page(sectionAlert, m.Name)
	p.Breadcrumb = []web.Link{{Label: d.t.T("crisis.title"), Href: d.crisisPath()}}
	p.Lede, p.Form = m.Note, form
	v := d.model(m)
	expires := d.now().Add(m.Lasts.Std())
	v.Expires, v.Key = d.input(&expires), rand.Text()
	if form != nil && form.Get("key") != "" {
		v.Key = form.Get("key")
	}
	p.Data = v
	c.renderer.Render(w, r, status, "model", p)
}

// fromModel makes an alert of a model and of what was put in its blanks. It
// takes the path of what officers write.
func (c *Console) fromModel(w http.ResponseWriter, r *http.Request, d *desktop) {
	if !d.mayWrite() {
		c.renderer.Error(w, r, http.StatusForbidden)
		return
	}
	if err := r.ParseForm(); err != nil {
		c.renderer.Error(w, r, http.StatusBadRequest)
		return
	}
	m, ok := c.findModel(w, r, d)
	if !ok {
		return
	}
	form := web.NewForm(r.PostForm)
	for _, label := range crisis.Blanks(m) {
		d.text(form, fieldOf(label), form.Get(fieldOf(label)), maxBlank, true)
	}
	words := func(label string) string { return form.Get(fieldOf(label)) }
	e := record.Entry{
		Title: crisis.Fill(m.Title, words), Instruction: crisis.Fill(m.Instruction, words), Body: paragraphs(crisis.Fill(m.Text, words)),
		Topic: m.Topic, Class: string(events.ClassAlert), Severity: string(m.Severity), Published: d.now(),
		Expires: deref(d.moment(form, "expires", true)),
	}
	if form.Get("exercise") == "1" {
		e.Status = "exercise"
	}
	if !e.Expires.IsZero() && !e.Expires.After(d.now()) {
		form.Reject("expires", d.t.T("form.past"))
	}
	streams := d.takers(e)
	if form.OK() && len(streams) == 0 {
		form.Reject("expires", d.t.T("crisis.nostream"))
	}
	if !form.OK() {
		c.showModel(w, r, d, http.StatusUnprocessableEntity, m, form)
		return
	}
	c.send(w, r, d, form.Get("key"), e, streams)
}

// lasting is how long models' alerts are offered to last.
func lasting() []time.Duration {
	const hour = time.Hour
	return []time.Duration{3 * hour, 6 * hour, 12 * hour, 24 * hour, 48 * hour, 72 * hour, 7 * 24 * hour}
}

// newModel is the identifier of the page where a model is added.
const newModel = "new"

// modelEdit is what the form of a model is drawn from.
type modelEdit struct {
	Topics, Severities, Lasts []web.Choice
	New, Own                  bool
}

// editedModel is the model of the address, or a new one. It is for who sets the
// authority up.
func (c *Console) editedModel(w http.ResponseWriter, r *http.Request, d *desktop) (registry.AlertModel, bool) {
	if !d.may(registry.Administrator) {
		c.renderer.Error(w, r, http.StatusForbidden)
		return registry.AlertModel{}, false
	}
	if r.PathValue("model") == newModel {
		return registry.AlertModel{Authority: d.authority.ID, Severity: events.SeveritySevere, Lasts: registry.Duration(alertLasts)}, true
	}
	return c.findModel(w, r, d)
}

func (c *Console) modelEditPage(w http.ResponseWriter, r *http.Request, d *desktop) {
	if m, ok := c.editedModel(w, r, d); ok {
		c.showModelEdit(w, r, d, http.StatusOK, m, nil)
	}
}

func (d *desktop) modelEdit(m registry.AlertModel) modelEdit {
	_, own := d.AlertModels.Get(d.authority.ID, m.ID)
	return modelEdit{Topics: d.topics(), Severities: d.severities(), Lasts: d.durations(lasting(), m.Lasts, ""), New: m.ID == "", Own: own}
}

func (c *Console) showModelEdit(w http.ResponseWriter, r *http.Request, d *desktop, status int, m registry.AlertModel, form *web.Form) {
	v := d.modelEdit(m)
	title := m.Name
	if v.New {
		title = d.t.T("model.add")
	}
	p := d.page(sectionAlert, title)
	p.Breadcrumb = []web.Link{{Label: d.t.T("crisis.title"), Href: d.crisisPath()}}
	p.Lede, p.Data = d.t.T("model.lede"), v
	if p.Form = form; form == nil {
		p.Form = web.NewForm(url.Values{
			"name": {m.Name}, "note": {m.Note}, "title": {m.Title}, "instruction": {m.Instruction}, "text": {m.Text}, "topic": {m.Topic},
			"severity": {string(m.Severity)}, "lasts": {m.Lasts.String()},
		})
		if m.Hidden {
			p.Form.Values.Set("hidden", "1")
		}
	}
	c.renderer.Render(w, r, status, "modeledit", p)
}

// editModel keeps the authority's own of a model, or gives the one that comes
// with Crieur back.
func (c *Console) editModel(w http.ResponseWriter, r *http.Request, d *desktop) {
	m, ok := c.editedModel(w, r, d)
	if !ok {
		return
	}
	if err := r.ParseForm(); err != nil {
		c.renderer.Error(w, r, http.StatusBadRequest)
		return
	}
	form := web.NewForm(r.PostForm)
	action, err := actionEdit, error(nil)
	if form.Get("do") == doReset {
		action = actionRemove
		err = d.Registry.AlertModels.Delete(r.Context(), m.Key()...)
	} else {
		if m = d.readModel(form, m); !form.OK() {
			c.showModelEdit(w, r, d, http.StatusUnprocessableEntity, m, form)
			return
		}
		_, err = d.Registry.AlertModels.Put(r.Context(), m)
	}
	if err == nil {
		err = d.record(r.Context(), action, "model", m.ID, map[string]string{"name": m.Name})
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	c.renderer.Flash(w, r, web.Success, d.t.T("told.model."+action, "name", m.Name))
	web.SeeOther(w, r, d.crisisPath())
}

// readModel reads the form over a model. What is wrong is in the form.
func (d *desktop) readModel(form *web.Form, m registry.AlertModel) registry.AlertModel {
	v := d.modelEdit(m)
	m.Name, m.Note, m.Title = form.Get("name"), form.Get("note"), form.Get("title")
	m.Instruction, m.Text, m.Hidden = lines(form.Get("instruction")), lines(form.Get("text")), form.Get("hidden") == "1"
	d.text(form, "name", m.Name, maxName, true)
	d.text(form, "note", m.Note, maxTitle, false)
	d.text(form, "title", m.Title, maxTitle, true)
	d.text(form, "instruction", m.Instruction, maxInstruction, true)
	d.text(form, "text", m.Text, maxInstruction, false)
	m.Topic = d.choice(form, "topic", v.Topics)
	m.Severity = events.Severity(d.choice(form, "severity", v.Severities))
	m.Lasts = d.duration(form, "lasts", v.Lasts)
	if m.ID == "" {
		m.ID = free(m.Name, "modele", func(id string) bool {
			models, err := d.allModels()
			return err != nil || id == newModel || slices.ContainsFunc(models, func(o registry.AlertModel) bool { return o.ID == id })
		})
	}
	d.rejectInvalid(form, m.Validate(), map[string]string{"id": "name"})
	return m
}
