package audience_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
)

// has fails unless a page is found and says all of it.
func (tw *town) has(path string, want ...string) string {
	tw.t.Helper()
	w := tw.get(path)
	body := w.Body.String()
	if w.Code != http.StatusOK {
		tw.t.Errorf("%s: %d", path, w.Code)
	}
	for _, text := range want {
		if !strings.Contains(body, text) {
			tw.t.Errorf("%s lacks %q", path, text)
		}
	}
	return body
}

func TestPublicPages(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	p := news("n1", "eau")
	tw.publish(p)
	alert := news("n2", "meteo")
	alert.ID, alert.Stream, alert.Class, alert.Severity = events.PublicationID("pessac", "alertes", "n2"), "alertes", events.ClassAlert, events.SeveritySevere
	alert.Content.Title, alert.Content.Instruction = "Vents <violents>", "Restez chez vous."
	tw.publish(alert)
	hidden := news("n3", "eau")
	hidden.ID, hidden.Stream, hidden.Content.Title = events.PublicationID("pessac", "interne", "n3"), "interne", "Réunion interne"
	tw.publish(hidden)
	old := news("n4", "eau")
	old.Content.Title, old.Expires, old.At = "Périmé", time.Now().Add(-time.Hour), time.Now().Add(-48*time.Hour)
	tw.publish(old)
	self := "/c/pessac/p/" + p.ID
	eventstest.Eventually(t, func() bool { return tw.get("/c/pessac/p/"+old.ID).Code == 200 }, 20*time.Second)

	page := tw.has("/c/pessac", "Pessac\u00a0: ce qui se passe", "Coupure d’eau", "Vents &lt;violents&gt;", "Gravité forte", "/feeds/pessac.rss", "Ville de Pessac", `lang="fr"`)
	if strings.Contains(page, "Réunion interne") || strings.Contains(page, "Périmé") {
		t.Error("the page shows what is not public or out of date")
	}
	if strings.Index(page, "violents") > strings.Index(page, "Coupure") {
		t.Error("the alert is not first")
	}
	if !strings.Contains(page, "Restez chez vous.") {
		t.Error("the alert does not say what to do")
	}
	if page := tw.has("/c/pessac/p/"+alert.ID, "Restez chez vous."); strings.Index(page, "Restez chez vous.") > strings.Index(page, "Faites une réserve") {
		t.Error("an alert tells what happens before what to do")
	}
	if page := tw.has("/c/pessac?flux=alertes", "violents"); strings.Contains(page, "Coupure") {
		t.Error("the stream does not narrow")
	}
	tw.has(self, "Faites une réserve", "Ce message est authentique", "https://infos.example/p/"+p.ID[:12], "Licence Ouverte")
	tw.has("/?q=33600", "Pessac", "66\u202f760")
	if page := tw.has("/?q=b%C3%A8gles", "Aucune collectivité", "Bègles (33)"); strings.Contains(page, "Vérifiez l’orthographe") {
		t.Error("a town that is known is told as misspelt")
	}
	tw.has("/?q=xyzzy", "Vérifiez l’orthographe")
	for _, missing := range []string{"/c/nulle-part", "/c/pessac/p/nothing", "/c/bordeaux-metropole/p/" + p.ID, "/d/AAAAAAAAAAAAAAAA", "/preferences/x", "/p/zzzzzzzzzzzz"} {
		if w := tw.get(missing); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", missing, w.Code)
		}
	}

	// what visitors do is counted once a day and person
	for range 2 {
		if w := tw.get("/p/" + p.ID[:12]); w.Code != http.StatusFound || w.Header().Get("Location") != self {
			t.Fatalf("short link: %d %s", w.Code, w.Header().Get("Location"))
		}
		if w := tw.call(http.MethodPost, self+"/avis", url.Values{"avis": {"useful"}}, "192.0.2.1"); w.Code != http.StatusSeeOther {
			t.Fatalf("useful: %d", w.Code)
		}
	}
	if w := tw.call(http.MethodPost, self+"/avis", url.Values{"avis": {"delivered"}}, "192.0.2.1"); w.Code != http.StatusBadRequest {
		t.Errorf("a forged opinion: %d", w.Code)
	}
	for _, status := range []events.ReceiptStatus{events.StatusClicked, events.StatusUseful} {
		list := tw.receipts(status)
		if len(list) != 1 || list[0].Publication != p.ID || list[0].Topic != "eau" || strings.Contains(list[0].Recipients[0].ID, "192") {
			t.Errorf("%s: %+v", status, list)
		}
	}

	// a correction and then a withdrawal are told
	p.Revision, p.MsgType, p.Reason = 2, events.MsgUpdate, "L’heure a changé."
	tw.publish(p)
	eventstest.Eventually(t, func() bool { return strings.Contains(tw.get(self).Body.String(), "Rectifié (version 2)") }, 20*time.Second)
	p.Revision, p.MsgType = 3, events.MsgCancel
	tw.publish(p)
	eventstest.Eventually(t, func() bool {
		return strings.Contains(tw.get(self).Body.String(), "Cette information est annulée")
	}, 20*time.Second)
}

func TestACommunesPageBeginsWithWhatIsNear(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	now := time.Now()
	put := func(id, title string, class events.Class, said, onset time.Duration) {
		p := news(id, "culture")
		p.Class, p.Content.Title, p.At = class, title, now.Add(-said)
		begins := now.Add(onset)
		p.Onset, p.Expires = &begins, now.Add(90*24*time.Hour)
		tw.publish(p)
	}
	const day = 24 * time.Hour
	for i := range 8 {
		put(fmt.Sprint("show", i), fmt.Sprintf("Spectacle %d", i), events.ClassPromotional, time.Minute, time.Duration(20-i)*day)
	}
	put("works", "Travaux de l’hiver", events.ClassService, time.Minute, -60*day)
	put("cut", "Coupure : ce soir", events.ClassService, 3*day, 8*time.Hour)
	eventstest.Eventually(t, func() bool { return strings.Contains(tw.get("/c/pessac").Body.String(), "ce soir") }, 20*time.Second)
	page := tw.has("/c/pessac", "Coupure\u00a0: ce soir", "Voir les 3 autres", `href="/impact/pessac"`)
	last := 0
	for _, title := range []string{"ce soir", "Travaux de l’hiver", "Spectacle 7", "Spectacle 3", "Voir les 3 autres", "Spectacle 2", "Spectacle 0"} {
		at := strings.Index(page, title)
		if at < last {
			t.Errorf("%q is out of its place", title)
		}
		last = at
	}
}

func TestLegalPagesAreTheAuthoritys(t *testing.T) {
	t.Parallel()
	tw := newTown(t, func(tw *town) {
		_, _, err := tw.reg.Authorities.Modify(tw.t.Context(), registry.Key{"pessac"}, func(a *registry.Authority) error {
			a.ContactURL, a.Legal = "https://pessac.example/contact", registry.Legal{Director: "Ana Dupont", Host: "Hébergeur SA, Bègles", DPO: "dpd@pessac.example"}
			return nil
		})
		if err != nil {
			tw.t.Fatal(err)
		}
	})
	tw.has("/c/pessac", `href="/c/pessac/mentions"`, `href="/c/pessac/accessibilite"`)
	tw.has("/c/pessac/mentions", "Pessac est responsable de ces données", "https://pessac.example/contact", "Ana Dupont", "Hébergeur SA, Bègles", "mailto:dpd@pessac.example", "Base légale", "Durée")
	tw.has("/c/pessac/accessibilite", "écrivez à Pessac", "https://pessac.example/contact")
}

func TestASheetToPrint(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	p := news("n1", "eau")
	tw.publish(p)
	self := "/c/pessac/p/" + p.ID
	eventstest.Eventually(t, func() bool { return tw.get(self).Code == 200 }, 20*time.Second)
	tw.has(self, self+"/affiche")
	tw.has(self+"/affiche", "Coupure d’eau", "Faites une réserve", "https://infos.example/p/"+p.ID[:12], `src="`+self+`/qr.svg"`)
	tw.has(self+"/qr.svg", "<svg", "M4 4h7v1h-7z")
	if w := tw.get("/c/pessac/p/nothing/qr.svg"); w.Code != http.StatusNotFound {
		t.Errorf("of nothing: %d", w.Code)
	}
}

func TestFeedsAreListedForPeople(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	tw.has("/c/pessac/flux", `href="/feeds/pessac.ics"`, `href="/feeds/pessac/alertes.rss"`, `href="/feeds/pessac/topic/eau.rss"`, "lecteur de flux")
	if w := tw.get("/c/bordeaux-metropole/flux"); w.Code != http.StatusNotFound {
		t.Errorf("of who has none: %d", w.Code)
	}
}

func TestWhatTheSummarySaysIsNotSaidAgain(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	for id, c := range map[string]struct {
		summary, text string
		times         int
	}{
		"whole":     {"L’eau sera coupée.", "L’eau sera coupée.", 1},
		"beginning": {"L’eau sera coupée.", "L’eau  sera coupée. Faites une réserve.", 1},
		"cut":       {"L’eau sera coupée…", "L’eau sera coupée mardi.", 1},
		"apart":     {"L’eau sera coupée.", "Faites une réserve : l’eau sera coupée. L’eau sera coupée, oui.", 2},
	} {
		p := news(id, "eau")
		p.Content.Summary, p.Content.Text = c.summary, c.text
		tw.publish(p)
		self := "/c/pessac/p/" + p.ID
		eventstest.Eventually(t, func() bool { return tw.get(self).Code == 200 }, 20*time.Second)
		_, page, _ := strings.Cut(tw.get(self).Body.String(), "<article")
		page, _, _ = strings.Cut(page, "</article")
		if got := strings.Count(strings.Join(strings.Fields(page), " "), "L’eau sera coupée"); got != c.times {
			t.Errorf("%s: said %d times, want %d", id, got, c.times)
		}
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	p := news("n1", "eau")
	tw.publish(p)
	self := "/c/pessac/p/" + p.ID
	eventstest.Eventually(t, func() bool { return tw.get(self).Code == 200 }, 20*time.Second)
	sealed := tw.get(self + "/sceau").Body.String()
	tw.has("/.well-known/crieur.json", `"crv": "Ed25519"`, `"kty": "OKP"`)
	for name, tc := range map[string]struct{ proof, want string }{
		"the seal":          {sealed, "Ce message est authentique"},
		"a changed seal":    {strings.Replace(sealed, "coupée", "gratuite", 1), "Ce sceau n’est pas valable"},
		"the short address": {"infos.example/p/" + p.ID[:12], "Ce message est authentique"},
		"the short name":    {"https://inf.example/p/" + p.ID[:12], "Ce message est authentique"},
		"a look-alike":      {"https://infos-example.net/p/" + p.ID[:12], "Ce message ne vient pas d’ici"},
		"an unknown one":    {"https://infos.example/p/zzzzzzzzzzzz", "Ce message ne vient pas d’ici"},
		"rubbish":           {"{", "Ceci n’est pas un sceau lisible"},
		"nothing":           {" ", "Recopiez l’adresse"},
	} {
		w := tw.call(http.MethodPost, "/verifier", url.Values{"proof": {tc.proof}}, "192.0.2.1")
		if !strings.Contains(w.Body.String(), tc.want) {
			t.Errorf("%s: no %q", name, tc.want)
		}
	}
}

func TestPreferences(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	prefs, id := tw.subscribe("sms", "06 12 34 56 78", "192.0.2.1", "infos")
	do := func(form url.Values) {
		t.Helper()
		if w := tw.call(http.MethodPost, prefs, form, "192.0.2.1"); w.Code != http.StatusSeeOther {
			t.Fatalf("%v: %d", form, w.Code)
		}
	}
	ask := func(class events.Class) (events.Reason, time.Time) {
		c := tw.resolve(events.Delivery{Authority: "pessac", Stream: "infos", Kind: "sms", Class: class, Subscribers: []string{id}})[0]
		return c.Reason, c.HoldUntil
	}
	now := time.Now().In(paris(t))
	do(url.Values{
		"do": {"save"}, "topics-0": {"", "eau"}, "language": {"en"},
		"from": {now.Add(-time.Hour).Format("15:04")}, "to": {now.Add(time.Hour).Format("15:04")},
	})
	if reason, hold := ask(events.ClassService); reason != "" || !hold.After(time.Now()) {
		t.Errorf("quiet hours: %q %s", reason, hold)
	}
	if reason, hold := ask(events.ClassAlert); reason != "" || !hold.IsZero() {
		t.Errorf("an alert waits: %q %s", reason, hold)
	}
	tw.has(prefs+"/export", `"language": "en"`, `"eau"`)
	do(url.Values{"do": {"pause"}, "days": {"7"}})
	if reason, _ := ask(events.ClassService); reason != events.ReasonOptedOut {
		t.Errorf("paused: %q", reason)
	}
	if reason, _ := ask(events.ClassAlert); reason != events.ReasonOptedOut {
		t.Errorf("an alert while all is paused: %q", reason)
	}
	tw.has(prefs, "en pause jusqu’au")
	do(url.Values{"do": {"resume"}})
	do(url.Values{"do": {"pause"}, "days": {"7"}, "alerts": {"1"}})
	if reason, _ := ask(events.ClassService); reason != events.ReasonOptedOut {
		t.Errorf("paused but for alerts, a service message: %q", reason)
	}
	if reason, hold := ask(events.ClassAlert); reason != "" || !hold.IsZero() {
		t.Errorf("paused but for alerts, an alert: %q %s", reason, hold)
	}
	tw.has(prefs, "sauf les alertes")
	do(url.Values{"do": {"resume"}})
	if reason, _ := ask(events.ClassService); reason != "" {
		t.Errorf("resumed: %q", reason)
	}
	do(url.Values{"do": {"leave"}, "line": {"0"}})
	if reason, _ := ask(events.ClassService); reason != events.ReasonOptedOut {
		t.Errorf("left: %q", reason)
	}
	if h := tw.get(prefs).Header(); h.Get("Cache-Control") != "no-store" || !strings.Contains(h.Get("X-Robots-Tag"), "noindex") {
		t.Error("the page may be kept by others")
	}
}

// TestQuietHoursAreOfTheResidentsClock: told by the browser, or chosen.
func TestQuietHoursAreOfTheResidentsClock(t *testing.T) {
	t.Parallel()
	const away = "Indian/Reunion"
	there, err := time.LoadLocation(away)
	if err != nil {
		t.Fatal(err)
	}
	tw := newTown(t)
	w := tw.call(http.MethodPost, "/c/pessac/abonnement", url.Values{
		"stream": {"infos"}, "kind": {"sms"}, "sms": {"06 12 34 56 78"}, "consent": {"1"}, "zone": {away},
	}, "192.0.2.1")
	d := tw.await(1)[0]
	w = tw.call(http.MethodPost, w.Header().Get("Location"), url.Values{"code": {sixDigits.FindString(d.Rendition.Text)}}, "192.0.2.1")
	prefs := w.Header().Get("Location")
	tw.has(prefs+"/export", `"timeZone": "`+away+`"`)
	tw.has(prefs, `value="`+away+`" selected`, "Nouvelle-Calédonie")
	for name, tc := range map[string]struct {
		zone string
		of   *time.Location // whose clock the hours are around now on
		held bool
	}{
		"there, by the clock there": {away, there, true},
		"there, by Pessac's clock":  {away, paris(t), false},
		"in Pessac":                 {"", paris(t), true},
		"in Pessac, named":          {"Europe/Paris", paris(t), true},
		"nowhere":                   {"Atlantis/Poseidonis", paris(t), true},
	} {
		now := time.Now().In(tc.of)
		form := url.Values{"do": {"save"}, "zone": {tc.zone}, "from": {now.Add(-time.Hour).Format("15:04")}, "to": {now.Add(time.Hour).Format("15:04")}}
		if w := tw.call(http.MethodPost, prefs, form, "192.0.2.1"); w.Code != http.StatusSeeOther {
			t.Fatalf("%s: %d", name, w.Code)
		}
		c := tw.resolve(events.Delivery{Authority: "pessac", Stream: "infos", Kind: "sms", Class: events.ClassService, Subscribers: d.Subscribers})[0]
		if held := !c.HoldUntil.IsZero(); held != tc.held {
			t.Errorf("%s: held until %s", name, c.HoldUntil)
		}
	}
}

func TestAResidentAsksForPlainFrench(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	prefs, id := tw.subscribe("sms", "06 12 34 56 79", "192.0.2.1", "infos")
	told := func() string {
		return tw.resolve(events.Delivery{Authority: "pessac", Stream: "infos", Kind: "sms", Class: events.ClassService, Subscribers: []string{id}})[0].Language
	}
	tw.has(prefs, `<option value="fr-simple">Facile à lire et à comprendre</option>`, `<option value="en">English</option>`)
	for _, c := range []struct{ asked, want string }{{"fr-simple", "fr-simple"}, {"tlh", "fr-simple"}, {"", "fr-simple"}, {"fr", "fr"}} {
		if w := tw.call(http.MethodPost, prefs, url.Values{"do": {"save"}, "language": {c.asked}}, "192.0.2.1"); w.Code != http.StatusSeeOther {
			t.Fatalf("%q: %d", c.asked, w.Code)
		}
		if got := told(); got != c.want {
			t.Errorf("asked for %q: told in %q, want %q", c.asked, got, c.want)
		}
	}
}

func paris(t *testing.T) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestOneChoosesNotificationsAmongTheOthers(t *testing.T) {
	t.Parallel()
	tw := newTown(t, withPush)
	tw.has("/c/pessac/abonnement", "Notification sur cet appareil", `name="sms"`, `name="email"`)
	w := tw.call(http.MethodPost, "/c/pessac/abonnement", url.Values{"stream": {"infos"}, "topic": {"eau", "culture"}, "kind": {"push"}}, "192.0.2.1")
	to := w.Header().Get("Location")
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(to, device+"?") {
		t.Fatalf("%d %q", w.Code, to)
	}
	page := tw.has(to, `value="infos" checked`, `value="eau" checked`, `value="culture" checked`)
	if strings.Contains(page, `value="dechets" checked`) {
		t.Error("the page ticks what was not chosen")
	}
}

func TestSubscribeRefusesWhatIsWrong(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	for i, tc := range []struct {
		form url.Values
		want string
	}{
		{url.Values{"kind": {"sms"}, "sms": {"0612345678"}, "consent": {"1"}}, "Cochez au moins une réponse"},
		{url.Values{"stream": {"ailleurs"}, "kind": {"sms"}, "sms": {"0612345678"}, "consent": {"1"}}, "Cochez au moins une réponse"},
		{url.Values{"stream": {"infos"}, "kind": {"push"}, "consent": {"1"}}, "Choisissez comment être prévenu"},
		{url.Values{"stream": {"infos"}, "kind": {"sms"}, "sms": {"0556123456"}, "consent": {"1"}}, "numéro de mobile, comme"},
		{url.Values{"stream": {"infos"}, "kind": {"email"}, "email": {"0612345678"}, "consent": {"1"}}, "adresse de courriel, comme"},
		{url.Values{"stream": {"infos"}, "kind": {"sms"}, "sms": {"0612345678"}}, "Votre accord est nécessaire"},
	} {
		w := tw.call(http.MethodPost, "/c/pessac/abonnement", tc.form, "198.51.100."+string(rune('1'+i)))
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), tc.want) {
			t.Errorf("%v: %d", tc.form, w.Code)
		}
	}
	for i := range 6 { // one address may not try for ever
		w := tw.call(http.MethodPost, "/c/pessac/abonnement", url.Values{}, "203.0.113.77")
		if i == 5 && w.Code != http.StatusTooManyRequests {
			t.Errorf("the sixth try: %d", w.Code)
		}
	}
	if n := len(tw.queue(10)); n != 0 {
		t.Errorf("%d messages were sent", n)
	}
}

// TestCodesAbroadAreFew: from however many addresses they are asked for.
func TestCodesAbroadAreFew(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	ask := func(n int, number string) int {
		form := url.Values{"stream": {"infos"}, "kind": {"sms"}, "sms": {number}, "consent": {"1"}}
		return tw.call(http.MethodPost, "/c/pessac/abonnement", form, fmt.Sprintf("198.51.100.%d", n)).Code
	}
	taken := 0
	for n := range 25 {
		if ask(n, fmt.Sprintf("+324701234%02d", n)) == http.StatusSeeOther {
			taken++
		}
	}
	if taken != 20 {
		t.Errorf("%d codes abroad", taken)
	}
	if status := ask(99, "0612345678"); status != http.StatusSeeOther {
		t.Errorf("a number of here: %d", status)
	}
}

// TestNobodySubscribesToWhatWouldNeverCome: a stream is offered where it is
// sent to people, and by what it is sent.
func TestNobodySubscribesToWhatWouldNeverCome(t *testing.T) {
	t.Parallel()
	tw := newTown(t, withPush, func(tw *town) {
		for _, s := range []registry.Stream{
			{Authority: "pessac", ID: "agenda", Name: "Sortir à Pessac", Public: true, Channels: []string{"flux"}},
			{Authority: "pessac", ID: "lettre", Name: "La lettre du maire", Channels: []string{"mail"}},
		} {
			if _, err := tw.reg.Streams.Put(tw.t.Context(), s); err != nil {
				tw.t.Fatal(err)
			}
		}
	})
	page := tw.has("/c/pessac/abonnement", "Alertes", "Infos pratiques", "La lettre du maire")
	if strings.Contains(page, "Sortir à Pessac") {
		t.Error("a stream that is sent to nobody is offered")
	}
	if strings.Index(page, `value="alertes"`) > strings.Index(page, `value="infos"`) {
		t.Error("alerts are not offered first")
	}
	if page := tw.has(device, "Infos pratiques"); strings.Contains(page, "La lettre du maire") {
		t.Error("a stream without notifications is offered by notification")
	}
	form := url.Values{"stream": {"infos", "lettre"}, "kind": {"sms"}, "sms": {"0612345678"}, "consent": {"1"}}
	w := tw.call(http.MethodPost, "/c/pessac/abonnement", form, "192.0.2.1")
	if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "n’est pas envoyé par SMS") {
		t.Errorf("a letter by SMS: %d", w.Code)
	}
	form.Set("kind", "email")
	form.Set("email", "zoe@boite.example")
	if w := tw.call(http.MethodPost, "/c/pessac/abonnement", form, "192.0.2.1"); w.Code != http.StatusSeeOther {
		t.Errorf("a letter by e-mail: %d", w.Code)
	}
}

// TestWhoLostTheLinkFindsThePreferences: an SMS has no link to them.
func TestWhoLostTheLinkFindsThePreferences(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	const back = "/c/pessac/preferences"
	prefs, id := tw.subscribe("sms", "06 12 34 56 78", "192.0.2.1", "infos")
	tw.has("/c/pessac/abonnement", `href="`+back+`"`)
	if page := tw.has(back, "Retrouver mes préférences", `name="sms"`, `name="email"`); strings.Contains(page, `name="consent"`) {
		t.Error("a consent is asked of who subscribes to nothing")
	}
	if w := tw.call(http.MethodPost, back, url.Values{"kind": {"sms"}, "sms": {"06"}}, "192.0.2.2"); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("no number: %d", w.Code)
	}
	ask := func(number string) (string, events.Delivery) {
		t.Helper()
		w := tw.call(http.MethodPost, back, url.Values{"kind": {"sms"}, "sms": {number}}, "192.0.2.2")
		if w.Code != http.StatusSeeOther {
			t.Fatalf("%s: %d", number, w.Code)
		}
		return w.Header().Get("Location"), tw.await(1)[0]
	}
	enter := func(path string, d events.Delivery) string {
		t.Helper()
		w := tw.call(http.MethodPost, path, url.Values{"code": {sixDigits.FindString(d.Rendition.Text)}}, "192.0.2.2")
		if w.Code != http.StatusSeeOther {
			t.Fatalf("confirm: %d", w.Code)
		}
		return w.Header().Get("Location")
	}
	path, d := ask("0612345678")
	tw.has(path, `href="`+back+`"`)
	if to := enter(path, d); to != prefs || d.Subscribers[0] != id {
		t.Errorf("the code leads to %s, not %s", to, prefs)
	}
	tw.has(prefs, "Infos pratiques, par SMS")

	// a stranger is told no more than a subscriber before his code, and leaves nothing
	path, d = ask("0698765432")
	if to := enter(path, d); to != "/c/pessac/abonnement" {
		t.Errorf("a stranger's code leads to %s", to)
	}
	if w := tw.get(path); w.Code != http.StatusNotFound {
		t.Errorf("a stranger is kept: %d", w.Code)
	}
}

// TestWhoGotNoCodeChoosesOnce: but the contact, which may be what was wrong.
func TestWhoGotNoCodeChoosesOnce(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	w := tw.call(http.MethodPost, "/c/pessac/abonnement", url.Values{"stream": {"infos"}, "topic": {"eau"}, "kind": {"email"}, "email": {"zoe@boite.example"}, "consent": {"1"}}, "192.0.2.1")
	page := tw.has(w.Header().Get("Location"), "recommencer")
	_, again, _ := strings.Cut(page, `<a href="/c/pessac/abonnement?`)
	again, _, _ = strings.Cut(again, `"`)
	page = tw.has("/c/pessac/abonnement?"+html.UnescapeString(again), `value="infos" checked`, `value="eau" checked`, `value="email" checked`)
	for _, wrong := range []string{`value="alertes" checked`, `value="sms" checked`, "zoe@"} {
		if strings.Contains(page, wrong) {
			t.Errorf("the page begins again with %s", wrong)
		}
	}
}
