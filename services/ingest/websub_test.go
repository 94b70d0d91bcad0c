package ingest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/ingest"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/runner"
)

const pushedFeed = `<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><atom:link rel="hub" href="/hub"/><title>Mairie</title><item><guid>%s</guid><title>%s</title><pubDate>%s</pubDate></item></channel></rss>`

// TestHubPushesToTheBus: a feed polled once names a hub; what the hub then pushes
// is on the bus when it is answered.
func TestHubPushesToTheBus(t *testing.T) {
	js := eventstest.JetStream(t)
	now := time.Now().UTC().Format(time.RFC1123Z)
	subscribed := make(chan url.Values, 4)
	town := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hub" {
			if err := r.ParseForm(); err != nil {
				t.Error(err)
			}
			subscribed <- r.PostForm
			w.WriteHeader(http.StatusAccepted)
			return
		}
		fmt.Fprintf(w, pushedFeed, "1", "Marché", now)
	}))
	defer town.Close()
	mux := http.NewServeMux()
	ours := httptest.NewServer(mux)
	defer ours.Close()
	s, err := ingest.New(run.Deps{NATS: js.Conn(), JetStream: js}, ingest.Config{
		Fetch:  fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		Runner: runner.Config{Gap: -1}, Alone: true, PublicURL: ours.URL + "/",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s.Handlers() {
		mux.Handle(r.Pattern, r.Handler)
	}
	start(t, s)
	reg, err := registry.Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reg.Sources.Put(t.Context(), registry.Source{Authority: "bordeaux", ID: "site", Name: "Site", Kind: "feed", URL: town.URL + "/flux"}); err != nil {
		t.Fatal(err)
	}
	form := <-subscribed
	callback := form.Get("hub.callback")
	if !strings.HasPrefix(callback, ours.URL+"/hooks/bordeaux/site?k=") {
		t.Fatalf("callback %s", callback)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, callback+"&"+url.Values{"hub.mode": {"subscribe"}, "hub.topic": {form.Get("hub.topic")}, "hub.challenge": {"42"}}.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", res, err)
	}
	_ = res.Body.Close()
	eventstest.Eventually(t, func() bool { return len(raws(t, js)) == 1 }, wait, "polled")
	body := fmt.Sprintf(pushedFeed, "2", "Coupure d'eau", now)
	mac := hmac.New(sha256.New, []byte(form.Get("hub.secret")))
	mac.Write([]byte(body))
	if req, err = http.NewRequestWithContext(t.Context(), http.MethodPost, callback, strings.NewReader(body)); err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Hub-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	if res, err = http.DefaultClient.Do(req); err != nil || res.StatusCode != http.StatusAccepted {
		t.Fatalf("%v, %v", res, err)
	}
	_ = res.Body.Close()
	if got := raws(t, js); len(got) != 2 || got[1].Item != "2" || got[1].Backlog {
		t.Errorf("raws %+v", got)
	}
}
