package vigilance

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/runner"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

var update = flag.Bool("update", false, "write the expected records of testdata anew")

func paris(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// step is a colour from an hour to another of 26 August 2026, UTC.
func step(from, to, colour int) string {
	at := func(h int) string { return time.Date(2026, 8, 26, h, 0, 0, 0, time.UTC).Format(time.RFC3339) }
	return fmt.Sprintf(`{"begin_time":%q,"end_time":%q,"color_id":%d}`, at(from), at(to), colour)
}

func phenomenon(id int, steps ...string) string {
	return fmt.Sprintf(`{"phenomenon_id":"%d","phenomenon_max_color_id":1,"timelaps_items":[%s]}`, id, strings.Join(steps, ","))
}

// product is a map of the Gironde issued at an hour of that day, with a text.
func product(issued int, text string, phenomena ...string) string {
	at := time.Date(2026, 8, 26, issued, 0, 0, 0, time.UTC).Format(time.RFC3339)
	return fmt.Sprintf(`{"product":{"update_time":%q,"periods":[{"echeance":"J","begin_validity_time":%q,"end_validity_time":"2026-08-26T22:00:00Z","timelaps":{"domain_ids":[{"domain_id":"33","phenomenon_items":[%s]}]}}],
"text_bloc_items":[{"domain_id":"33","bloc_items":[{"text_items":[{"hazard_code":"3","term_items":[{"subdivision_text":[{"bold_text":"Situation","text":["%s"]}]}]}]}]}]}}`, at, at, strings.Join(phenomena, ","), text)
}

func TestContract(t *testing.T) {
	storms, wind := phenomenon(3, step(4, 20, 3)), phenomenon(1, step(4, 20, 2))
	sourcetest.Run(t, sourcetest.Suite{
		Kind: Kind(), Settings: "texts: doc\nkey: k\n", ContentType: "application/json",
		Document: []byte(product(4, "Orages", storms, wind)),
		Latin1:   []byte(strings.ReplaceAll(product(4, "Orages d'ETE", storms), "ETE", "\xe9t\xe9")),
		Twice:    []byte(product(4, "", storms, phenomenon(3, step(4, 8, 2)))),
	})
}

func TestGolden(t *testing.T) {
	t.Parallel()
	sourcetest.Golden(t, *update, func(input []byte) ([]source.Record, error) {
		b, err := Parse(input, "application/json", Options{Zone: paris(t)})
		if err != nil {
			return nil, err
		}
		if b.Texts, err = ParseTexts(input, ""); err != nil {
			return nil, err
		}
		records, _ := b.Records(nil)
		return records, nil
	})
}

// issue reads a map after what was shown before.
func issue(t *testing.T, body string, before map[string]Shown) (map[string]record.Alert, map[string]Shown) {
	t.Helper()
	b, err := Parse([]byte(body), "", Options{Zone: paris(t)})
	if err != nil {
		t.Fatal(err)
	}
	if b.Texts, err = ParseTexts([]byte(body), ""); err != nil {
		t.Fatal(err)
	}
	records, shown := b.Records(before)
	alerts := map[string]record.Alert{}
	for _, r := range records {
		alerts[r.Item] = r.Value.(record.Alert)
	}
	kept, err := json.Marshal(shown)
	if err != nil {
		t.Fatal(err)
	}
	shown = nil
	if err := json.Unmarshal(kept, &shown); err != nil {
		t.Fatal(err)
	}
	return alerts, shown
}

func TestSameWarningIssuedAgainSaysTheSame(t *testing.T) {
	t.Parallel()
	first, shown := issue(t, product(4, "Premier bulletin", phenomenon(3, step(6, 12, 2), step(12, 20, 3))), nil)
	again, shown := issue(t, product(9, "Deuxième bulletin", phenomenon(3, step(9, 12, 2), step(12, 20, 3))), shown)
	late, shown := issue(t, product(14, "Troisième bulletin", phenomenon(3, step(14, 20, 3))), shown)
	for name, a := range map[string]record.Alert{"second": again["33-3"], "third": late["33-3"]} {
		if source.Meaning(a) != source.Meaning(first["33-3"]) {
			t.Errorf("%s issue: %+v\nfirst: %+v", name, a.Infos[0], first["33-3"].Infos[0])
		}
	}
	red, _ := issue(t, product(15, "Aggravation", phenomenon(3, step(15, 20, 4))), shown)
	info := red["33-3"].Infos[0]
	if source.Meaning(red["33-3"]) == source.Meaning(first["33-3"]) || info.AwarenessRaw != "4; rouge" || !strings.Contains(info.Description, "Aggravation") || info.Onset.Hour() != 15 {
		t.Errorf("a worse level is news: %+v", info)
	}
}

// TestColourIsThatOfItsHours: a red to come begins with red, and one that is over is
// no longer red.
func TestColourIsThatOfItsHours(t *testing.T) {
	t.Parallel()
	body := product(4, "", phenomenon(3, step(4, 12, 2), step(12, 16, 4), step(16, 20, 2)))
	alerts, shown := issue(t, body, nil)
	if info := alerts["33-3"].Infos[0]; info.AwarenessRaw != "4; rouge" || info.Onset.Hour() != 12 || info.Expires.Hour() != 20 {
		t.Errorf("to come: %+v", info)
	}
	alerts, _ = issue(t, product(16, "", phenomenon(3, step(16, 20, 2))), shown)
	if info := alerts["33-3"].Infos[0]; info.AwarenessRaw != "2; jaune" || info.Onset.Hour() != 16 || !strings.Contains(info.Description, "Rouge") {
		t.Errorf("over: %+v", info)
	}
}

// TestLedgerSeesOneWarning follows a warning from the first map to green, as the
// runner does.
func TestLedgerSeesOneWarning(t *testing.T) {
	t.Parallel()
	var ledger runner.Ledger
	var shown map[string]Shown
	for _, step := range []struct {
		name, body string
		want       []string
	}{
		{"yellow", product(4, "Un", phenomenon(3, step(6, 20, 2))), []string{"33-3 revision 1"}},
		{"issued again", product(9, "Deux", phenomenon(3, step(9, 20, 2))), nil},
		{"orange", product(14, "Trois", phenomenon(3, step(14, 20, 3))), []string{"33-3 revision 2"}},
		{"issued again", product(15, "Quatre", phenomenon(3, step(15, 20, 3))), nil},
		{"green", product(16, "Cinq", phenomenon(3, step(16, 20, 1))), []string{"33-3 withdrawn"}},
		{"still green", product(17, "Six", phenomenon(3, step(17, 20, 1))), nil},
	} {
		b, err := Parse([]byte(step.body), "", Options{Zone: paris(t)})
		if err != nil {
			t.Fatal(err)
		}
		var records []source.Record
		records, shown = b.Records(shown)
		var got []string
		for _, c := range ledger.Apply(records, runner.Rules{Now: b.Sent, VanishWithdraws: Kind().VanishWithdraws}) {
			if c.Backlog {
				t.Errorf("%s: a warning in force is backlog", step.name)
			}
			if c.Withdrawn {
				got = append(got, c.Item+" withdrawn")
			} else {
				got = append(got, fmt.Sprintf("%s revision %d", c.Item, c.Revision))
			}
		}
		if !reflect.DeepEqual(got, step.want) {
			t.Errorf("%s: %v, want %v", step.name, got, step.want)
		}
	}
}

func TestWarningThatStoppedBeginsAnew(t *testing.T) {
	t.Parallel()
	_, shown := issue(t, product(4, "", phenomenon(3, step(4, 8, 2))), nil)
	later, _ := issue(t, product(10, "", phenomenon(3, step(10, 20, 2))), shown)
	if got := later["33-3"].Infos[0].Onset.Hour(); got != 10 {
		t.Errorf("onset at %d", got)
	}
}

func TestGreenIsNotListed(t *testing.T) {
	t.Parallel()
	alerts, shown := issue(t, product(4, "", phenomenon(3, step(4, 8, 1)), phenomenon(1, step(4, 8, 2))), nil)
	if len(alerts) != 1 || len(shown) != 1 || !Kind().VanishWithdraws {
		t.Errorf("got %v", alerts)
	}
}

func TestCurrentPhenomenonsAnHourLater(t *testing.T) {
	t.Parallel()
	body := func(at int) string {
		return fmt.Sprintf(`{"update_time":%d,"end_validity_time":%d,"domain_id":33,"phenomenons_max_colors":[{"phenomenon_id":"3","phenomenon_max_color_id":"3"}]}`, at, at+86400)
	}
	first, shown := issue(t, body(1591279200), nil)
	again, _ := issue(t, body(1591279200+3600), shown)
	if len(first) != 1 || source.Meaning(first["33-3"]) != source.Meaning(again["33-3"]) {
		t.Errorf("%+v\n%+v", first, again)
	}
}

func TestMapsThatAreNotRead(t *testing.T) {
	t.Parallel()
	gironde := product(4, "", phenomenon(3, step(4, 8, 2)))
	for name, c := range map[string]struct {
		body, want   string
		departements []string
	}{
		"département missing": {gironde, "vigilance: département 40 is not in it", []string{"33", "40"}},
		"country alone":       {strings.ReplaceAll(gironde, `"domain_id":"33"`, `"domain_id":"FRA"`), "vigilance: no département in it", nil},
		"no validity":         {strings.ReplaceAll(gironde, "_validity_time", "_x"), "vigilance: product.periods[0]: no time of validity", nil},
		"no periods":          {`{"product":{"periods":[]}}`, "vigilance: neither a map nor current phenomenons", nil},
		"an error":            {`{"message":"no matching blob"}`, "vigilance: neither a map nor current phenomenons", nil},
		"v3 without end":      {`{"update_time":5,"domain_id":"33","phenomenons_max_colors":[{"phenomenon_id":"3"}]}`, "vigilance: update_time, end_validity_time: no time of validity", nil},
		"cut":                 {gironde[:200], "vigilance: not JSON, byte 200", nil},
		"number":              {strings.ReplaceAll(gironde, `"color_id":2`, `"color_id":"x"`), "vigilance: a number cannot be read", nil},
	} {
		if _, err := Parse([]byte(c.body), "", Options{Departements: c.departements}); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

func TestConfiguration(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string]string{
		"":                                    "vigilance: url: required",
		"url: https://a.example\nlevel: vert": `vigilance: level: "vert" is not jaune, orange or rouge`,
		"url: https://a.example\ndepartements: ['99']": `vigilance: departements[0]: "99" is not a département`,
	} {
		_, err := New(source.Deps{}, source.Spec{Settings: []byte(settings)})
		if err == nil || err.Error() != want || events.OutcomeOf(err).Reason != events.ReasonInvalidConfig {
			t.Errorf("%q: got %v", settings, err)
		}
	}
}

// TestTextsMayBeLate serves a map whose texts fail, then are none, then come.
func TestTextsMayBeLate(t *testing.T) {
	t.Parallel()
	var status, keyed atomic.Int64
	status.Store(http.StatusBadGateway)
	body := product(4, "Ça vient", phenomenon(3, step(4, 20, 3)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("apikey") == "k" {
			keyed.Add(1)
		}
		if strings.HasPrefix(r.URL.Path, "/textes") {
			w.WriteHeader(int(status.Load()))
		}
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	client, err := fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	deps := source.Deps{HTTP: client, Secret: func(string) (string, error) { return "k", nil }}
	v, err := New(deps, source.Spec{URL: server.URL + "/carte/encours", Settings: []byte("texts: ../textes/encours\nkey: k\ndepartements: ['33']")})
	if err != nil {
		t.Fatal(err)
	}
	records, cur, err := v.Fetch(t.Context(), source.Cursor{})
	if err != nil || len(records) != 1 || cur.Body != 0 {
		t.Fatalf("without its text: %v, %v, body %d", records, err, cur.Body)
	}
	status.Store(http.StatusOK)
	records, cur, err = v.Fetch(t.Context(), cur)
	if err != nil || !strings.Contains(records[0].Value.(record.Alert).Infos[0].Description, "Situation : Ça vient") {
		t.Fatalf("with its text: %v, %v", records, err)
	}
	if _, _, err = v.Fetch(t.Context(), cur); err != source.ErrUnchanged {
		t.Errorf("then: %v", err)
	}
	status.Store(http.StatusNotFound)
	if records, cur, err = v.Fetch(t.Context(), source.Cursor{}); err != nil || len(records) != 1 || cur.Body == 0 {
		t.Errorf("no text is nothing to say: %v", err)
	}
	if keyed.Load() != 7 {
		t.Errorf("the key was sent %d times", keyed.Load())
	}
}

// TestCorpus reads the recorded documents.
func TestCorpus(t *testing.T) {
	root := filepath.Join(eventstest.Corpus(t), "meteo-vigilance")
	files, err := filepath.Glob(filepath.Join(root, "*", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no file", err)
	}
	want := map[string][]string{
		"meteofrance-cartevigilance-sample.json":  {"35-3", "14-3", "2A-6", "17-3"},
		"ha_raw_warning_current_phenomenons.json": {"32-5", "32-3"},
	}
	for _, f := range files {
		body, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var b *Bulletin
		sourcetest.Bounded(t, f, func() { b, err = Parse(body, "", Options{Zone: paris(t)}) })
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(f), err)
			continue
		}
		var items []string
		for _, w := range b.Warnings {
			items = append(items, w.item())
		}
		if !reflect.DeepEqual(items, want[filepath.Base(f)]) {
			t.Errorf("%s: %v", filepath.Base(f), items)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(product(4, "x", phenomenon(3, step(4, 8, 2)))))
	f.Add([]byte(`{"update_time":1591279200,"end_validity_time":1591365600,"domain_id":"32","phenomenons_max_colors":[{"phenomenon_id":"5","phenomenon_max_color_id":3}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := Parse(body, "", Options{})
		if err != nil {
			return
		}
		b.Texts, _ = ParseTexts(body, "")
		records, shown := b.Records(nil)
		again, _ := b.Records(shown)
		if len(again) != len(records) {
			t.Fatal("another number of records")
		}
		items := map[string]int{}
		for _, r := range records {
			items[r.Item]++
		}
		for i, r := range records {
			if items[r.Item] == 1 && source.Meaning(r.Value) != source.Meaning(again[i].Value) {
				t.Errorf("the same map says otherwise when read again: %v %v", r.Value, again[i].Value)
			}
		}
	})
}

// TestMoment: a day is written as it is read.
func TestMoment(t *testing.T) {
	t.Parallel()
	for want, at := range map[string]time.Time{
		"mardi 1er décembre à 9 h":     time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC),
		"mercredi 2 décembre à 2 h 30": time.Date(2026, 12, 2, 2, 30, 0, 0, time.UTC),
		"mardi 1er décembre à minuit":  time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC),
		"mercredi 11 novembre à 21 h":  time.Date(2026, 11, 11, 21, 0, 0, 0, time.UTC),
		"lundi 30 novembre à minuit":   time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC),
	} {
		if got := moment(at); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
