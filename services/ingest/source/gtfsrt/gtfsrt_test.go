package gtfsrt

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

var update = flag.Bool("update", false, "write the expected records of testdata anew")

func field(number protowire.Number, parts ...[]byte) []byte {
	var inner []byte
	for _, p := range parts {
		inner = append(inner, p...)
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), inner)
}

func varint(number protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), v)
}

func words(number protowire.Number, s, language string) []byte {
	translation := [][]byte{field(1, []byte(s))}
	if language != "" {
		translation = append(translation, field(2, []byte(language)))
	}
	return field(number, field(1, translation...))
}

func alertOf(id, title, body string, more ...[]byte) []byte {
	alert := append([][]byte{words(10, title, ""), words(11, body, "")}, more...)
	return field(2, field(1, []byte(id)), field(5, alert...))
}

func route(id string) []byte { return field(5, field(2, []byte(id))) }

func active(start, end uint64) []byte { return field(1, varint(1, start), varint(2, end)) }

const now = 1795000000 // 18 November 2026

func feedOf(entities ...[]byte) []byte {
	body := field(1, field(1, []byte("2.0")), varint(3, now))
	for _, e := range entities {
		body = append(body, e...)
	}
	return body
}

func TestContract(t *testing.T) {
	sourcetest.Run(t, sourcetest.Suite{
		Kind: Kind(), Settings: "key: k", ContentType: "application/x-protobuf",
		Document: feedOf(alertOf("1", "Travaux rue de Siam, arrêts reportés", "Jusqu'à vendredi"), alertOf("2", "Grève du jeudi", "Un bus sur deux")),
		Latin1:   feedOf(alertOf("1", "Horaires d'\xe9t\xe9", "")),
		Twice:    feedOf(alertOf("1", "Travaux rue de Siam", ""), alertOf("1", "Grève du jeudi", "")),
	})
}

func TestGolden(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	sourcetest.Golden(t, *update, func(input []byte) ([]source.Record, error) {
		records, _, err := Parse(input, Options{Zone: zone, Lines: map[string]string{"R1": "A"}})
		return records, err
	})
}

// read gives the records of a feed by item, and what to remember.
func read(t *testing.T, body []byte, opt Options) (map[string]source.Record, map[string][]string) {
	t.Helper()
	records, kept, err := Parse(body, opt)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]source.Record{}
	for _, r := range records {
		out[r.Item] = r
	}
	return out, kept
}

func title(r source.Record) string {
	e, _ := r.Value.(record.Entry)
	return e.Title
}

func TestOneWorkIsOneRecord(t *testing.T) {
	t.Parallel()
	records, _ := read(t, feedOf(
		alertOf("a", "L 45 Prolongation des travaux rue de Kermaria", "Arrêt Pen Ar C'Hleuz non desservi"),
		alertOf("b", "L 3, Prolongation des travaux rue de Kermaria", "Arrêt Kermaria non desservi"),
		alertOf("c", "Ligne 12 : Prolongation des travaux rue de Kermaria", "Arrêt Kermaria non desservi"),
		alertOf("d", "Lignes 3 et 12 : grève surprise des conducteurs", ""),
		alertOf("e", "L'arrêt Place de la Liberté est déplacé", ""),
	), Options{})
	if got := title(records["a"]); got != "Lignes 3, 12 et 45 : Prolongation des travaux rue de Kermaria" {
		t.Errorf("got %q", got)
	}
	if got := records["a"].Value.(record.Entry); got.Extra["lines"] != "3 12 45" || strings.Count(got.Body, "Arrêt Kermaria") != 1 {
		t.Errorf("got %+v", got)
	}
	if len(records) != 3 || title(records["d"]) != "Lignes 3 et 12 : grève surprise des conducteurs" || title(records["e"]) != "L'arrêt Place de la Liberté est déplacé" {
		t.Errorf("got %v", records)
	}
}

func TestItemSurvivesEditsAndLinesThatLeave(t *testing.T) {
	t.Parallel()
	_, before := read(t, feedOf(alertOf("a", "L 45 Travaux rue de Kermaria", ""), alertOf("b", "L 3 Travaux rue de Kermaria", "")), Options{})
	records, before := read(t, feedOf(alertOf("b", "L 3 Travaux rue de Kermaria jusqu'à vendredi", "MAJ 22/11")), Options{Before: before})
	if len(records) != 1 || records["a"].Value == nil {
		t.Fatalf("got %v", records)
	}
	records, _ = read(t, feedOf(alertOf("b", "L 3 Travaux rue de Kermaria", ""), alertOf("a", "L 45 Tout autre chose sur la ligne", "")), Options{Before: before})
	if len(records) != 2 {
		t.Errorf("two disruptions that came of one: %v", records)
	}
}

func TestOrderSaysNothing(t *testing.T) {
	t.Parallel()
	a, b := alertOf("a", "L 45 Travaux rue de Kermaria", "Un"), alertOf("b", "L 3 Travaux rue de Kermaria", "Deux")
	one, _ := read(t, feedOf(a, b), Options{})
	other, _ := read(t, feedOf(b, a), Options{})
	if source.Meaning(one["a"].Value) != source.Meaning(other["a"].Value) {
		t.Errorf("%+v\n%+v", one, other)
	}
}

func TestAlertThatIsOverIsWithdrawn(t *testing.T) {
	t.Parallel()
	records, _ := read(t, feedOf(
		alertOf("over", "Travaux terminés rue de Siam", "", active(now-7200, now-3600)),
		alertOf("again", "Travaux de nuit rue de Siam", "", active(now-7200, now-3600), active(now+3600, now+7200)),
		alertOf("open", "Travaux sans fin connue rue de Siam", "", active(now-7200, 1<<63)),
		field(2, field(1, []byte("gone")), varint(2, 1)),
	), Options{})
	if len(records) != 3 || !records["over"].Withdrawn || records["again"].Withdrawn || records["open"].Withdrawn {
		t.Errorf("got %v", records)
	}
	if e := records["open"].Value.(record.Entry); !e.Ends.IsZero() || e.Starts.Unix() != now-7200 {
		t.Errorf("got %s to %s", e.Starts, e.Ends)
	}
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	both := field(10, field(1, field(1, []byte("Works in Siam Street")), field(2, []byte("en"))), field(1, field(1, []byte("Travaux rue de Siam")), field(2, []byte("fr-FR"))))
	records, _ := read(t, feedOf(
		field(2, field(1, []byte("both")), field(5, both)),
		field(2, field(1, []byte("english")), field(5, words(10, "Strike on Thursday", "en"))),
		alertOf("none", "Grève de jeudi prochain", ""),
	), Options{})
	for item, want := range map[string]string{"both": "Travaux rue de Siam fr-FR", "english": "Strike on Thursday en", "none": "Grève de jeudi prochain fr"} {
		e := records[item].Value.(record.Entry)
		if got := e.Title + " " + e.Language; got != want {
			t.Errorf("%s: %q", item, got)
		}
	}
}

func TestOtherLanguagesAreKept(t *testing.T) {
	t.Parallel()
	both := func(number protowire.Number, french, english string) []byte {
		return field(number, field(1, field(1, []byte(french)), field(2, []byte("fr"))), field(1, field(1, []byte(english)), field(2, []byte("en"))),
			field(1, field(1, []byte("<p>"+english+"</p>")), field(2, []byte("en-html"))))
	}
	alert := func(id, line, body string) []byte {
		return field(2, field(1, []byte(id)), field(5, both(10, "Ligne "+line+" : travaux rue de Siam", "Line "+line+": works in Siam Street"), both(11, body, body+" (en)")))
	}
	records, _ := read(t, feedOf(alert("a", "3", "Un\nDeux"), alert("b", "45", "Trois")), Options{})
	want := []record.Variant{{
		Language: "en", Title: "Line 3: works in Siam Street",
		Body: "<p><strong>Line 3: works in Siam Street</strong></p><p>Un</p><p>Deux (en)</p><p><strong>Line 45: works in Siam Street</strong></p><p>Trois (en)</p>",
	}}
	if got := records["a"].Value.(record.Entry); got.Title != "Lignes 3 et 45 : travaux rue de Siam" || !reflect.DeepEqual(got.Variants, want) {
		t.Errorf("got %q, %+v", got.Title, got.Variants)
	}
}

func TestOnlyTheConfiguredRoutes(t *testing.T) {
	t.Parallel()
	body := feedOf(
		alertOf("mine", "Déviation de ma ligne demain", "", route("R1")), alertOf("other", "Déviation d'une autre ligne", "", route("R2")),
		alertOf("all", "Grève de tout le réseau jeudi", ""), alertOf("agency", "Agence fermée ce lundi matin", "", field(5, field(1, []byte("A")))),
		alertOf("trip", "Course supprimée ce lundi matin", "", field(5, field(4, field(5, []byte("R1"))))),
	)
	for name, c := range map[string]struct {
		opt  Options
		want string
	}{
		"by route":  {Options{Routes: []string{"R1"}}, "agency all mine trip"},
		"by agency": {Options{Agencies: []string{"A"}}, "agency all"},
		"all":       {Options{}, "agency all mine other trip"},
	} {
		records, _ := read(t, body, c.opt)
		var got []string
		for _, item := range []string{"agency", "all", "mine", "other", "trip"} {
			if _, ok := records[item]; ok {
				got = append(got, item)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestFeedsThatAreNotRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body []byte
		want string
	}{
		"empty":        {nil, "gtfsrt: empty feed"},
		"no header":    {alertOf("1", "x", ""), "gtfsrt: no header with a gtfs_realtime_version"},
		"differential": {field(1, field(1, []byte("2.0")), varint(2, 1)), "gtfsrt: header.incrementality: a differential feed cannot be followed"},
		"no id":        {feedOf(field(2, field(5, words(10, "Travaux", "")))), "gtfsrt: entity 1: no id"},
		"cut":          {feedOf(alertOf("1", "Travaux", ""))[:25], "gtfsrt: a protobuf message is cut or broken"},
		"text":         {[]byte("header {"), "gtfsrt: a protobuf message is cut or broken"},
		"inner":        {feedOf(field(2, field(5, []byte{0xff}))), "gtfsrt: entity 1: not a protobuf message"},
	} {
		if _, _, err := Parse(c.body, Options{}); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestConfiguration(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string]string{
		"":                                       "gtfsrt: url: required",
		"url: https://a.example\ntime_zone: Ici": `gtfsrt: time_zone: "Ici" is not a time zone`,
	} {
		_, err := New(source.Deps{}, source.Spec{Settings: []byte(settings)})
		if err == nil || err.Error() != want || events.OutcomeOf(err).Reason != events.ReasonInvalidConfig {
			t.Errorf("%q: got %v", settings, err)
		}
	}
}

// TestCorpus reads the recorded feeds; what is no feed is refused.
func TestCorpus(t *testing.T) {
	root := filepath.Join(eventstest.Corpus(t), "gtfs-rt")
	counts := map[string][2]int{} // alerts, records
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var records []source.Record
		var kept map[string][]string
		sourcetest.Bounded(t, path, func() { records, kept, err = Parse(body, Options{Now: time.Unix(now, 0)}) })
		if feed := filepath.Ext(path) == ".pb"; feed != (err == nil) || feed != Looks(body) {
			t.Errorf("%s: %v", path, err)
		}
		ids := 0
		for _, list := range kept {
			ids += len(list)
		}
		if err == nil {
			counts[filepath.Base(path)] = [2]int{ids, len(records)}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][2]int{"bibus-brest-gtfs-rt-alerts.pb": {12, 9}, "alerts.pb": {51, 49}}
	if !reflect.DeepEqual(counts, want) {
		t.Errorf("alerts and records: %v", counts)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(feedOf(alertOf("1", "L 45 Travaux rue de Siam", "x", active(1, 2), route("R"))))
	f.Add(feedOf(alertOf("a", "L 3 Travaux rue de Siam", ""), alertOf("b", "L 4 Travaux rue de Siam", "")))
	f.Fuzz(func(t *testing.T, body []byte) {
		records, kept, err := Parse(body, Options{})
		if err != nil {
			return
		}
		again, _, err := Parse(body, Options{Before: kept})
		if err != nil || len(again) != len(records) {
			t.Fatalf("read again: %v", err)
		}
		for i, r := range records {
			if !utf8.ValidString(fmt.Sprintf("%+v", r)) {
				t.Error("not UTF-8")
			}
			if source.Meaning(r.Value) != source.Meaning(again[i].Value) {
				t.Error("the same feed says otherwise")
			}
		}
	})
}
