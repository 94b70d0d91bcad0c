package ingest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
)

// TestTryIsAnsweredOverNATS: what the console's "coller une adresse" asks.
func TestTryIsAnsweredOverNATS(t *testing.T) {
	eventstest.NoLeak(t)
	var asked atomic.Int64
	now := time.Now().UTC().Format(time.RFC1123Z)
	mux := http.NewServeMux()
	page := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { asked.Add(1); fmt.Fprint(w, body) }
	}
	item := func(n, words int) string {
		return fmt.Sprintf("<item><guid>%d</guid><title>Avis %d</title><link>https://mairie.example/%d</link><pubDate>%s</pubDate><description>%s</description></item>", n, n, n, now, strings.Repeat("eau ", words))
	}
	many := func(count, words int) string {
		var b strings.Builder
		for n := range count {
			b.WriteString(item(n, words))
		}
		return `<rss version="2.0"><channel><title> Mairie &amp;amp;  de Foix </title>` + b.String() + "</channel></rss>"
	}
	mux.HandleFunc("/two", page(many(2, 3)))
	mux.HandleFunc("/many", page(many(150, 3)))
	mux.HandleFunc("/large", page(many(40, 30_000)))
	mux.HandleFunc("/toolarge", page(`<rss version="2.0"><channel>`+item(1, 200_000)+item(2, 80_000)+item(3, 3)+"</channel></rss>"))
	mux.HandleFunc("/page", page(`<!doctype html><title>Ville de Foix</title><link rel="alternate" type="application/rss+xml" href="/untitled">`))
	mux.HandleFunc("/untitled", page(`<rss version="2.0"><channel>`+item(1, 3)+"</channel></rss>"))
	mux.HandleFunc("/calendar", page("BEGIN:VCALENDAR\r\nX-WR-CALNAME:Agenda\\, Foix\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Marché\r\nDTSTART:20991201T080000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"))
	article := "<h1>Coupure d’eau</h1>" + strings.Repeat("<p>L’eau sera coupée rue des Érables, lundi, de huit heures à midi, pour réparer une conduite.</p>", 8)
	mux.HandleFunc("/article", page("<!doctype html><html><head><title>Coupure d’eau</title></head><body><article>"+article+"</article></body></html>"))
	mux.HandleFunc("/deadfeed", page(`<!doctype html><html><head><title>Mairie</title><link rel="alternate" type="application/rss+xml" href="/gone"></head><body><article>`+article+"</article></body></html>"))
	mux.HandleFunc("/gone", http.NotFound)
	mux.HandleFunc("/robots.txt", http.NotFound)
	mux.HandleFunc("/nothing", page("<html><body>Mairie</body></html>"))
	server := httptest.NewServer(mux)
	defer server.Close()
	js := eventstest.JetStream(t)
	start(t, newService(t, js))
	nc := js.Conn()

	ask := func(path string, limit int) (call.TryReply, error) {
		return call.Ask(t.Context(), nc, call.Try, call.TryRequest{Authority: "foix", URL: server.URL + path, Limit: limit})
	}
	for name, want := range map[string]struct {
		path, kind, title string
		limit             int
		total, shown      int
		refused           int
	}{
		"two items":               {path: "/two", kind: "feed", title: "Mairie & de Foix", total: 2, shown: 2},
		"the usual limit":         {path: "/many", kind: "feed", title: "Mairie & de Foix", total: 150, shown: 20},
		"the most":                {path: "/many", kind: "feed", title: "Mairie & de Foix", limit: 1000, total: 150, shown: 100},
		"cut to what NATS takes":  {path: "/large", kind: "feed", title: "Mairie & de Foix", limit: 100, total: 40, shown: 8},
		"refused ones are told":   {path: "/toolarge", kind: "feed", total: 3, shown: 3, refused: 2},
		"a page leads to a feed":  {path: "/page", kind: "feed", title: "Ville de Foix", total: 1, shown: 1},
		"a page is one":           {path: "/article", kind: "page", title: "Coupure d’eau", total: 1, shown: 1},
		"a page with a dead feed": {path: "/deadfeed", kind: "page", title: "Mairie", total: 1, shown: 1},
		"a calendar has its name": {path: "/calendar", kind: "ical", title: "Agenda, Foix", limit: 1, total: 1, shown: 1},
	} {
		got, err := ask(want.path, want.limit)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		refused := 0
		for _, r := range got.Records {
			if r.Refused != "" {
				refused++
				continue
			}
			var entry record.Entry
			if err := r.Raw.Validate(); err != nil || json.Unmarshal(r.Raw.Record, &entry) != nil || entry.Title == "" || r.Raw.Authority != "foix" || r.Raw.Kind != want.kind || r.Raw.Revision != 1 {
				t.Errorf("%s: %+v, %v", name, r.Raw, err)
			}
		}
		if got.Kind != want.kind || got.Name != want.title || got.Total != want.total || len(got.Records) != want.shown || refused != want.refused || got.Every <= 0 {
			t.Errorf("%s: %s %q, %d of %d, %d refused, every %s", name, got.Kind, got.Name, len(got.Records), got.Total, refused, got.Every)
		}
	}
	asked.Store(0)
	if _, err := ask("/two", 1); err != nil || asked.Load() != 1 {
		t.Errorf("an address was asked %d times, %v", asked.Load(), err)
	}
	if len(raws(t, js)) != 0 {
		t.Error("a trial published")
	}

	if _, err := ask("/nothing", 1); events.OutcomeOf(err).Reason != events.ReasonUnsupported || events.OutcomeOf(err).Kind != events.PermanentFailure {
		t.Errorf("no source: %v", err)
	}
	for address, reason := range map[string]events.Reason{
		"http://169.254.169.254/latest/meta-data/?token=s3cret": events.ReasonForbidden,
		"http://[::ffff:10.0.0.1]/":                             events.ReasonForbidden,
		"file:///etc/passwd":                                    events.ReasonInvalidConfig,
		"":                                                      events.ReasonInvalidConfig,
	} {
		_, err := call.Ask(t.Context(), nc, call.Try, call.TryRequest{Authority: "foix", URL: address})
		if events.OutcomeOf(err).Reason != reason || strings.Contains(fmt.Sprint(err), "s3cret") {
			t.Errorf("%q: %v", address, err)
		}
	}
	if _, err := call.Ask(t.Context(), nc, call.Try, call.TryRequest{Authority: "Foix >", URL: server.URL + "/two"}); events.OutcomeOf(err).Reason != events.ReasonInvalidEvent {
		t.Errorf("authority: %v", err)
	}
}
