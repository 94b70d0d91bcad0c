package cap

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/territory"
)

func TestGeocodes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, code, value string
		want              []string
	}{
		{"commune", "INSEE", "33039", []string{"33039"}},
		{"Corsican commune", "COMMUNE", "2a004", []string{"2A004"}},
		{"no commune", "INSEE", "99999", nil},
		{"département", "DEPARTEMENT", "33", []string{"33"}},
		{"NUTS 3 of today", "NUTS3", "FRI12", []string{"33"}},
		{"NUTS 3 of before 2016", "NUTS3", "FR612", []string{"33"}},
		{"NUTS 3 written otherwise", "nuts_3", " fri12 ", []string{"33"}},
		{"NUTS 3 of another country", "NUTS3", "DE111", nil},
		{"a digit that the region has not", "NUTS3", "FRI19", nil},
		{"EMMA of another country", "EMMA_ID", "IE001", nil},
	} {
		got := area(record.AlertArea{Geocodes: map[string][]string{tt.code: {tt.value}}}).INSEE
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestEMMAZonesAreTheirShapes: the département of each French zone of MeteoAlarm
// is where its recorded shape lies.
func TestEMMAZonesAreTheirShapes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(eventstest.Corpus(t), "reference", "KDE__foss-public-alert-server", "EMMA_ID", "FR*.geojson"))
	if err != nil || len(files) < 90 {
		t.Fatalf("%d zones: %v", len(files), err)
	}
	for _, path := range files {
		id := strings.TrimSuffix(filepath.Base(path), ".geojson")
		codes := area(record.AlertArea{Geocodes: map[string][]string{"EMMA_ID": {id}}}).INSEE
		if id == "FR001" && len(codes) == 0 { // Andorra, which Météo-France warns too
			continue
		}
		if len(codes) == 0 {
			t.Errorf("%s: no département", id)
			continue
		}
		in, all := 0, 0
		for _, c := range within(t, path) {
			all++
			if slices.Contains(codes, c.Departement) {
				in++
			}
		}
		if in*10 < all*7 || all == 0 { // the shapes are coarse: around Paris, a quarter lies beside
			t.Errorf("%s is %v, where %d of the %d communes of its shape are", id, codes, in, all)
		}
	}
}

// within are the communes in the outer rings of a zone's shape.
func within(t *testing.T, path string) []territory.Commune {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var zone struct {
		Geometry struct {
			Type        string
			Coordinates json.RawMessage
		}
	}
	if err := json.Unmarshal(body, &zone); err != nil {
		t.Fatal(err)
	}
	var polygons [][][][2]float64
	if zone.Geometry.Type == "Polygon" {
		polygons = make([][][][2]float64, 1)
		err = json.Unmarshal(zone.Geometry.Coordinates, &polygons[0])
	} else {
		err = json.Unmarshal(zone.Geometry.Coordinates, &polygons)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	var list []territory.Commune
	for _, p := range polygons {
		var ring territory.Ring
		for _, at := range p[0] {
			ring = append(ring, [2]float64{at[1], at[0]})
		}
		list = append(list, territory.France().Inside(ring)...)
	}
	return list
}

func FuzzArea(f *testing.F) {
	f.Add("EMMA_ID", "FR012", "44,0 45,0 45,1 44,0", "44.8,-0.5 10", "Gironde")
	f.Add("NUTS3", "FRI12", "NaN,1 91,0", "1e9,0 -1", "")
	f.Add("INSEE", "33039", "1,1 1,1 1,1 1,1", "44,0 1e300", "\xff")
	f.Fuzz(func(t *testing.T, name, value, polygon, circle, description string) {
		a := area(record.AlertArea{
			Description: description, Geocodes: map[string][]string{name: {value}}, Polygons: []string{polygon}, Circles: []string{circle},
		})
		for _, code := range a.INSEE {
			_, commune := territory.France().Commune(code)
			_, departement := territory.France().Departement(code)
			if !commune && !departement {
				t.Fatalf("%q is no code", code)
			}
		}
		for _, ring := range a.Polygons {
			for _, p := range ring {
				if !(p.Lat >= -90 && p.Lat <= 90 && p.Lon >= -180 && p.Lon <= 180) {
					t.Fatalf("%+v is not on Earth", p)
				}
			}
		}
	})
}
