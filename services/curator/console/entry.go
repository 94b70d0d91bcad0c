package console

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/topic"
	"github.com/crieur/crieur/services/curator/rule"
	"github.com/crieur/crieur/services/web"
)

// Kind is the connector kind of what officers write themselves. Its records
// are record.Entry.
const Kind = "console"

const sourceConsole = rule.ConsoleSource

// The limits of what is typed, in characters.
const (
	maxTitle       = 300
	maxText        = 20_000
	maxInstruction = 2000
)

// How long what is written here is offered to last: an alert that nobody ends
// must not be read next week.
const (
	entryLasts = 7 * 24 * time.Hour
	alertLasts = 24 * time.Hour
)

func (c *Console) entryPage(w http.ResponseWriter, r *http.Request, d *desktop) {
	if !d.mayWrite() {
		c.renderer.Error(w, r, http.StatusForbidden)
		return
	}
	var form *web.Form
	if class := r.URL.Query().Get("class"); events.Class(class).Valid() {
		form = web.NewForm(url.Values{"class": {class}})
	}
	c.showEntry(w, r, d, http.StatusOK, form)
}

type entryView struct {
	Topics, Classes, Severities []web.Choice
	Expires, ExpiresAlert       string
	Key                         string // the same for the same page: sent twice, written once
}

func (c *Console) showEntry(w http.ResponseWriter, r *http.Request, d *desktop, status int, form *web.Form) {
	p := d.page(sectionNew, d.t.T("entry.title"))
	p.Lede, p.Form = d.t.T("entry.lede"), form
	later, soon := d.now().Add(entryLasts), d.now().Add(alertLasts)
	v := entryView{
		Expires: d.input(&later), ExpiresAlert: d.input(&soon), Key: cmp.Or(form.Get("key"), rand.Text()),
		Topics: append([]web.Choice{{Label: d.t.T("entry.topic.choose")}}, d.topics()...), Classes: d.classes(), Severities: d.severities(),
	}
	v.Classes[0].Checked = true
	if form.Get("class") == string(events.ClassAlert) && form.Get("expires") == "" {
		v.Expires = v.ExpiresAlert
	}
	p.Data = v
	c.renderer.Render(w, r, status, "entry", p)
}

// entry emits what an officer wrote as a raw of the source "console", and
// waits a moment for it to come back as items.
func (c *Console) entry(w http.ResponseWriter, r *http.Request, d *desktop) {
	if !d.mayWrite() {
		c.renderer.Error(w, r, http.StatusForbidden)
		return
	}
	if err := r.ParseForm(); err != nil {
		c.renderer.Error(w, r, http.StatusBadRequest)
		return
	}
	form := web.NewForm(r.PostForm)
	e := d.readEntry(form)
	streams := d.takers(e)
	if form.OK() && len(streams) == 0 {
		form.Reject("topic", d.t.T("entry.nostream"))
	}
	if !form.OK() {
		c.showEntry(w, r, d, http.StatusUnprocessableEntity, form)
		return
	}
	c.send(w, r, d, form.Get("key"), e, streams)
}

// send emits an entry, and shows the first item that comes of it.
func (c *Console) send(w http.ResponseWriter, r *http.Request, d *desktop, key string, e record.Entry, streams []registry.Stream) {
	raw, err := d.raw(key, e)
	if err == nil {
		err = d.Emitter.Publish(r.Context(), raw)
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	message := events.MessageID(raw.Authority, raw.Source, raw.Item)
	if address, ok := d.await(r.Context(), message, streams); ok {
		c.renderer.Flash(w, r, web.Success, d.t.T("entry.done"))
		web.SeeOther(w, r, address)
		return
	}
	c.renderer.Flash(w, r, web.Info, d.t.T("entry.coming"))
	web.SeeOther(w, r, "/console/"+d.authority.ID)
}

// readEntry reads the form into a record.
func (d *desktop) readEntry(form *web.Form) record.Entry {
	e := record.Entry{
		Title: form.Get("title"), Body: lines(form.Get("text")), Link: form.Get("link"), Topic: form.Get("topic"),
		Class: form.Get("class"), Severity: form.Get("severity"), Instruction: lines(form.Get("instruction")), Published: d.now(),
	}
	d.text(form, "title", e.Title, maxTitle, true)
	d.instruction(form, e.Instruction, events.Class(e.Class))
	d.text(form, "text", e.Body, maxText, false)
	d.link(form, e.Link)
	if !slices.ContainsFunc(topic.All(), func(tp topic.Topic) bool { return tp.Slug == e.Topic }) {
		form.Reject("topic", d.t.T("form.choose"))
	}
	if !events.Class(e.Class).Valid() {
		form.Reject("class", d.t.T("form.choose"))
	}
	if events.Severity(e.Severity).Rank() < 0 {
		form.Reject("severity", d.t.T("form.choose"))
	}
	e.Starts = deref(d.moment(form, "onset", false))
	e.Ends = deref(d.moment(form, "ends", false))
	e.Expires = deref(d.moment(form, "expires", true))
	if form.Get("expires") == form.Get("untouched") && events.Class(e.Class) == events.ClassAlert && e.Expires.Sub(d.now()) > alertLasts {
		e.Expires = d.now().Add(alertLasts) // the page could not know that it would be an alert
	}
	if !e.Expires.IsZero() && !e.Expires.After(d.now()) {
		form.Reject("expires", d.t.T("form.past"))
	}
	if !e.Starts.IsZero() && !e.Ends.IsZero() && e.Ends.Before(e.Starts) {
		form.Reject("ends", d.t.T("form.order"))
	}
	e.Body = paragraphs(e.Body)
	if place := form.Get("place"); place != "" {
		e.Place = &record.Place{Address: place, INSEE: d.authority.INSEE}
	}
	return e
}

// takers are the streams of the authority whose rule will take an entry.
func (d *desktop) takers(e record.Entry) []registry.Stream {
	m := events.Message{
		Authority: d.authority.ID, Source: sourceConsole, Topic: e.Topic,
		Class: events.Class(e.Class), Severity: events.Severity(e.Severity), Areas: []events.Area{{INSEE: d.authority.INSEE}},
	}
	var list []registry.Stream
	for _, s := range d.Streams.All(d.authority.ID) {
		if rule.Matches(s, rule.Place{Authority: d.authority}, m) {
			list = append(list, s)
		}
	}
	return list
}

// raw makes the event. Its item is the page's key: the same form sent twice is
// the same item.
func (d *desktop) raw(key string, e record.Entry) (events.Raw, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return events.Raw{}, fmt.Errorf("console: entry: %w", err)
	}
	id := events.NewID("console", d.officer.ID, key)
	hash := events.NewID("entry", string(body))
	return events.Raw{
		ID: events.RawID(d.authority.ID, sourceConsole, id, hash), Authority: d.authority.ID, Source: sourceConsole,
		Kind: Kind, Item: id, Hash: hash, Revision: 1, FetchedAt: d.now(), Record: body,
	}, nil
}

// awaited is how long an officer waits for what was written to come back.
const awaited = 3 * time.Second

// await finds the first item of a message.
func (d *desktop) await(ctx context.Context, message string, streams []registry.Stream) (string, bool) {
	ctx, cancel := context.WithTimeout(ctx, awaited)
	defer cancel()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		for _, s := range streams {
			if it, ok := d.Desk.Items().Get(s.Authority, s.ID, events.PublicationID(s.Authority, s.ID, message)); ok {
				return itemPath(it), true
			}
		}
		select {
		case <-ctx.Done():
			return "", false
		case <-tick.C:
		}
	}
}
