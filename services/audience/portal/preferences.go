package portal

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/audience/consent"
	"github.com/crieur/crieur/services/audience/vault"
	"github.com/crieur/crieur/services/web"
)

// line is one subscription on the page.
type line struct {
	Index        int
	Stream, Kind string
	Status       consent.Status
	Topics       []web.Choice
	Areas        []web.Choice
	Area         string
	Facts        []string
}

// preferences shows everything that is kept of a subscriber.
func (p *Portal) preferences(w http.ResponseWriter, r *http.Request, b *Backend) error {
	rec, ok, err := p.bearer(w, r, b, vault.Manage)
	if !ok {
		return err
	}
	return p.showPreferences(w, r, b, rec, nil)
}

// preferencesPage is what the template needs.
type preferencesPage struct {
	Self, Subscribe, Device string // Device is empty where it has nothing to add
	Lines                   []line
	Contacts                web.Summary
	Kinds                   []web.Choice
	From, To, Zone          string
	Zones                   []web.Choice
	Language                string
	Languages               []web.Choice
	Preferred               string
	Everywhere              string
	Told                    web.Timeline
	Paused, Live            bool
	Old                     string // since when an old consent is
}

// showPreferences draws the page, with a form that cannot be taken as it is.
func (p *Portal) showPreferences(w http.ResponseWriter, r *http.Request, b *Backend, rec vault.Record, form *web.Form) error {
	a, _ := b.Authorities.Get(rec.Authority)
	t := p.pages.Translator(r)
	page := p.page(r, a, t.T("prefs.title"))
	page.Lede, page.Form = t.T("prefs.lede"), form
	contacts := web.Summary{}
	var kinds []web.Choice
	for _, c := range rec.Contacts {
		if c.ConfirmedAt.IsZero() || len(c.Sealed) == 0 {
			continue
		}
		address, err := b.Vault.Address(rec, c.Kind)
		if err != nil {
			return err
		}
		contacts.Rows = append(contacts.Rows, web.SummaryRow{Term: t.T("kind." + c.Kind), Value: vault.Mask(c.Kind, address)})
		kinds = append(kinds, web.Choice{Value: c.Kind, Label: t.T("kind." + c.Kind)})
	}
	from, to := "", ""
	if rec.Quiet != nil {
		from, to = rec.Quiet.From.String(), rec.Quiet.To.String()
	}
	told, err := p.told(r, b, t, rec)
	if err != nil {
		return err
	}
	o := p.offer(t, b, a)
	token := "?de=" + r.PathValue("token")
	data := preferencesPage{
		Self: "/preferences/" + r.PathValue("token"), Subscribe: "/c/" + a.ID + "/abonnement" + token,
		Lines: p.lines(t, b, rec, o), Contacts: contacts, Kinds: kinds,
		From: from, To: to, Zone: rec.TimeZone, Zones: zoneChoices(t, a, rec.TimeZone), Language: rec.Language,
		Languages: languageChoices(t, a, rec.Language),
		Preferred: rec.Preferred, Everywhere: flag(rec.Everywhere), Told: told,
		Paused: slices.ContainsFunc(rec.Subscriptions, func(s consent.Subscription) bool { return s.Status == consent.Paused }),
		Live:   slices.ContainsFunc(rec.Subscriptions, consent.Subscription.Active),
	}
	if c, ok := rec.Contact(consent.Push); o.Push != "" && (!ok || c.ConfirmedAt.IsZero()) {
		data.Device = notificationsPath(a.ID) + token
	}
	if at := consent.Old(rec.Subscriptions, p.cfg.Now()); !at.IsZero() {
		data.Old = t.Date(at)
	}
	page.Data = data
	status := http.StatusOK
	if !form.OK() {
		status = http.StatusUnprocessableEntity
	}
	p.pages.Render(w, r, status, "preferences", page)
	return nil
}

// languageChoices are the authority's, and what the subscriber chose before.
func languageChoices(t *web.Translator, a registry.Authority, chosen string) []web.Choice {
	list := a.ReaderLanguages()
	if chosen != "" && !slices.Contains(list, chosen) {
		list = append(list, chosen)
	}
	var choices []web.Choice
	for _, l := range list {
		choices = append(choices, web.Choice{Value: l, Label: languageName(t, l)})
	}
	return choices
}

func flag(on bool) string {
	if on {
		return "1"
	}
	return ""
}

func (p *Portal) lines(t *web.Translator, b *Backend, rec vault.Record, o offer) []line {
	var list []line
	for i, s := range rec.Subscriptions {
		if s.Status == consent.Ended {
			continue
		}
		l := line{Index: i, Stream: p.streamName(b, rec.Authority, s.Stream), Kind: t.T("by." + s.Kind), Status: s.Status}
		stream, _ := b.Streams.Get(rec.Authority, s.Stream)
		for _, topic := range stream.Topics {
			l.Topics = append(l.Topics, web.Choice{Value: topic, Label: topicName(t, topic), Checked: len(s.Topics) == 0 || slices.Contains(s.Topics, topic)})
		}
		if l.Areas = o.Areas; len(s.Areas) > 0 {
			l.Area = s.Areas[0]
		}
		l.Facts = append(l.Facts, t.T("prefs.since", "at", t.Date(s.Proof.ConfirmedAt)))
		if s.Status == consent.Paused {
			if s.PausedUntil.IsZero() {
				l.Facts = append(l.Facts, t.T("prefs.paused"))
			} else {
				l.Facts = append(l.Facts, t.T("prefs.paused.until", "at", t.Date(s.PausedUntil)))
			}
			if s.ButAlerts {
				l.Facts = append(l.Facts, t.T("prefs.paused.butalerts"))
			}
		}
		list = append(list, l)
	}
	return list
}

// told answers "why did I get this?": each message with the choice it comes from.
func (p *Portal) told(r *http.Request, b *Backend, t *web.Translator, rec vault.Record) (web.Timeline, error) {
	list, err := b.Fanout.Recent(r.Context(), rec.Ordinal, rec.Authority)
	var tl web.Timeline
	for _, m := range list {
		why := t.T("why.stream", "stream", p.streamName(b, rec.Authority, m.Publication.Stream), "by", t.T("by."+m.Kind))
		if i := consent.Find(rec.Subscriptions, m.Publication.Stream, m.Kind); i >= 0 {
			why = t.T("why.consent", "stream", p.streamName(b, rec.Authority, m.Publication.Stream), "by", t.T("by."+m.Kind), "at", t.Date(rec.Subscriptions[i].Proof.ConfirmedAt))
		}
		tl.Entries = append(tl.Entries, web.TimelineEntry{
			When: m.At, What: toldTitle(t, m.Publication), Href: "/c/" + m.Publication.Authority + "/p/" + m.Publication.ID, Detail: why, Icon: "send",
		})
	}
	return tl, err
}

// toldTitle tells a correction and a cancellation from the message itself,
// which has the same title.
func toldTitle(t *web.Translator, p events.Publication) string {
	switch {
	case p.MsgType == events.MsgCancel:
		return t.T("why.cancelled", "title", p.Content.Title)
	case p.Revision > 1:
		return t.T("why.corrected", "title", p.Content.Title)
	}
	return p.Content.Title
}

// change carries out one form of the preferences page.
func (p *Portal) change(w http.ResponseWriter, r *http.Request, b *Backend) error {
	rec, ok, err := p.bearer(w, r, b, vault.Manage)
	if !ok {
		return err
	}
	if err := r.ParseForm(); err != nil {
		p.pages.Error(w, r, http.StatusBadRequest)
		return nil //nolint:nilerr // told by the page
	}
	t, now := p.pages.Translator(r), p.cfg.Now()
	done := "prefs.saved"
	switch r.PostForm.Get("do") {
	case "save":
		if form := p.checkPreferences(t, r); !form.OK() {
			return p.showPreferences(w, r, b, rec, form)
		}
		_, err = b.Vault.Modify(r.Context(), rec.ID, func(v *vault.Record) error { return p.apply(r, b, v) })
	case "pause":
		days, _ := strconv.Atoi(r.PostForm.Get("days"))
		until := time.Time{}
		if days > 0 && days <= 366 {
			until = now.AddDate(0, 0, days)
		}
		alerts := r.PostForm.Get("alerts") == "1"
		_, err = b.Vault.Modify(r.Context(), rec.ID, func(v *vault.Record) error { consent.Pause(v.Subscriptions, until, alerts); return nil })
		done = "prefs.paused.done"
	case "resume":
		_, err = b.Vault.Modify(r.Context(), rec.ID, func(v *vault.Record) error {
			consent.Resume(v.Subscriptions, func(consent.Subscription) bool { return true })
			return nil
		})
		done = "prefs.resumed"
	case "renew":
		_, err = b.Vault.Modify(r.Context(), rec.ID, func(v *vault.Record) error {
			consent.Renew(v.Subscriptions, func(kind string) string { return textVersion(kind, t.Language) }, now)
			return nil
		})
		done = "prefs.renewed"
	case "leave":
		i, bad := strconv.Atoi(r.PostForm.Get("line"))
		if bad != nil || i < 0 || i >= len(rec.Subscriptions) {
			return errNotFound
		}
		s := rec.Subscriptions[i]
		_, err = b.OptOut(r.Context(), rec.ID, func(o consent.Subscription) bool { return o.Stream == s.Stream && o.Kind == s.Kind }, events.ReasonOptedOut, "preferences", now)
		done = "prefs.left"
	default:
		return errNotFound
	}
	if err != nil {
		return err
	}
	p.pages.Flash(w, r, web.Success, t.T(done))
	web.SeeOther(w, r, r.URL.Path)
	return nil
}

// textVersion names the consent text of a kind of contact.
func textVersion(kind, language string) string {
	if kind == consent.Push {
		return PushConsentText + "-" + language
	}
	return ConsentText + "-" + language
}

// checkPreferences finds what of the form cannot be taken.
func (p *Portal) checkPreferences(t *web.Translator, r *http.Request) *web.Form {
	form := web.NewForm(r.PostForm)
	var at registry.TimeOfDay
	from, to := form.Get("from"), form.Get("to")
	for name, value := range map[string]string{"from": from, "to": to} {
		if other := map[string]string{"from": to, "to": from}[name]; value == "" && other != "" {
			form.Reject(name, t.T("prefs.quiet.half"))
		} else if value != "" && at.UnmarshalText([]byte(value)) != nil {
			form.Reject(name, t.T("prefs.quiet.bad"))
		}
	}
	if from != "" && from == to {
		form.Reject("to", t.T("prefs.quiet.same"))
	}
	return form
}

// apply writes the form into a record. What is not offered is left as it was.
func (p *Portal) apply(r *http.Request, b *Backend, v *vault.Record) error {
	form := r.PostForm
	for i := range v.Subscriptions {
		s := &v.Subscriptions[i]
		if name := "topics-" + strconv.Itoa(i); s.Status != consent.Ended && form.Has(name) {
			s.Topics = topicsOf(b, v.Authority, s.Stream, form[name])
		}
		if name := "area-" + strconv.Itoa(i); s.Status != consent.Ended && form.Has(name) {
			s.Areas = areasOf(b, v.Authority, form.Get(name))
		}
	}
	if kind := form.Get("preferred"); kind == "" || consent.IsKind(kind) {
		v.Preferred = kind
	}
	v.Everywhere = form.Get("everywhere") == "1"
	if lang := form.Get("language"); offersLanguage(b, v.Authority, lang) {
		v.Language = lang
	}
	if a, ok := b.Authorities.Get(v.Authority); ok && form.Has("zone") {
		v.TimeZone = zoneOf(a, form.Get("zone"))
	}
	var from, to registry.TimeOfDay
	v.Quiet = nil
	if from.UnmarshalText([]byte(form.Get("from"))) == nil && to.UnmarshalText([]byte(form.Get("to"))) == nil && from != to {
		v.Quiet = &registry.QuietHours{From: from, To: to}
	}
	return nil
}

// areasOf is a chosen area that the authority has; none is all of it.
func areasOf(b *Backend, authority, area string) []string {
	if a, ok := b.Authorities.Get(authority); ok && slices.Contains(a.INSEE, area) {
		return []string{area}
	}
	return nil
}

// export gives a subscriber all that is kept of him (GDPR art. 20), his
// contacts masked: whoever got hold of the link must not read them.
func (p *Portal) export(w http.ResponseWriter, r *http.Request, b *Backend) error {
	rec, ok, err := p.bearer(w, r, b, vault.Manage)
	if !ok {
		return err
	}
	contacts := map[string]string{}
	for _, c := range rec.Contacts {
		if len(c.Sealed) == 0 {
			continue
		}
		address, err := b.Vault.Address(rec, c.Kind)
		if err != nil {
			return err
		}
		contacts[c.Kind] = vault.Mask(c.Kind, address)
	}
	told, err := b.Fanout.Recent(r.Context(), rec.Ordinal, rec.Authority)
	if err != nil {
		return err
	}
	type message struct {
		Title string    `json:"title"`
		By    string    `json:"by"`
		At    time.Time `json:"at"`
	}
	messages := make([]message, 0, len(told))
	for _, m := range told {
		messages = append(messages, message{m.Publication.Content.Title, m.Kind, m.At})
	}
	body, err := json.MarshalIndent(map[string]any{
		"subscriber": rec.ID, "authority": rec.Authority, "contacts": contacts, "language": rec.Language, "quietHours": rec.Quiet, "timeZone": rec.TimeZone,
		"preferred": rec.Preferred, "everywhere": rec.Everywhere, "createdAt": rec.CreatedAt, "confirmedAt": rec.ConfirmedAt,
		"subscriptions": rec.Subscriptions, "recentMessages": messages,
	}, "", "  ")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="mes-donnees.json"`)
	_, _ = w.Write(body)
	return nil
}

// erase forgets a subscriber for good.
func (p *Portal) erase(w http.ResponseWriter, r *http.Request, b *Backend) error {
	rec, ok, err := p.bearer(w, r, b, vault.Manage)
	if !ok {
		return err
	}
	if err := b.Vault.Erase(r.Context(), rec.ID); err != nil {
		return err
	}
	p.pages.Flash(w, r, web.Success, p.pages.Translator(r).T("prefs.erased"))
	web.SeeOther(w, r, "/c/"+rec.Authority)
	return nil
}
