package audience_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/crieur/crieur/events"
)

// A person who subscribed twice, and proves both contacts, has one page.
func TestTwoSubscriptionsOfOnePersonBecomeOne(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	prefs, id := tw.subscribe("sms", "06 12 34 56 78", "192.0.2.1", "infos")
	apart, other := tw.subscribe("email", "zoe@boite.example", "192.0.2.2", "alertes")
	w := tw.call(http.MethodPost, "/c/pessac/abonnement", url.Values{
		"stream": {"infos"}, "kind": {"email"}, "email": {"zoe@boite.example"}, "consent": {"1"}, "de": {strings.TrimPrefix(prefs, "/preferences/")},
	}, "192.0.2.3")
	if w.Code != http.StatusSeeOther {
		t.Fatalf("add: %d", w.Code)
	}
	code := tw.await(1)[0]
	if code.Subscribers[0] != id {
		t.Fatal("the code is another's")
	}
	w = tw.call(http.MethodPost, w.Header().Get("Location"), url.Values{"code": {sixDigits.FindString(code.Rendition.Text)}}, "192.0.2.3")
	if w.Header().Get("Location") != prefs {
		t.Fatalf("confirm: %d %s", w.Code, w.Header().Get("Location"))
	}
	tw.has(prefs, "••\u00a078", "z•••@b•••.example", "Alertes, par courriel", "Infos pratiques, par courriel", "Infos pratiques, par SMS")
	if w := tw.get(apart); w.Code != http.StatusNotFound {
		t.Errorf("the other page: %d", w.Code)
	}
	ask := func(id, stream string) events.Reason {
		return tw.resolve(events.Delivery{Authority: "pessac", Stream: stream, Kind: "email", Class: events.ClassService, Subscribers: []string{id}})[0].Reason
	}
	if ask(id, "alertes") != "" || ask(id, "infos") != "" || ask(other, "alertes") != events.ReasonNoConsent {
		t.Error("the subscriptions are not one person's")
	}
	// hours that cannot be taken are said at their field, and nothing is changed
	w = tw.call(http.MethodPost, prefs, url.Values{"do": {"save"}, "from": {"22:00"}, "to": {""}}, "192.0.2.1")
	if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "Indiquez les deux heures") {
		t.Errorf("half of the quiet hours: %d", w.Code)
	}
}
