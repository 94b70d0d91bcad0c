package curator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/web/webtest"
)

// busy is a town with something on every page.
func busy(t *testing.T) (*town, map[string]string) {
	w := newTown(t)
	w.answering()
	w.previewing()
	plain := w.emit(w.message("1", func(m *events.Message) {
		m.Content.Summary = "La distribution de l’eau potable est interrompue entre le quai et la place, le temps de remplacer une vanne. Pensez à faire une réserve la veille."
		m.Content.Place, m.Content.Link = "Rue du Port", "https://begles.example/eau"
	}))
	alert := w.emit(w.message("2", func(m *events.Message) {
		m.Class, m.Severity, m.Topic, m.Content.Title = events.ClassAlert, events.SeveritySevere, "inondation", "Vigilance crues orange sur la Garonne"
	}))
	w.emit(w.message("3", func(m *events.Message) {
		m.Incident, m.Source, m.Content.Title = plain.ID, "pref", "Coupure d’eau : avis de la préfecture"
		m.Origin[0].Source = "pref"
	}))
	w.emit(w.message("4", func(m *events.Message) { m.Topic, m.Content.Title = "dechets", "Collecte avancée à jeudi" }))
	const day = 24 * time.Hour
	for source, h := range map[string]registry.SourceHealth{
		"site": {LastSuccess: w.now.Add(-26 * time.Hour), LastChange: w.now.Add(-26 * time.Hour), Stale: true, CertificateExpires: w.now.Add(12 * day), ChangesADay: 1.4, Items: 20},
		"pref": {ErrorStreak: 4, LastReason: events.ReasonTLS, LastError: "cap: GET https://pref.example/cap: x509: certificate has expired"},
	} {
		h.Authority, h.Source, h.LastAttempt, h.NextFetch = "begles", source, w.now, w.now.Add(time.Hour)
		_, err := w.reg.SourceHealth.Put(t.Context(), h)
		must(t, err)
	}
	body, err := json.Marshal(record.Rejection{
		Authority: "begles", Source: "site", At: w.now.Add(-time.Hour), Item: "42", Reason: events.ReasonInvalidContent, Detail: "feed: line 3: <entry> is not closed",
		Body: []byte("<feed>\n<entry>\n  <title>Fermeture de la piscine</title>\n</feed>"), Bytes: 61,
	})
	must(t, err)
	_, err = w.js.Publish(t.Context(), events.RejectedSubject("begles", "site"), body)
	must(t, err)
	w.refusing()
	w.hears("gare", "Gare", registry.Sign{}, w.now.Add(-2*time.Hour))
	w.hears("mairie", "Mairie", registry.Sign{}, w.now)
	_, _, err = w.reg.Officers.Modify(t.Context(), registry.Key{"ana"}, func(o *registry.Officer) error {
		o.Roles["begles"] = append(o.Roles["begles"], registry.Administrator)
		return nil
	})
	must(t, err)
	ana := w.as("ana")
	invited := w.link(ana.post(teamPath+"/new", invitation("Zoé Née", "zoe@begles.example", "officer", "approver")))
	known := w.link(ana.post(teamPath+"/new", invitation("Eve Ailleurs", "eve@metropole.example", "analyst")))
	ana.press(teamPath+"/stagiaire", "pause")
	w.link(ana.press(teamPath+"/bob", "link"))
	ana.see("/console/begles", "Vigilance crues orange")
	ana.see("/console/begles", plain.Content.Title)
	published := w.awaitPublications("collecte", 1)[0]
	return w, map[string]string{"item": pathOf("infos", plain), "alert": pathOf("infos", alert), "published": "/console/begles/items/collecte/" + published.ID, "link": invited, "known": known}
}

// previewing stands where publisher and audience answer.
func (w *town) previewing() {
	t := w.t
	publisher, err := call.NewServer(t.Context(), w.nc, "publisher", "0.1.0")
	must(t, err)
	t.Cleanup(func() { _ = publisher.Stop() })
	must(t, call.Handle(publisher, call.Render, func(_ context.Context, q call.RenderRequest) (call.RenderReply, error) {
		text := q.Publication.Content.Title
		return call.RenderReply{Rendered: []call.Rendered{
			{Channel: "sms", Kind: "sms", Rendition: events.Rendition{Text: "BEGLES: " + text, CostMicroEUR: 50_000, Warnings: []string{"folded: ’"}}, Preview: call.Preview{Facts: []string{"1 SMS, 61 septets, 0,05 €"}}},
			{Channel: "panneaux", Kind: "sign", Rendition: events.Rendition{Text: text}, Preview: call.Preview{HTML: "<h2>" + text + "</h2><p>Rue du Port</p>"}},
		}}, nil
	}))
	must(t, call.Handle(publisher, call.Addresses, func(_ context.Context, q call.AddressesRequest) (call.AddressesReply, error) {
		at := func(what call.InboundKind) call.Inbound {
			return call.Inbound{What: what, URL: call.Address("https://begles.example/sms/" + q.Authority + "/sms/6d1f0f2c9a8b4e7d5c3a2b1908f7e6d5/" + string(what))}
		}
		return call.AddressesReply{Channels: []call.ChannelAddresses{{Channel: "sms", Addresses: []call.Inbound{at(call.InboundReceipts), at(call.InboundIncoming)}}}}, nil
	}))
	w.shortening(publisher)
	audience, err := call.NewServer(t.Context(), w.nc, "audience", "0.1.0")
	must(t, err)
	t.Cleanup(func() { _ = audience.Stop() })
	must(t, call.Handle(audience, call.Reach, func(context.Context, call.ReachRequest) (call.ReachReply, error) {
		return call.ReachReply{People: 1200, Channels: []call.ChannelReach{{Channel: "sms", Subscribers: 1000}}}, nil
	}))
}

// signIn does what a person does at the first page.
func (w *town) signIn(b *webtest.Browser, email string) {
	b.Go(w.server.URL + "/console/signin")
	b.Follow(func() {
		b.Eval(nil, fmt.Sprintf(`document.getElementById("f-email").value = %q; document.getElementById("f-password").value = %q; document.querySelector("main form .primary").click()`, email, password))
	})
}

func TestEveryPageInABrowser(t *testing.T) {
	t.Parallel()
	b := webtest.New(t)
	w, items := busy(t)
	b.Go(w.server.URL + "/console/signin")
	b.Look("signin")
	w.signIn(b, "ana@begles.example")
	base := "/console/begles"
	for _, p := range []struct {
		name, path string
		act        func() // on the page
	}{
		{"queue", base, nil},
		{"queue-empty", base + "?tab=rejected", nil},
		{"item", items["item"], nil},
		{"item-open", items["item"], func() {
			b.Eval(nil, `document.querySelectorAll("main details").forEach((d) => { d.open = true })`)
			var adapted bool
			b.Eval(&adapted, `document.querySelector("[data-adapt=sms]").click(), document.getElementById("o-sms").value !== "" && document.getElementById("o-sms").value === document.querySelector("[data-shown=sms]").textContent`)
			if !adapted {
				t.Error("the text of an SMS is typed anew")
			}
		}},
		{"alert", items["alert"], nil},
		{"published", items["published"], nil},
		{"crisis", base + "/alert", nil},
		{"model", base + "/alert/inondation", nil},
		{"model-wrong", base + "/alert/inondation", func() { b.Follow(func() { b.Eval(nil, `document.querySelector("main form .primary").click()`) }) }},
		{"calendar", base + "/calendar", nil},
		{"journal-search", base + "/journal?q=rien", nil},
		{"new", base + "/new", nil},
		{"new-wrong", base + "/new", func() { b.Follow(func() { b.Eval(nil, `document.querySelector("main form .primary").click()`) }) }},
		{"sources", base + "/sources", nil},
		{"source", base + "/sources/site", func() {
			b.Eval(nil, `document.querySelectorAll("main details").forEach((d) => { d.open = true })`)
		}},
		{"source-first", base + "/sources/site?first=1", nil},
		{"source-add", base + "/sources/new", nil},
		{"source-found", base + "/sources/new", func() {
			b.Follow(func() {
				b.Eval(nil, `document.getElementById("f-address").value = "mediatheque.example"; document.querySelector("main form .button").click()`)
			})
		}},
		{"source-nothing", base + "/sources/new", func() {
			b.Follow(func() {
				b.Eval(nil, `document.getElementById("f-address").value = "rien.example"; document.querySelector("main form .button").click()`)
			})
		}},
		{"streams", base + "/streams", nil},
		{"stream", base + "/streams/collecte", nil},
		{"stream-new", base + "/streams/new", nil},
		{"alarms", base + "/alarms", nil},
		{"alarms-inbound", base + "/alarms", func() {
			b.Eval(nil, `document.querySelectorAll("main details").forEach((d) => { d.open = true })`)
			b.Eval(nil, `document.querySelector("[data-copy]").click()`)
			var copied string
			b.Eval(&copied, `getSelection().toString()`)
			if !strings.HasPrefix(copied, "https://begles.example/sms/begles/") {
				t.Errorf("copied: %q", copied)
			}
		}},
		{"abbreviations", base + "/abbreviations", func() {
			b.Eval(nil, `document.querySelectorAll("main details").forEach((d) => { d.open = true })`)
		}},
		{"abbreviations-wrong", base + "/abbreviations", func() {
			b.Follow(func() {
				b.Eval(nil, `document.getElementById("f-full-0").value = "marché"; document.getElementById("f-short-0").value = "mar."; document.querySelector("main form .primary").click()`)
			})
		}},
		{"counter", base + "/counter", nil},
		{"counter-read", base + "/counter", func() {
			b.Follow(func() {
				b.Eval(nil, `document.getElementById("f-contact").value = "06 12 34 56 78"; document.getElementById("f-stream").checked = true; document.querySelector("main form .primary").click()`)
			})
		}},
		{"team", base + "/team", nil},
		{"team-invite", base + "/team/new", nil},
		{"team-invite-wrong", base + "/team/new", func() { b.Follow(func() { b.Eval(nil, `document.querySelector("main form .primary").click()`) }) }},
		{"team-link", base + "/team/new", func() {
			b.Follow(func() {
				b.Eval(nil, `document.getElementById("f-name").value = "Maëlle Kerguelen"; document.getElementById("f-email").value = "maelle@begles.example"; document.getElementById("f-roles-1").checked = true; document.querySelector("main form .primary").click()`)
			})
		}},
		{"team-member", base + "/team/com", func() {
			b.Eval(nil, `document.querySelectorAll("main details").forEach((d) => { d.open = true })`)
		}},
		{"team-invited", base + "/team/zoe-nee", func() {
			b.Eval(nil, `document.querySelectorAll("main details").forEach((d) => { d.open = true })`)
		}},
		{"team-self", base + "/team/ana", nil},
		{"link", items["link"], nil},
		{"link-wrong", items["link"], func() { b.Follow(func() { b.Eval(nil, `document.querySelector("main form .primary").click()`) }) }},
		{"link-known", items["known"], nil},
		{"link-signin", items["known"], func() {
			w.change("eve", func(o *registry.Officer) { o.PasswordHash = "" })
			b.Go(w.server.URL + items["known"])
		}},
		{"link-gone", items["link"] + "x", nil},
		{"journal", base + "/journal", nil},
		{"account", "/console/account", nil},
		{"not-found", base + "/nothing", nil},
	} {
		b.Resize(webtest.Desktop())
		b.Go(w.server.URL + p.path)
		if p.act != nil {
			p.act()
		}
		b.Look(p.name)
	}
	for _, said := range b.Said() {
		if !strings.Contains(said, "status of 4") { // the pages that are meant to refuse
			t.Errorf("the console of the browser: %s", said)
		}
	}
}
