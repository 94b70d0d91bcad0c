package portal

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/audience/consent"
	"github.com/crieur/crieur/services/audience/enrol"
	"github.com/crieur/crieur/services/audience/vault"
	"github.com/crieur/crieur/services/web"
)

// ConsentText is the version of the consent text in the catalogues
// (subscribe.consent): it changes with the text.
const ConsentText = "2026-11"

// offer is what an authority lets one choose.
type offer struct {
	Streams, Topics, Areas, Kinds []web.Choice
	Push                          string // the channel of notifications; empty for none
}

// By reports whether one may be told by a kind of contact.
func (o offer) By(kind string) bool { return len(taken([]string{kind}, o.Kinds)) == 1 }

func (p *Portal) offer(t *web.Translator, b *Backend, a registry.Authority) offer {
	var o offer
	seen := map[string]bool{}
	streams := b.Streams.List(a.ID)
	slices.SortStableFunc(streams, func(x, y registry.Entry[registry.Stream]) int { return ofAlerts(y.Value) - ofAlerts(x.Value) })
	for _, e := range streams {
		s := e.Value
		if s.Paused || !slices.ContainsFunc(consent.Kinds(), func(kind string) bool { return reaches(b, s, kind) }) {
			continue
		}
		o.Streams = append(o.Streams, web.Choice{Value: s.ID, Label: s.Name, Hint: s.Description})
		for _, topic := range s.Topics {
			if !seen[topic] {
				seen[topic] = true
				o.Topics = append(o.Topics, web.Choice{Value: topic, Label: topicName(t, topic)})
			}
		}
	}
	if len(o.Streams) == 1 {
		o.Streams[0].Checked = true
	}
	slices.SortFunc(o.Topics, func(x, y web.Choice) int { return strings.Compare(territory.Fold(x.Label), territory.Fold(y.Label)) })
	for _, kind := range []string{consent.SMS, consent.Email} {
		for _, ch := range b.Channels.All(a.ID) {
			if to, _ := consent.ContactOf(ch.Kind); to == kind && ch.Takes(events.ClassService) {
				o.Kinds = append(o.Kinds, web.Choice{Value: kind, Label: t.T("kind." + kind), Hint: t.T("kind." + kind + ".hint"), Checked: len(o.Kinds) == 0})
				break
			}
		}
	}
	for _, ch := range b.Channels.All(a.ID) {
		if to, _ := consent.ContactOf(ch.Kind); to == consent.Push && ch.Takes(events.ClassService) {
			o.Push = ch.ID
			o.Kinds = append(o.Kinds, web.Choice{Value: consent.Push, Label: t.T("kind.push.here"), Hint: t.T("kind.push.hint"), Checked: len(o.Kinds) == 0})
			break
		}
	}
	if len(a.INSEE) > 1 {
		o.Areas = append(o.Areas, web.Choice{Value: "", Label: t.T("subscribe.area.all", "name", a.Name)})
		for _, code := range a.INSEE {
			if c, ok := territory.France().Commune(code); ok {
				o.Areas = append(o.Areas, web.Choice{Value: code, Label: c.Name})
			}
		}
	}
	return o
}

// ofAlerts is 1 for a stream of alerts alone: what nobody should miss is
// offered first.
func ofAlerts(s registry.Stream) int {
	if slices.Equal(s.Rule.Classes, []events.Class{events.ClassAlert}) {
		return 1
	}
	return 0
}

// reaches reports whether a stream is sent to a kind of contact.
func reaches(b *Backend, s registry.Stream, kind string) bool {
	return slices.ContainsFunc(s.Channels, func(id string) bool {
		ch, ok := b.Channels.Get(s.Authority, id)
		to, _ := consent.ContactOf(ch.Kind)
		return ok && to == kind
	})
}

// rejectUnsent tells which of the chosen streams would never come: they are not
// sent to that kind of contact.
func rejectUnsent(t *web.Translator, b *Backend, authority, kind string, streams []string, form *web.Form) {
	for _, id := range streams {
		if s, _ := b.Streams.Get(authority, id); !reaches(b, s, kind) {
			form.Reject("stream", t.T("subscribe.stream.unsent", "stream", s.Name, "by", t.T("by."+kind)))
			return
		}
	}
}

// subscribe asks what, where to and with whose consent.
func (p *Portal) subscribe(w http.ResponseWriter, r *http.Request, b *Backend) error {
	a, err := p.authority(r, b)
	if err != nil {
		return err
	}
	t := p.pages.Translator(r)
	o := p.offer(t, b, a)
	page := p.page(r, a, t.T("subscribe.title"))
	page.Lede = t.T("subscribe.lede", "name", a.Name)
	page.Data = struct {
		Offer offer
		Steps web.Steps
		Name  string
		From  string
	}{o, p.steps(t, 1), a.Name, r.FormValue("de")}
	if r.FormValue("de") != "" {
		private(w)
	}
	if r.Method == http.MethodGet {
		o.check(r.URL.Query())
	}
	if r.PostFormValue("kind") == consent.Push && o.By(consent.Push) {
		private(w)
		web.SeeOther(w, r, notificationsPath(a.ID)+"?"+chosen(r.PostForm).Encode())
		return nil
	}
	return p.asking(w, r, "abonnement", page, func(form *web.Form) (vault.Record, error) {
		return p.ask(r, b, a, o, form)
	})
}

// asking shows a page whose form asks for a code, and answers the form: what is
// wrong with it, or where the code is typed.
func (p *Portal) asking(w http.ResponseWriter, r *http.Request, template string, page web.Page, ask func(*web.Form) (vault.Record, error)) error {
	status := http.StatusOK
	if r.Method == http.MethodPost {
		private(w)
		if after, ok := p.limits.ask.Allow(web.ClientKey(r)); !ok {
			p.pages.TooMany(w, r, after)
			return nil
		}
		if err := r.ParseForm(); err != nil {
			p.pages.Error(w, r, http.StatusBadRequest)
			return nil //nolint:nilerr // told by the page
		}
		page.Form = web.NewForm(r.PostForm)
		rec, err := ask(page.Form)
		if err != nil {
			return err
		}
		if page.Form.OK() {
			web.SeeOther(w, r, "/abonnement/"+p.cfg.Master.Token(vault.Enter, rec.Ordinal))
			return nil
		}
		status = http.StatusUnprocessableEntity
	}
	p.pages.Render(w, r, status, template, page)
	return nil
}

func (p *Portal) steps(t *web.Translator, n int) web.Steps {
	return web.Steps{Labels: []string{t.T("step.choose"), t.T("step.code"), t.T("step.done")}, Current: n}
}

// chosen is what of a subscription's form the page of notifications goes on with.
func chosen(form url.Values) url.Values {
	kept := url.Values{}
	for _, name := range []string{"stream", "topic", "area", "de"} {
		if values := said(form[name]...); len(values) > 0 {
			kept[name] = values
		}
	}
	return kept
}

// ask checks a form and sends the code. What is wrong is left in the form.
func (p *Portal) ask(r *http.Request, b *Backend, a registry.Authority, o offer, form *web.Form) (vault.Record, error) {
	t := p.pages.Translator(r)
	streams := taken(form.Values["stream"], o.Streams)
	if len(streams) == 0 {
		form.Reject("stream", t.T("subscribe.stream.none"))
	}
	if kind := form.Get("kind"); o.By(kind) {
		rejectUnsent(t, b, a.ID, kind, streams, form)
	}
	address := contact(t, a, o, form)
	if form.Get("consent") != "1" {
		form.Reject("consent", t.T("subscribe.consent.none"))
	}
	return p.sendCode(r, b, address, form, enrol.Request{
		Authority: a, TimeZone: zoneOf(a, form.Get("zone")), Text: ConsentText + "-" + t.Language,
		Choices: choices(b, a.ID, streams, form, o), Subscriber: p.known(r, b, a.ID),
	})
}

// contact reads where to send to, in one form.
func contact(t *web.Translator, a registry.Authority, o offer, form *web.Form) string {
	kind := form.Get("kind")
	if !o.By(kind) {
		form.Reject("kind", t.T("subscribe.kind.none"))
		return ""
	}
	address, err := vault.Normalise(kind, form.Get(kind), vault.Region(a.INSEE))
	if err != nil {
		form.Reject(kind, t.T(contactProblem(kind)))
	}
	return address
}

// sendCode asks for what a form that is right says.
func (p *Portal) sendCode(r *http.Request, b *Backend, address string, form *web.Form, q enrol.Request) (vault.Record, error) {
	t, a, kind := p.pages.Translator(r), q.Authority, form.Get("kind")
	if form.OK() && kind == consent.SMS && vault.Abroad(address) {
		if _, ok := p.limits.abroad.Allow(a.ID); !ok {
			form.Reject(kind, t.T("subscribe.toomany"))
		}
	}
	if !form.OK() {
		return vault.Record{}, nil
	}
	q.Kind, q.Address, q.Language, q.Origin = kind, form.Get(kind), t.Language, consent.Portal
	rec, err := b.Desk.Ask(r.Context(), q)
	switch {
	case errors.Is(err, enrol.ErrTooMany):
		form.Reject(kind, t.T("subscribe.toomany"))
	case errors.Is(err, vault.ErrNumber), errors.Is(err, vault.ErrEmail):
		form.Reject(kind, t.T(contactProblem(kind)))
	case errors.Is(err, enrol.ErrTaken):
		form.Reject(kind, t.T("subscribe.already"))
	case errors.Is(err, enrol.ErrChannel):
		form.Reject("kind", t.T("subscribe.kind.none"))
	case err != nil:
		return rec, err
	}
	return rec, nil
}

// known is the subscriber who came from his preferences to add a contact; empty
// for anybody else.
func (p *Portal) known(r *http.Request, b *Backend, authority string) string {
	ordinal, check, ok := p.cfg.Master.ReadToken(vault.Manage, r.FormValue("de"))
	if !ok || !check() {
		return ""
	}
	id, _ := b.Model.ID(ordinal)
	if s, ok := b.Model.Get(id); !ok || s.Authority != authority {
		return ""
	}
	return id
}

// from hands the link of the preferences on to the next page.
func from(r *http.Request) string {
	if token := r.FormValue("de"); token != "" {
		return "?" + url.Values{"de": {token}}.Encode()
	}
	return ""
}

// choices are what a form asks for of each stream.
func choices(b *Backend, authority string, streams []string, form *web.Form, o offer) []enrol.Choice {
	areas := taken([]string{form.Get("area")}, o.Areas)
	list := make([]enrol.Choice, 0, len(streams))
	for _, s := range streams {
		list = append(list, enrol.Choice{Stream: s, Topics: topicsOf(b, authority, s, form.Values["topic"]), Areas: areas})
	}
	return list
}

func contactProblem(kind string) string {
	if kind == consent.Email {
		return "subscribe.email.bad"
	}
	return "subscribe.sms.bad"
}

// taken keeps the values that are offered.
func taken(values []string, offered []web.Choice) []string {
	var list []string
	for _, v := range values {
		if v != "" && !slices.Contains(list, v) && slices.ContainsFunc(offered, func(c web.Choice) bool { return c.Value == v }) {
			list = append(list, v)
		}
	}
	return list
}

// topicsOf keeps the chosen topics that a stream has; all of them are no
// choice, so that a topic added later comes too.
func topicsOf(b *Backend, authority, stream string, chosen []string) []string {
	s, _ := b.Streams.Get(authority, stream)
	var list []string
	for _, topic := range s.Topics {
		if slices.Contains(chosen, topic) {
			list = append(list, topic)
		}
	}
	if len(list) == len(s.Topics) {
		return nil
	}
	return list
}

// bearer finds the subscriber of a token in the path.
func (p *Portal) bearer(w http.ResponseWriter, r *http.Request, b *Backend, purpose vault.Purpose) (vault.Record, bool, error) {
	private(w)
	if after, ok := p.limits.link.Allow(web.ClientKey(r)); !ok {
		p.pages.TooMany(w, r, after)
		return vault.Record{}, false, nil
	}
	ordinal, check, ok := p.cfg.Master.ReadToken(purpose, r.PathValue("token"))
	if !ok || purpose != vault.Leave && !check() {
		return vault.Record{}, false, errNotFound
	}
	id, ok := b.Model.ID(ordinal)
	if !ok {
		return vault.Record{}, false, errNotFound
	}
	rec, _, err := b.Vault.Get(r.Context(), id)
	return rec, err == nil, err
}

// code takes the code that was sent.
func (p *Portal) code(w http.ResponseWriter, r *http.Request, b *Backend) error {
	rec, ok, err := p.bearer(w, r, b, vault.Enter)
	if !ok {
		return err
	}
	if rec.Pending == nil {
		return errNotFound
	}
	a, _ := b.Authorities.Get(rec.Authority)
	t := p.pages.Translator(r)
	address, err := b.Vault.Address(rec, rec.Pending.Kind)
	if err != nil {
		return err
	}
	page := p.page(r, a, t.T("code.title"))
	page.Lede = t.T("code.lede."+rec.Pending.Kind, "to", vault.Mask(rec.Pending.Kind, address))
	again := "/c/" + a.ID + "/abonnement?" + askedBefore(rec.Pending).Encode()
	steps := p.steps(t, 2)
	switch {
	case rec.Pending.Kind == consent.Push:
		again = notificationsPath(a.ID)
	case len(rec.Pending.Asked) == 0:
		again, steps = comeBackPath(a.ID), web.Steps{}
	}
	page.Data = struct {
		Steps      web.Steps
		Again, Tag string
		Push       bool
	}{steps, again, rec.Pending.Publication, rec.Pending.Kind == consent.Push}
	status := http.StatusOK
	if r.Method == http.MethodPost {
		if after, ok := p.limits.code.Allow(web.ClientKey(r)); !ok {
			p.pages.TooMany(w, r, after)
			return nil
		}
		// what was typed is not shown again
		page.Form, status = web.NewForm(nil), http.StatusUnprocessableEntity
		confirmed, err := b.Desk.Confirm(r.Context(), rec.ID, r.FormValue("code"))
		switch {
		case err == nil && len(confirmed.Subscriptions) == 0:
			// Who is subscribed to nothing and asks for nothing leaves nothing here.
			if err := b.Vault.Erase(r.Context(), rec.ID); err != nil {
				return err
			}
			p.pages.Flash(w, r, web.Info, t.T("back.nothing"))
			web.SeeOther(w, r, "/c/"+a.ID+"/abonnement")
			return nil
		case err == nil:
			if len(rec.Pending.Asked) > 0 {
				p.pages.Flash(w, r, web.Success, t.T("code.done"))
			}
			web.SeeOther(w, r, "/preferences/"+p.cfg.Master.Token(vault.Manage, rec.Ordinal))
			return nil
		case errors.Is(err, enrol.ErrWrong):
			page.Form.Reject("code", t.T("code.wrong"))
		case errors.Is(err, enrol.ErrTries):
			page.Form.Reject("code", t.T("code.tries"))
		case errors.Is(err, enrol.ErrExpired):
			page.Form.Reject("code", t.T("code.expired"))
		case errors.Is(err, enrol.ErrTaken):
			page.Form.Reject("code", t.T("code.taken"))
		default:
			return err
		}
	}
	p.pages.Render(w, r, status, "code", page)
	return nil
}

// askedBefore is what was chosen when a code was asked for, without the contact:
// who got none begins again with the rest ticked.
func askedBefore(pending *vault.Pending) url.Values {
	kept := url.Values{"kind": {pending.Kind}}
	for _, s := range pending.Asked {
		kept.Add("stream", s.Stream)
		for name, values := range map[string][]string{"topic": s.Topics, "area": s.Areas} {
			for _, v := range values {
				if !slices.Contains(kept[name], v) {
					kept.Add(name, v)
				}
			}
		}
	}
	return kept
}

// leave ends one stream on one kind of channel: GET shows, POST does. The POST
// may come from a mail program, without a page before it (RFC 8058).
func (p *Portal) leave(w http.ResponseWriter, r *http.Request, b *Backend) error {
	rec, ok, err := p.bearer(w, r, b, vault.Leave)
	if !ok {
		return err
	}
	_, check, _ := p.cfg.Master.ReadToken(vault.Leave, r.PathValue("token"))
	if slices.ContainsFunc(consent.Kinds(), func(kind string) bool { return check(enrol.Stream, kind) }) {
		return p.refuse(w, r, b, rec)
	}
	i := slices.IndexFunc(rec.Subscriptions, func(s consent.Subscription) bool { return check(s.Stream, s.Kind) })
	if i < 0 {
		return errNotFound
	}
	sub := rec.Subscriptions[i]
	a, _ := b.Authorities.Get(rec.Authority)
	t := p.pages.Translator(r)
	match := func(s consent.Subscription) bool { return s.Stream == sub.Stream && s.Kind == sub.Kind }
	if r.Method == http.MethodPost {
		evidence := "link"
		switch {
		case r.FormValue("tout") == "1":
			match = func(consent.Subscription) bool { return true }
		case r.FormValue("List-Unsubscribe") == "One-Click":
			evidence = "one-click"
		}
		if _, err := b.OptOut(r.Context(), rec.ID, match, events.ReasonOptedOut, evidence, p.cfg.Now()); err != nil {
			return err
		}
		if evidence == "one-click" {
			w.WriteHeader(http.StatusOK)
			return nil
		}
		web.SeeOther(w, r, r.URL.Path)
		return nil
	}
	page := p.page(r, a, t.T("leave.title"))
	if sub.Status == consent.Ended {
		page.Title = t.T("leave.done")
	}
	page.Data = struct {
		Ended        bool
		Stream, Kind string
		Name         string
		Others       bool
		Manage       string
	}{
		sub.Status == consent.Ended, p.streamName(b, rec.Authority, sub.Stream), t.T("by." + sub.Kind), a.Name,
		slices.ContainsFunc(rec.Subscriptions, func(s consent.Subscription) bool { return s.Status != consent.Ended && !match(s) }),
		"/preferences/" + p.cfg.Master.Token(vault.Manage, rec.Ordinal),
	}
	p.pages.Render(w, r, http.StatusOK, "quitter", page)
	return nil
}

// refuse is for who received a code that he did not ask for.
func (p *Portal) refuse(w http.ResponseWriter, r *http.Request, b *Backend, rec vault.Record) error {
	a, _ := b.Authorities.Get(rec.Authority)
	t := p.pages.Translator(r)
	if r.Method == http.MethodPost {
		if err := b.Desk.Refuse(r.Context(), rec.ID); err != nil {
			return err
		}
		if r.FormValue("List-Unsubscribe") == "One-Click" {
			w.WriteHeader(http.StatusOK)
			return nil
		}
		p.pages.Flash(w, r, web.Success, t.T("refuse.done"))
		web.SeeOther(w, r, "/c/"+a.ID)
		return nil
	}
	page := p.page(r, a, t.T("refuse.title"))
	page.Lede = t.T("refuse.text", "name", a.Name)
	p.pages.Render(w, r, http.StatusOK, "refuser", page)
	return nil
}

func (p *Portal) streamName(b *Backend, authority, stream string) string {
	if s, ok := b.Streams.Get(authority, stream); ok {
		return s.Name
	}
	return stream
}
