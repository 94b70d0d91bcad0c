package portal

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/audience/consent"
	"github.com/crieur/crieur/services/audience/enrol"
	"github.com/crieur/crieur/services/audience/vault"
	"github.com/crieur/crieur/services/web"
)

// PushConsentText is the version of the consent text that is shown for
// notifications (push.data.text).
const PushConsentText = "2026-11-push"

func notificationsPath(authority string) string { return "/c/" + authority + "/notifications" }

// serviceWorker is the script that shows notifications. Its address gives it
// the authority's pages and no others: each authority has its own key.
func (p *Portal) serviceWorker(w http.ResponseWriter, r *http.Request, b *Backend) error {
	if _, err := p.authority(r, b); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(p.worker) // a client that went away is no error of ours
	return nil
}

// pushPage is what the template of notifications needs.
type pushPage struct {
	Offer                            offer
	Steps                            web.Steps
	Name                             string
	Self, Device, Worker, Scope, Key string
	Fresh                            bool // the browser's subscription is to be made anew
	Others, From                     string
}

// notifications turns them on for the device that shows the page.
func (p *Portal) notifications(w http.ResponseWriter, r *http.Request, b *Backend) error {
	a, err := p.authority(r, b)
	if err != nil {
		return err
	}
	t := p.pages.Translator(r)
	o := p.offer(t, b, a)
	if o.Push == "" {
		return errNotFound
	}
	o.Streams = slices.DeleteFunc(o.Streams, func(c web.Choice) bool {
		stream, _ := b.Streams.Get(a.ID, c.Value)
		return !reaches(b, stream, consent.Push)
	})
	if r.Method == http.MethodGet {
		o.check(r.URL.Query())
	}
	self := notificationsPath(a.ID)
	page := p.page(r, a, t.T("push.title"))
	page.Lede, page.Manifest = t.T("push.lede", "name", a.Name), manifestPath(a.ID, true)
	page.Data = pushPage{
		Offer: o, Steps: p.steps(t, 1), Name: a.Name, Self: self, Device: self + "/appareil", Worker: self + ".js", Scope: "/c/" + a.ID + "/",
		Key: "/push/" + a.ID + "/" + o.Push + "/key", Fresh: r.URL.Query().Get("nouveau") == "1", Others: "/c/" + a.ID + "/abonnement" + from(r), From: r.FormValue("de"),
	}
	return p.asking(w, r, "notifications", page, func(form *web.Form) (vault.Record, error) {
		return p.askPush(r, b, a, o, form)
	})
}

// check ticks what was chosen on the page before.
func (o *offer) check(before url.Values) {
	for name, list := range map[string][]web.Choice{"stream": o.Streams, "topic": o.Topics, "area": o.Areas} {
		for i := range list {
			list[i].Checked = list[i].Checked || slices.Contains(before[name], list[i].Value)
		}
	}
	if kind := before.Get("kind"); o.By(kind) {
		for i := range o.Kinds {
			o.Kinds[i].Checked = o.Kinds[i].Value == kind
		}
	}
}

// askPush checks the form and sends the code, as a notification. What is wrong
// is left in the form.
func (p *Portal) askPush(r *http.Request, b *Backend, a registry.Authority, o offer, form *web.Form) (vault.Record, error) {
	t := p.pages.Translator(r)
	streams := taken(form.Values["stream"], o.Streams)
	if len(streams) == 0 {
		form.Reject("stream", t.T("subscribe.stream.none"))
	}
	if form.Get("consent") != "1" {
		form.Reject("consent", t.T("subscribe.consent.none"))
	}
	if !form.OK() {
		return vault.Record{}, nil
	}
	rec, err := b.Desk.Ask(r.Context(), enrol.Request{
		Authority: a, Kind: consent.Push, Address: form.Get("subscription"), Language: t.Language, TimeZone: zoneOf(a, form.Get("zone")),
		Text: PushConsentText + "-" + t.Language, Origin: consent.Portal, Choices: choices(b, a.ID, streams, form, o),
		Subscriber: p.addDevice(r, b, a.ID),
	})
	switch {
	case errors.Is(err, enrol.ErrTooMany):
		form.Reject("consent", t.T("subscribe.toomany"))
	case errors.Is(err, vault.ErrPush):
		form.Reject("consent", t.T("push.failed"))
	case err != nil:
		return rec, err
	}
	return rec, nil
}

// addDevice is the subscriber who came from his preferences, unless he has a
// device already: another is a subscription of its own.
func (p *Portal) addDevice(r *http.Request, b *Backend, authority string) string {
	id := p.known(r, b, authority)
	rec, _, err := b.Vault.Get(r.Context(), id)
	if err != nil {
		return ""
	}
	if c, ok := rec.Contact(consent.Push); ok && !c.ConfirmedAt.IsZero() {
		return ""
	}
	return id
}

// device does what the holder of a push subscription asks: nobody else knows
// its keys.
func (p *Portal) device(w http.ResponseWriter, r *http.Request, b *Backend) error {
	private(w)
	a, err := p.authority(r, b)
	if err != nil {
		return err
	}
	if after, ok := p.limits.code.Allow(web.ClientKey(r)); !ok {
		p.pages.TooMany(w, r, after)
		return nil
	}
	t := p.pages.Translator(r)
	address, err := vault.Normalise(consent.Push, r.FormValue("subscription"), "")
	if err != nil {
		p.pages.Error(w, r, http.StatusBadRequest)
		return nil //nolint:nilerr // told by the page
	}
	rec, err := b.Vault.Find(r.Context(), a.ID, consent.Push, address)
	if errors.Is(err, vault.ErrNotFound) {
		p.pages.Flash(w, r, web.Neutral, t.T("push.unknown"))
		web.SeeOther(w, r, notificationsPath(a.ID)+"?nouveau=1")
		return nil
	}
	if err != nil {
		return err
	}
	switch r.FormValue("do") {
	case "prefs":
		web.SeeOther(w, r, "/preferences/"+p.cfg.Master.Token(vault.Manage, rec.Ordinal))
		return nil
	case "stop":
		match := func(s consent.Subscription) bool { return s.Kind == consent.Push }
		if _, err := b.OptOut(r.Context(), rec.ID, match, events.ReasonOptedOut, "device", p.cfg.Now()); err != nil {
			return err
		}
		p.pages.Flash(w, r, web.Success, t.T("push.stopped"))
		web.SeeOther(w, r, notificationsPath(a.ID)+"?nouveau=1")
		return nil
	case "renew":
		return p.renew(w, r, b, rec, address)
	}
	return errNotFound
}

// renew takes the subscription that a browser made in the place of another
// (https://www.w3.org/TR/push-api/#the-pushsubscriptionchange-event).
func (p *Portal) renew(w http.ResponseWriter, r *http.Request, b *Backend, rec vault.Record, old string) error {
	address, err := vault.Normalise(consent.Push, r.FormValue("new"), "")
	if err == nil {
		err = b.Vault.Replace(r.Context(), rec, consent.Push, old, address)
	}
	switch {
	case errors.Is(err, vault.ErrPush):
		p.pages.Error(w, r, http.StatusBadRequest)
		return nil
	case errors.Is(err, jetstream.ErrKeyExists):
		p.pages.Error(w, r, http.StatusConflict)
		return nil
	case err != nil:
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
