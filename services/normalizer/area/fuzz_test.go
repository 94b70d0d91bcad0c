package area_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/normalizer/area"
)

func FuzzStreet(f *testing.F) {
	for _, s := range []string{"Travaux rue Nationale", "au 12 bis, boulevard Jean-Jacques Bosc", "rue du 8 Mai 1945", "rue de l’", "12345 rue \xff", "rue\u00a0d'É"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := area.Street(text)
		if got == "" {
			return
		}
		if utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Fatalf("%q: %q is not UTF-8", text, got)
		}
		if !strings.Contains(strings.Join(strings.Fields(text), " "), got) {
			t.Fatalf("%q does not say %q", text, got)
		}
	})
}

func FuzzResolve(f *testing.F) {
	f.Add("33130", "Bègles", "2 rue X, 33130 Bègles", `{"type":"Point","coordinates":[-0.55,44.8]}`, "bègles : travaux", "à Bègles et Ambès", 44.8, -0.55)
	f.Add("", "Paris 12e", "", `[[[[[[1,2]]]]]]`, "", "", 1e300, 0.0)
	f.Add("2A004", "Ajaccio cedex", "20000", `{"coordinates":[null]}`, "", "33130", 0.0, 0.0)
	home := area.NewHome([]string{"33063", "33039", "33"})
	f.Fuzz(func(t *testing.T, postcode, city, address, geo, title, body string, lat, lon float64) {
		place := record.Place{Postcode: postcode, City: city, Address: address, GeoJSON: geo, Lat: &lat, Lon: &lon, INSEE: []string{postcode}}
		for _, a := range home.Resolve([]record.Place{place}, territory.Fold(title), territory.Fold(body)) {
			for _, code := range a.INSEE {
				_, commune := territory.France().Commune(code)
				_, departement := territory.France().Departement(code)
				if !commune && !departement {
					t.Fatalf("%q is no code", code)
				}
			}
			if p := a.Point; p != nil && (p.Lat < -90 || p.Lat > 90 || p.Lon < -180 || p.Lon > 180) {
				t.Fatalf("%+v is not on Earth", p)
			}
		}
	})
}
