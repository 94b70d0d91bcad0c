package cap

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

func alert(id, headline string) string {
	return `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>` + id + `</identifier><sender>s@meteo.example</sender><sent>2026-11-23T10:00:00+01:00</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope><info><language>fr-FR</language><category>Met</category><event>Orages</event><urgency>Future</urgency><severity>Moderate</severity><certainty>Likely</certainty><expires>2026-11-23T20:00:00+01:00</expires><headline>` + headline + `</headline><area><areaDesc>Gironde</areaDesc></area></info></alert>`
}

func embedded(alerts ...string) string {
	return `<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>x</id><content type="text/xml">` + strings.Join(alerts, `</content></entry><entry><id>y</id><content type="text/xml">`) + `</content></entry></feed>`
}

func TestContract(t *testing.T) {
	sourcetest.Run(t, sourcetest.Suite{
		Kind: Kind(), Document: []byte(embedded(alert("1", "Un"), alert("2", "Deux"))), ContentType: "application/atom+xml",
		Latin1: []byte(strings.ReplaceAll(alert("1", "Orages d'ETE"), "ETE", "\xe9t\xe9")),
		Twice:  []byte(embedded(alert("1", "Un"), alert("1", "Deux"))),
	})
}

// town serves an index of alerts and the alerts.
type town struct {
	*httptest.Server
	entries  atomic.Value // []string
	broken   atomic.Bool
	fetches  atomic.Int64
	notAlert atomic.Bool
}

func newTown(t *testing.T) (*town, *Alerts) {
	t.Helper()
	s := &town{}
	s.entries.Store([]string{"1", "2"})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/index" {
			w.Header().Set("ETag", fmt.Sprintf("%q", strings.Join(s.entries.Load().([]string), ",")))
			if r.Header.Get("If-None-Match") == w.Header().Get("ETag") {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			fmt.Fprint(w, `<feed xmlns="http://www.w3.org/2005/Atom">`)
			for _, id := range s.entries.Load().([]string) {
				fmt.Fprintf(w, `<entry><id>%s</id><updated>2026-11-23T10:00:00Z</updated><link rel="alternate" href="/page/%s"/><link type="application/cap+xml" href="/alert/%s"/></entry>`, id, id, id)
			}
			fmt.Fprint(w, `</feed>`)
			return
		}
		s.fetches.Add(1)
		id := strings.TrimPrefix(r.URL.Path, "/alert/")
		switch {
		case s.broken.Load() && id == "2":
			w.WriteHeader(http.StatusBadGateway)
		case s.notAlert.Load() && id == "2":
			fmt.Fprint(w, "<html><body>Maintenance</body></html>")
		default:
			fmt.Fprint(w, alert(id, "Alerte "+id))
		}
	}))
	t.Cleanup(s.Close)
	client, err := fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	a, err := New(source.Deps{HTTP: client}, source.Spec{URL: s.URL + "/index"})
	if err != nil {
		t.Fatal(err)
	}
	return s, a
}

func TestIndexIsFollowedOnce(t *testing.T) {
	t.Parallel()
	s, a := newTown(t)
	records, cur, err := a.Fetch(t.Context(), source.Cursor{})
	if err != nil || len(records) != 2 || records[0].Item != "1" {
		t.Fatalf("%+v, %v", records, err)
	}
	s.entries.Store([]string{"3", "1", "2"})
	records, cur, err = a.Fetch(t.Context(), cur)
	if err != nil || len(records) != 1 || records[0].Item != "3" || s.fetches.Load() != 3 {
		t.Errorf("%+v, %v, %d fetches", records, err, s.fetches.Load())
	}
	s.entries.Store([]string{"3"})
	if records, _, err = a.Fetch(t.Context(), cur); err != nil || len(records) != 0 {
		t.Errorf("%+v, %v", records, err)
	}
}

func TestAlertThatFailsIsAskedForAgain(t *testing.T) {
	t.Parallel()
	s, a := newTown(t)
	s.broken.Store(true)
	records, cur, err := a.Fetch(t.Context(), source.Cursor{})
	if err != nil || len(records) != 1 {
		t.Fatalf("%+v, %v", records, err)
	}
	s.broken.Store(false)
	records, _, err = a.Fetch(t.Context(), cur) // though the index did not change
	if err != nil || len(records) != 1 || records[0].Item != "2" {
		t.Errorf("%+v, %v", records, err)
	}
}

func TestLinkToNoAlertIsRefusedAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	s, a := newTown(t)
	s.notAlert.Store(true)
	records, cur, err := a.Fetch(t.Context(), source.Cursor{})
	if err != nil || len(records) != 2 || records[0].Refused != nil || records[1].Refused == nil {
		t.Fatalf("%+v, %v", records, err)
	}
	if body := source.BodyOf(records[1].Refused); !strings.Contains(string(body), "Maintenance") {
		t.Errorf("the refused body is lost: %q", body)
	}
	if _, _, err = a.Fetch(t.Context(), cur); err == nil || s.fetches.Load() != 2 {
		t.Errorf("asked again: %v, %d fetches", err, s.fetches.Load())
	}
}

func TestReferencesAndVersions(t *testing.T) {
	t.Parallel()
	doc := `<cap:alert xmlns:cap="urn:oasis:names:tc:emergency:cap:1.1"><cap:identifier>2</cap:identifier><cap:msgType>Cancel</cap:msgType><cap:sent>2026-11-23T10:00:00-00:00</cap:sent>
	<cap:references>s@a.example,1,2026-11-23T09:00:00+01:00
	   s@a.example,a,b,2026-11-23T09:00:00+01:00 lone</cap:references><cap:incidents>"crue de la Garonne" orage</cap:incidents>
	<cap:info><cap:event>Crue</cap:event><cap:parameter><cap:valueName>VTEC</cap:valueName><cap:value>a</cap:value></cap:parameter><cap:parameter><cap:valueName>VTEC</cap:valueName><cap:value>b</cap:value></cap:parameter>
	<cap:area><cap:areaDesc>x</cap:areaDesc><cap:geocode><cap:valueName>INSEE</cap:valueName><cap:value>33063</cap:value></cap:geocode><cap:geocode>FIPS6=1</cap:geocode><cap:circle>44.8,-0.5 10</cap:circle></cap:area></cap:info></cap:alert>`
	d, err := Parse([]byte(doc), Options{})
	if err != nil || len(d.Records) != 1 {
		t.Fatalf("%+v, %v", d, err)
	}
	a := d.Records[0].Value.(record.Alert)
	if len(a.References) != 3 || a.References[0].Identifier != "1" || a.References[0].Sent.Hour() != 8 || a.References[1].Identifier != "a,b" || a.References[2].Identifier != "lone" {
		t.Errorf("references %+v", a.References)
	}
	if len(a.Incidents) != 2 || a.Incidents[0] != "crue de la Garonne" || a.Infos[0].Parameters["VTEC"] != "a; b" || a.Sent.IsZero() {
		t.Errorf("alert %+v", a)
	}
	area := a.Infos[0].Areas[0]
	if area.Geocodes["INSEE"][0] != "33063" || area.Geocodes["FIPS6"][0] != "1" || len(area.Circles) != 1 {
		t.Errorf("area %+v", area)
	}
}

func TestMeteoFranceVigilance(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile(filepath.Join(eventstest.Corpus(t), "cap/KDE__kweathercore/multi-area.xml"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Parse(body, Options{URL: "https://meteo.example/a"})
	if err != nil || len(d.Records) != 1 {
		t.Fatalf("%v", err)
	}
	a := d.Records[0].Value.(record.Alert)
	info := a.Infos[0]
	if len(a.Infos) != 2 || info.Language != "fr-FR" || info.AwarenessRaw != "2; yellow; Moderate" || info.Areas[0].Geocodes["NUTS3"][0] != "FR821" || strings.Contains(info.Description, "\t") || info.Expires != time.Date(2022, 8, 11, 14, 0, 0, 0, time.UTC) {
		t.Errorf("got %+v", info)
	}
}

// TestCorpus reads every recorded alert and index: none panics or takes more than
// a second, and each gives at least an alert or a link unless its name says not.
func TestCorpus(t *testing.T) {
	root := filepath.Join(eventstest.Corpus(t), "cap")
	files, alerts, links := 0, 0, 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		ext := filepath.Ext(path)
		if err != nil || d.IsDir() || ext == ".json" || ext == ".xsd" || ext == ".java" {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		var doc *Document
		sourcetest.Bounded(t, rel, func() { doc, err = Parse(body, Options{URL: "https://cap.example/index"}) })
		files++
		if err != nil {
			t.Logf("%s: %v", rel, err)
			if Looks(body, "") && !strings.Contains(rel, "invalid") && !strings.Contains(rel, "error") {
				t.Errorf("%s: %v", rel, err)
			}
			return nil
		}
		alerts, links = alerts+len(doc.Records), links+len(doc.Links)
		for _, r := range doc.Records {
			a := r.Value.(record.Alert)
			if a.Identifier == "" || a.Sent.IsZero() {
				t.Logf("%s: identifier %q, sent %s", rel, a.Identifier, a.Sent)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if alerts < 30 || links < 10 {
		t.Errorf("%d files: %d alerts, %d links", files, alerts, links)
	}
	t.Logf("%d files: %d alerts, %d links", files, alerts, links)
}

// What an index that broke off has kept back is read the next time, and a sign
// that opens no tag takes nothing with it.
func TestDocumentThatBreaksOff(t *testing.T) {
	t.Parallel()
	cut := embedded(alert("1", "Crue"), alert("2", "Vent"))
	doc, err := Parse([]byte(cut[:len(cut)-100]), Options{})
	if err != nil || !doc.Cut || len(doc.Records) != 1 {
		t.Errorf("%+v, %v", doc, err)
	}
	two := embedded(alert("1", "Crue"), alert("2", "Rafales < 100 km/h"))
	if doc, err = Parse([]byte(two), Options{}); err != nil || doc.Cut || len(doc.Records) != 2 {
		t.Errorf("%+v, %v", doc, err)
	}
}

func TestUnreadableCursorIsAnError(t *testing.T) {
	t.Parallel()
	_, a := newTown(t)
	if _, _, err := a.Fetch(t.Context(), source.Cursor{State: []byte(`"x"`)}); err == nil || events.OutcomeOf(err).Kind == events.Done {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(alert("1", "x")))
	f.Add([]byte(embedded(alert("1", "x"))))
	f.Add([]byte(`<rss><channel><item><link>http://a.example</link></item></channel></rss>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		doc, err := Parse(body, Options{URL: "https://a.example/"})
		if err != nil {
			return
		}
		again, _ := Parse(body, Options{URL: "https://a.example/"})
		for i, r := range doc.Records {
			if source.Meaning(r.Value) != source.Meaning(again.Records[i].Value) {
				t.Error("the same body gives another meaning")
			}
		}
	})
}

func TestAlertThatIsNotQuiteXMLIsRead(t *testing.T) {
	t.Parallel()
	for headline, want := range map[string]string{"Rafales < 100 km/h": "Rafales < 100 km/h", "Vent & pluie": "Vent & pluie", "Orages <3": "Orages <3"} {
		doc, err := Parse([]byte("<b>Warning</b>: x<br>\n"+alert("1", headline)), Options{})
		if err != nil || len(doc.Records) != 1 {
			t.Errorf("%s: %v", headline, err)
			continue
		}
		if got := doc.Records[0].Value.(record.Alert).Infos[0].Headline; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
