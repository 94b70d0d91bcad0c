package vigicrues

import (
	"errors"
	"flag"
	"fmt"
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

var update = flag.Bool("update", false, "write the expected records of testdata anew")

func reach(code, name string, level int) string {
	return fmt.Sprintf(`{"type":"Feature","properties":{"CdEntCru":%q,"lbentcru":"%s","cdensup_1":"25","NivInfViCr":%d},"geometry":{"type":"MultiLineString","coordinates":[[[-0.57,44.84],[-0.60,44.90]]]}}`, code, name, level)
}

func bulletin(at string, reaches ...string) string {
	return fmt.Sprintf(`{"type":"FeatureCollection","DtHrInfoVigiCru":%q,"features":[%s]}`, at, strings.Join(reaches, ","))
}

func TestContract(t *testing.T) {
	at := "2026-11-23T09:00:00+00:00"
	sourcetest.Run(t, sourcetest.Suite{
		Kind: Kind(), ContentType: "application/json",
		Document: []byte(bulletin(at, reach("GA12", "Garonne girondine", 3), reach("GA20", "Dordogne aval", 2))),
		Latin1:   []byte(strings.ReplaceAll(bulletin(at, reach("GA12", "Ruisseau ETE", 3)), "Ruisseau ETE", "Ruisseau d'\xe9t\xe9")),
		Twice:    []byte(bulletin(at, reach("GA12", "Garonne", 3), reach("GA12", "Dordogne", 2))),
	})
}

func TestGolden(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	sourcetest.Golden(t, *update, func(input []byte) ([]source.Record, error) {
		opt := Options{Zone: zone}
		b, err := Parse(input, "application/json", opt)
		if err != nil {
			return nil, err
		}
		return b.Records(opt), nil
	})
}

func TestChoiceOfReaches(t *testing.T) {
	t.Parallel()
	doc := bulletin("2026-11-23T09:00:00+00:00", reach("GA12", "Garonne", 3), reach("GA20", "Dordogne", 2), reach("GA30", "Isle", 1))
	for name, c := range map[string]struct {
		opt  Options
		want string
	}{
		"all":               {Options{}, "GA12 33,GA20 33"},
		"by code":           {Options{Reaches: []string{"GA20"}, Areas: []string{"33063"}}, "GA20 33063"},
		"by territory":      {Options{Territories: []string{"25"}, Areas: []string{"33"}}, "GA12 33,GA20 33"},
		"another territory": {Options{Territories: []string{"26"}}, ""},
		"by line":           {Options{Areas: []string{"33", "40"}}, "GA12 33,GA20 33"},
		"by commune":        {Options{Areas: []string{"33063"}}, "GA12 33063,GA20 33063"},
		"line elsewhere":    {Options{Areas: []string{"69"}}, ""},
		"orange":            {Options{Least: 3}, "GA12 33"},
	} {
		b, err := Parse([]byte(doc), "", c.opt)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []string
		for _, r := range b.Reaches {
			got = append(got, r.Code+" "+strings.Join(r.Areas, "+"))
		}
		if strings.Join(got, ",") != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestSameLevelsTheSameDaySayTheSame(t *testing.T) {
	t.Parallel()
	read := func(at string, level int) string {
		b, err := Parse([]byte(bulletin(at, reach("GA12", "Garonne", level))), "", Options{})
		if err != nil {
			t.Fatal(err)
		}
		return source.Meaning(b.Records(Options{})[0].Value)
	}
	first := read("2026-11-23T09:00:00+00:00", 3)
	if again := read("2026-11-23T15:00:00+00:00", 3); again != first {
		t.Error("the afternoon's bulletin with the same level is news")
	}
	if worse := read("2026-11-23T15:00:00+00:00", 4); worse == first {
		t.Error("a worse level is not news")
	}
}

func TestDocumentsThatAreNotRead(t *testing.T) {
	t.Parallel()
	good := bulletin("2026-11-23T09:00:00+00:00", reach("GA12", "Garonne", 3))
	for name, c := range map[string]struct {
		body, want string
		reaches    []string
	}{
		"reach missing": {good, "vigicrues: reach GA13 is not in it", []string{"GA13"}},
		"no level":      {strings.ReplaceAll(good, "NivInfViCr", "x"), "vigicrues: no reach with a level in it", nil},
		"no feature":    {bulletin("2026-11-23T09:00:00+00:00"), "vigicrues: no reach with a level in it", nil},
		"not GeoJSON":   {`{}`, "vigicrues: not a GeoJSON collection", nil},
		"cut":           {good[:100], "vigicrues: not JSON, byte 100", nil},
	} {
		if _, err := Parse([]byte(c.body), "", Options{Reaches: c.reaches}); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestConfiguration(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string]string{
		"":                                       "vigicrues: url: required",
		"url: https://a.example\nlevel: vert":    `vigicrues: level: "vert" is not jaune, orange or rouge`,
		"url: https://a.example\nareas: ['999']": `vigicrues: areas[0]: "999" is not the INSEE code of a commune or département`,
	} {
		_, err := New(source.Deps{}, source.Spec{Settings: []byte(settings)})
		if err == nil || err.Error() != want || events.OutcomeOf(err).Reason != events.ReasonInvalidConfig {
			t.Errorf("%q: got %v", settings, err)
		}
	}
}

// TestStationsAreReadWhenTheColourChanges serves levels, a station and its
// observations.
func TestStationsAreReadWhenTheColourChanges(t *testing.T) {
	t.Parallel()
	var level, asked atomic.Int64
	level.Store(3)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, ".geojson"):
			fmt.Fprint(w, bulletin(time.Now().UTC().Format(time.RFC3339Nano), reach("GA12", "Garonne", int(level.Load()))))
		case r.URL.Query().Get("CdStationHydro") == "broken":
			w.WriteHeader(http.StatusInternalServerError)
		case strings.HasPrefix(r.URL.Path, "/services/station.json"):
			fmt.Fprint(w, `{"LbStationHydro":"Bordeaux","CoordStationHydro":{"CoordXStationHydro":"567613","CoordYStationHydro":"6325598"}}`)
		default:
			asked.Add(1)
			fmt.Fprint(w, `{"Serie":{"ObssHydro":[{"DtObsHydro":"2026-11-23T08:00:00+00:00","ResObsHydro":5.1},{"DtObsHydro":"2026-11-23T09:05:00+00:00","ResObsHydro":5.237},[1763000000000,2]]}}`)
		}
	}))
	t.Cleanup(server.Close)
	client, err := fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	r, err := New(source.Deps{HTTP: client, Now: time.Now}, source.Spec{URL: server.URL + "/services/InfoVigiCru.geojson", Settings: []byte("stations: {GA12: [broken, O494101001]}")})
	if err != nil {
		t.Fatal(err)
	}
	records, cur, err := r.Fetch(t.Context(), source.Cursor{})
	if err != nil {
		t.Fatal(err)
	}
	info := records[0].Value.(record.Alert).Infos[0]
	if !strings.HasSuffix(info.Description, "Hauteur à Bordeaux : 5,24 m le 23/11 à 10 h 05.") || info.Areas[0].Circles[0] != "44.01693,1.34881 0" {
		t.Errorf("got %q, %v", info.Description, info.Areas[0].Circles)
	}
	if records, cur, err = r.Fetch(t.Context(), cur); err != nil || asked.Load() != 1 || records[0].Value.(record.Alert).Infos[0].Description != info.Description {
		t.Errorf("the same colour: %v, stations asked %d times", err, asked.Load())
	}
	level.Store(4)
	if _, cur, err = r.Fetch(t.Context(), cur); err != nil || asked.Load() != 2 {
		t.Errorf("another colour: %v, stations asked %d times", err, asked.Load())
	}
	level.Store(1)
	if records, _, err = r.Fetch(t.Context(), cur); errors.Is(err, source.ErrUnchanged) || len(records) > 0 || !Kind().VanishWithdraws {
		t.Errorf("green: %v, %v", records, err)
	}
}

// TestCorpus reads the recorded document, in which all is green.
func TestCorpus(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(eventstest.Corpus(t), "vigicrues", "*", "*.geojson"))
	if err != nil || len(files) == 0 {
		t.Fatal("no file", err)
	}
	for _, f := range files {
		body, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Parse(body, "", Options{})
		if err != nil || len(b.Reaches) != 0 || b.Sent.IsZero() {
			t.Errorf("%s: %v, %+v", filepath.Base(f), err, b)
		}
		if b, err = Parse(body, "", Options{Least: 1}); err != nil || len(b.Reaches) != 3 || strings.Join(b.Reaches[0].Areas, " ") != "2B" || strings.Join(b.Reaches[1].Areas, " ") != "28" {
			t.Errorf("%s: %v, %+v", filepath.Base(f), err, b)
		}
	}
}

// TestWholeCountryIsQuick reads a document of the real one's size, all red: 0.3 s on
// two cores.
func TestWholeCountryIsQuick(t *testing.T) {
	line := strings.TrimSuffix(strings.Repeat("[-0.57,44.84],", 700), ",")
	var reaches []string
	for i := range 320 {
		reaches = append(reaches, strings.Replace(reach(fmt.Sprint("R", i), "Rivière", 4), "[-0.57,44.84]", line, 1))
	}
	body := []byte(bulletin("2026-11-23T09:00:00+00:00", reaches...))
	sourcetest.Bounded(t, "the whole country", func() {
		if b, err := Parse(body, "", Options{}); err != nil || len(b.Reaches) != 320 {
			t.Errorf("%d kB: %v", len(body)>>10, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(bulletin("2026-11-23T09:00:00+00:00", reach("GA12", "Garonne", 3))))
	f.Add([]byte(`{"Serie":{"ObssHydro":[[1763000000000,2]]},"LbStationHydro":"x"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		_, _ = ParseStation(body, body)
		b, err := Parse(body, "", Options{})
		if err != nil {
			return
		}
		for _, r := range b.Records(Options{}) {
			if source.Meaning(r.Value) == "" {
				t.Error("nothing said")
			}
		}
	})
}
