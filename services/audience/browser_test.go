package audience_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/web/webtest"
)

// manyWays is a notice said in plain French, in English and in Arabic.
func manyWays() events.Publication {
	p := news("n1", "eau")
	onset := p.At.Add(time.Hour)
	p.Onset = &onset
	p.Variants = []events.Content{
		{Language: "en", Title: "Water cut in rue de l’Église", Text: "The water will be cut on Tuesday from 9 am to noon.\n\nKeep some in a jug."},
		{Language: "fr-simple", Title: "Pas d’eau mardi", Text: "Mardi matin, il n’y a pas d’eau au robinet.\n\nGardez de l’eau dans une bouteille."},
		{Language: "ar", Title: "قطع المياه", Text: "سيتم قطع المياه يوم الثلاثاء."},
	}
	return p
}

func TestANoticeIsSaidInEveryWay(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	p := manyWays()
	tw.publish(p)
	self := "/c/pessac/p/" + p.ID
	eventstest.Eventually(t, func() bool { return tw.get(self).Code == 200 }, 20*time.Second)
	page := tw.has(self, "L’eau sera coupée mardi", `lang="fr-simple"`, "Facile à lire et à comprendre", "Mardi matin, il n’y a pas d’eau", `lang="en"`, "English", "Keep some in a jug",
		`lang="ar" dir="rtl"`, "العربية", `href="/feeds/pessac/topic/eau.rss"`, `href="/feeds/pessac/topic/eau.ics"`, `href="/feeds/pessac/infos.rss"`)
	if strings.Index(page, "L’eau sera coupée") > strings.Index(page, "Mardi matin, il") || strings.Index(page, "Mardi matin, il") > strings.Index(page, "Keep some") {
		t.Error("not the source’s words, then the plain ones, then translations")
	}
	english := tw.has(self+"?lang=en", "<h1>Water cut in rue de l’Église</h1>", "Mardi matin, il n’y a pas d’eau", "L’eau sera coupée mardi", "Français")
	if strings.Index(english, "Keep some") > strings.Index(english, "L’eau sera coupée") {
		t.Error("a reader of English reads French first")
	}
	tw.has("/c/pessac", `href="/feeds/pessac.ics"`, `href="/feeds/pessac.cap"`, `href="/feeds/pessac/alertes.rss"`, `href="/feeds/pessac/topic/eau.rss"`)
}

func TestAlertsLeadToTheirCAPMessage(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	p := news("a1", "meteo")
	p.ID, p.Stream, p.Class, p.Severity = events.PublicationID("pessac", "alertes", "a1"), "alertes", events.ClassAlert, events.SeveritySevere
	tw.publish(p)
	self := "/c/pessac/p/" + p.ID
	eventstest.Eventually(t, func() bool { return tw.get(self).Code == 200 }, 20*time.Second)
	tw.has(self, `href="/feeds/pessac/cap/`+p.ID+`.1.xml"`)
}

func TestWebApp(t *testing.T) {
	t.Parallel()
	tw := newTown(t, withPush)
	tw.has("/c/pessac", `rel="manifest" href="/c/pessac/manifest.webmanifest"`, `rel="apple-touch-icon" sizes="180x180" href="/assets/icon/0b6e4f.180.`)
	tw.has(device, `href="/c/pessac/manifest.webmanifest?notifications=1"`)
	tw.has("/c/pessac/manifest.webmanifest", `"start_url":"/c/pessac"`, `"scope":"/c/pessac"`, `"display":"standalone"`, `"theme_color":"#0b6e4f"`, `/assets/icon/0b6e4f.512.`)
	tw.has("/c/pessac/manifest.webmanifest?notifications=1", `"start_url":"/c/pessac/notifications"`)
	if w := tw.get("/c/nulle-part/manifest.webmanifest"); w.Code != 404 {
		t.Errorf("nobody’s: %d", w.Code)
	}
}

func TestEveryPageInABrowser(t *testing.T) {
	t.Parallel()
	b := webtest.New(t)
	tw := newTown(t, withPush)
	site := httptest.NewServer(tw.http)
	t.Cleanup(site.Close)
	p := manyWays()
	tw.publish(p)
	gone := news("n2", "dechets")
	gone.Content.Title = "Collecte avancée à jeudi"
	tw.publish(gone)
	gone.Revision, gone.MsgType, gone.Reason = 2, events.MsgCancel, "La collecte est maintenue."
	tw.publish(gone)
	alert := news("n3", "meteo")
	alert.ID, alert.Stream, alert.Class, alert.Severity = events.PublicationID("pessac", "alertes", "n3"), "alertes", events.ClassAlert, events.SeveritySevere
	alert.Content.Title, alert.Content.Instruction = "Vigilance orange vent violent", "Ne sortez pas en forêt."
	tw.publish(alert)
	eventstest.Eventually(t, func() bool { return tw.get("/c/pessac/p/"+alert.ID).Code == 200 }, 20*time.Second)
	code, _ := tw.ask("sms", "06 12 34 56 78", "192.0.2.1", "infos")
	preferences, _ := tw.subscribe("email", "ana@boite.example", "192.0.2.2", "infos", "alertes")

	submit := func() { b.Follow(func() { b.Eval(nil, `document.querySelector("main form .primary").click()`) }) }
	for _, page := range []struct {
		name, path string
		act        func()
	}{
		{"home", "/", nil},
		{"search", "/?q=33600", nil},
		{"commune", "/c/pessac", func() { b.Eval(nil, `document.querySelectorAll("main details").forEach((d) => { d.open = true })`) }},
		{"commune-empty", "/c/bordeaux-metropole", nil},
		{"feeds", "/c/pessac/flux", nil},
		{"notice", "/c/pessac/p/" + p.ID, nil},
		{"notice-english", "/c/pessac/p/" + p.ID + "?lang=en", nil},
		{"cancelled", "/c/pessac/p/" + gone.ID, nil},
		{"alert", "/c/pessac/p/" + alert.ID, nil},
		{"sheet", "/c/pessac/p/" + alert.ID + "/affiche", nil},
		{"subscribe", "/c/pessac/abonnement", nil},
		{"subscribe-wrong", "/c/pessac/abonnement", submit},
		{"come-back", "/c/pessac/preferences", nil},
		{"code", code, nil},
		{"code-wrong", code, submit},
		{"preferences", preferences, nil},
		{"notifications", device, nil},
		{"verify", "/verifier", nil},
		{"accessibility", "/c/pessac/accessibilite", nil},
		{"legal", "/c/pessac/mentions", nil},
		{"not-found", "/c/nulle-part", nil},
	} {
		b.Go(site.URL + page.path)
		if page.act != nil {
			page.act()
		}
		b.Look(page.name)
	}
	for _, said := range b.Said() {
		if !strings.Contains(said, "status of 4") { // the pages that are meant to refuse
			t.Errorf("the console of the browser: %s", said)
		}
	}
}
