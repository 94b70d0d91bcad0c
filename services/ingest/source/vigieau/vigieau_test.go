package vigieau

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

var update = flag.Bool("update", false, "write the expected records of testdata anew")

func zoneOf(kind, level, use string) string {
	return fmt.Sprintf(`{"id":1,"code":"33_1","nom":"Jalles","type":%q,"niveauGravite":%q,"departement":"33","arrete":{"dateDebutValidite":"2026-07-01","dateFinValidite":null,"cheminFichier":"https://a.example/arrete.pdf"},"usages":[{"nom":"%s","description":"Interdit de 8 h à 20 h","concerneParticulier":true}]}`, kind, level, use)
}

func list(zones ...string) []byte { return []byte("[" + strings.Join(zones, ",") + "]") }

func TestContract(t *testing.T) {
	sourcetest.Run(t, sourcetest.Suite{
		Kind: Kind(), Settings: "commune: '33039'", ContentType: "application/json",
		Document: list(zoneOf("SUP", "alerte", "Arrosage"), zoneOf("AEP", "crise", "Arrosage")),
		Latin1:   []byte(strings.NewReplacer("ETE", "d'\xe9t\xe9", "à", "\xe0").Replace(string(list(zoneOf("SUP", "alerte", "Arrosage ETE"))))),
		Twice:    list(zoneOf("SUP", "alerte", "Arrosage"), zoneOf("SUP", "crise", "Lavage")),
	})
}

func TestGolden(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	opt := Options{Commune: "33039", Name: "Bègles", Profile: "particulier", Zone: zone, Now: time.Date(2026, 8, 1, 8, 0, 0, 0, time.UTC)}
	sourcetest.Golden(t, *update, func(input []byte) ([]source.Record, error) { return Parse(input, "application/json", opt) })
}

// town is a service whose zones answer what a test wants.
type town struct {
	status, listStatus, asked atomic.Int64
	body                      atomic.Value
}

func newTown(t *testing.T, settings string) (*town, *Restrictions) {
	t.Helper()
	s := &town{}
	s.status.Store(http.StatusOK)
	s.listStatus.Store(http.StatusOK)
	s.body.Store(list(zoneOf("SUP", "alerte", "Arrosage")))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/departements" {
			s.asked.Add(1)
			w.WriteHeader(int(s.listStatus.Load()))
			fmt.Fprint(w, `[{"code":"01","nom":"Ain","niveauGraviteMax":null}]`)
			return
		}
		if q := r.URL.Query(); q.Get("commune") != "33039" || q.Get("profil") != "particulier" {
			t.Errorf("asked %s", r.URL)
		}
		w.WriteHeader(int(s.status.Load()))
		_, _ = w.Write(s.body.Load().([]byte))
	}))
	t.Cleanup(server.Close)
	client, err := fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	deps := source.Deps{HTTP: client, Now: func() time.Time { return time.Date(2026, 8, 1, 8, 0, 0, 0, time.UTC) }}
	r, err := New(deps, source.Spec{URL: server.URL + "/api/zones", Settings: []byte(settings)})
	if err != nil {
		t.Fatal(err)
	}
	return s, r
}

func TestNotFoundIsNoRestriction(t *testing.T) {
	t.Parallel()
	s, r := newTown(t, "commune: '33039'")
	records, cur, err := r.Fetch(t.Context(), source.Cursor{})
	if err != nil || len(records) != 1 {
		t.Fatalf("%v, %v", records, err)
	}
	s.status.Store(http.StatusNotFound)
	if records, cur, err = r.Fetch(t.Context(), cur); err != nil || len(records) != 0 || !Kind().VanishWithdraws {
		t.Fatalf("lifted: %v, %v", records, err)
	}
	if _, cur, err = r.Fetch(t.Context(), cur); !errors.Is(err, source.ErrUnchanged) || s.asked.Load() != 1 {
		t.Errorf("still nothing: %v, asked %d times", err, s.asked.Load())
	}
	s.status.Store(http.StatusOK)
	if records, _, err = r.Fetch(t.Context(), cur); err != nil || len(records) != 1 {
		t.Errorf("restricted again: %v, %v", records, err)
	}
}

func TestNotFoundOfAMovedServiceIsAnError(t *testing.T) {
	t.Parallel()
	s, r := newTown(t, "commune: '33039'")
	s.status.Store(http.StatusNotFound)
	s.listStatus.Store(http.StatusNotFound)
	if _, _, err := r.Fetch(t.Context(), source.Cursor{}); events.OutcomeOf(err).Reason != events.ReasonNotFound {
		t.Errorf("got %v", err)
	}
}

func TestSeveralZonesAskForAnAddress(t *testing.T) {
	t.Parallel()
	s, r := newTown(t, "commune: '33039'")
	s.status.Store(http.StatusConflict)
	_, _, err := r.Fetch(t.Context(), source.Cursor{})
	if o := events.OutcomeOf(err); o.Reason != events.ReasonInvalidConfig || !strings.Contains(err.Error(), "Bègles (33039) has several drought zones: give lat and lon") {
		t.Errorf("got %v", err)
	}
}

func TestAnUnknownLevelHidesNoOther(t *testing.T) {
	t.Parallel()
	records, err := Parse(list(zoneOf("SUP", "alerte_renforcee", "Arrosage"), zoneOf("SOU", "pas_restriction", "Arrosage"), zoneOf("GEO", "alerte", "Arrosage"), zoneOf("AEP", "nouveau", "Arrosage")), "", Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range records {
		s := r.Item
		if r.Refused != nil {
			s += " " + r.Refused.Error()
		}
		got = append(got, s)
	}
	want := []string{"SUP", "GEO vigieau: [2].type: not SUP, SOU or AEP", "AEP vigieau: [3].niveauGravite: not a known level"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestOrderThatEndedIsLeftOut(t *testing.T) {
	t.Parallel()
	body := []byte(strings.Replace(string(list(zoneOf("SUP", "alerte", "Arrosage"))), "null", `"2026-07-31"`, 1))
	for hour, want := range map[int]int{-4: 1, 1: 0} {
		now := time.Date(2026, 8, 1, hour, 0, 0, 0, time.UTC)
		if records, err := Parse(body, "", Options{Now: now}); err != nil || len(records) != want {
			t.Errorf("%s: %v, %v", now, records, err)
		}
	}
}

func TestUsesAreThoseOfTheProfile(t *testing.T) {
	t.Parallel()
	body := list(strings.Replace(zoneOf("SUP", "alerte", "Golf"), `"concerneParticulier":true`, `"concerneParticulier":false,"concerneEntreprise":true`, 1))
	for profile, want := range map[string]bool{"particulier": false, "entreprise": true, "collectivite": true} {
		records, err := Parse(body, "", Options{Profile: profile})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(records[0].Value.(record.Entry).Body, "Golf"); got != want {
			t.Errorf("%s: %v", profile, got)
		}
	}
}

func TestConfiguration(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string]string{
		"commune: '33039'":                                      "vigieau: url: required",
		"url: https://a.example":                                "vigieau: commune: required",
		"url: https://a.example\ncommune: '99999'":              `vigieau: commune: "99999" is not the INSEE code of a commune`,
		"url: https://a.example\ncommune: '33039'\nprofil: moi": `vigieau: profil: "moi" is not particulier, entreprise, collectivite or exploitation`,
		"url: https://a.example/z?commune=33039\nlat: 44.8":     "vigieau: lat, lon: give both or none",
	} {
		_, err := New(source.Deps{}, source.Spec{Settings: []byte(settings)})
		if err == nil || err.Error() != want || events.OutcomeOf(err).Reason != events.ReasonInvalidConfig {
			t.Errorf("%q: got %v", settings, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(list(zoneOf("SUP", "alerte", "Arrosage"))))
	f.Fuzz(func(t *testing.T, body []byte) {
		records, err := Parse(body, "", Options{Profile: "particulier"})
		if err != nil {
			return
		}
		again, _ := Parse(body, "", Options{Profile: "particulier"})
		for i, r := range records {
			if source.Meaning(r.Value) != source.Meaning(again[i].Value) {
				t.Error("the same body says otherwise")
			}
		}
	})
}
