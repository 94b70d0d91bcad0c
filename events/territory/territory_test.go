package territory_test

import (
	"runtime"
	"slices"
	"testing"

	"github.com/crieur/crieur/events/territory"
)

func codes(list []territory.Commune) []string {
	var c []string
	for _, x := range list {
		c = append(c, x.Code)
	}
	return c
}

func TestEveryCommuneIsComplete(t *testing.T) {
	t.Parallel()
	f := territory.France()
	if f.Len() != 35014 {
		t.Fatalf("%d communes, want 35,014", f.Len())
	}
	n, population := 0, 0
	for _, d := range f.Departements() {
		if _, ok := f.Region(d.Region); !ok {
			t.Errorf("%s: unknown region %q", d.Code, d.Region)
		}
		for _, c := range f.In(d.Code) {
			n++
			population += c.Population
			if got, ok := f.Commune(c.Code); !ok || got.Name != c.Name || c.Name == "" {
				t.Errorf("%s: %+v, %v", c.Code, got, ok)
			}
			if len(c.Postcodes) == 0 && c.Departement < "98" && c.Population > 0 {
				t.Errorf("%s %s: no post code", c.Code, c.Name)
			}
			if !slices.Contains(codes(f.ByName(c.Name, d.Code)), c.Code) {
				t.Errorf("%s %s: not found by its name", c.Code, c.Name)
			}
			for _, p := range c.Postcodes {
				if !slices.Contains(codes(f.ByPostcode(p)), c.Code) {
					t.Errorf("%s %s: not found by %s", c.Code, c.Name, p)
				}
			}
			if got, ok := f.At(c.Lat, c.Lon, "75056", "13055"); c.Located() && (!ok || got.Code != c.Code) {
				t.Errorf("%s %s: its centroid is in %s", c.Code, c.Name, got.Name)
			}
		}
	}
	if n != f.Len()-45 {
		t.Errorf("%d communes in départements, want all but 45 arrondissements", n)
	}
	if population < 66e6 || population > 70e6 {
		t.Errorf("population %d", population)
	}
}

func TestLookups(t *testing.T) {
	t.Parallel()
	f := territory.France()
	for name, c := range map[string]struct{ got, want []string }{
		"by name, plain":           {codes(f.ByName("begles", "")), []string{"33039"}},
		"by name, St":              {codes(f.ByName("St Médard en Jalles", "33")), []string{"33449"}},
		"by name, accents, hyphen": {codes(f.ByName("L’Haÿ-les-Roses", "")), []string{"94038"}},
		"by name, département":     {codes(f.ByName("Saint-Denis", "974")), []string{"97411"}},
		"by name, none":            {codes(f.ByName("", "")), nil},
		"postcode of one":          {codes(f.ByPostcode("33130")), []string{"33039"}},
		"postcode, most populated": {codes(f.ByPostcode("75001"))[:1], []string{"75056"}},
		"postcode unknown":         {codes(f.ByPostcode("00000")), nil},
		"search, exact first":      {codes(f.Search("lille", 1)), []string{"59350"}},
		"search, prefix":           {codes(f.Search("bordea", 1)), []string{"33063"}},
		"search, postcode":         {codes(f.Search("3313", 1)), []string{"33039"}},
		"search, Corsican code":    {codes(f.Search("2a004", 1)), []string{"2A004"}},
		"search, nothing":          {codes(f.Search("zzzz", 5)), nil},
		"zone EMMA":                {f.Zone("EMMA_ID", "FR014"), []string{"33"}},
		"zone of four":             {f.Zone("EMMA_ID", "FR067"), []string{"75", "92", "93", "94"}},
		"zone NUTS3 of 2010":       {f.Zone("NUTS3", "FR821"), []string{"04"}},
		"zone NUTS3 of 2021":       {f.Zone("NUTS3", "FRI12"), []string{"33"}},
		"zone overseas":            {f.Zone("NUTS3", "FRY40"), []string{"974"}},
		"zone abroad":              {f.Zone("NUTS3", "DE343"), nil},
		"zone not a number":        {f.Zone("NUTS3", "FRI1x"), nil},
		"no such EPCI":             {codes(f.Members("000000000")), nil},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
	bordeaux, _ := f.Commune("33063")
	if e, ok := f.EPCI(bordeaux.EPCI); !ok || e.Name != "Bordeaux Métropole" {
		t.Errorf("EPCI %+v", e)
	}
	if m := f.Members(bordeaux.EPCI); len(m) != 28 || m[0].Name != "Bordeaux" {
		t.Errorf("%d members of Bordeaux Métropole, want 28", len(m))
	}
	if d, ok := f.DepartementByName("cote d'or"); !ok || d.Code != "21" {
		t.Errorf("Côte-d'Or: %+v", d)
	}
}

func TestAt(t *testing.T) {
	t.Parallel()
	f := territory.France()
	for name, c := range map[string]struct {
		lat, lon float64
		home     string
		want     string
	}{
		"Bègles":     {44.8077, -0.5496, "", "33039"},
		"Ajaccio":    {41.9192, 8.7386, "", "2A004"},
		"null":       {0, 0, "", ""},
		"London":     {51.5, -0.12, "", ""},
		"not a spot": {1e9, 3, "", ""},

		"Gare Saint-Jean, of nobody": {44.8259, -0.5567, "", "33063"},
		"Gare Saint-Jean":            {44.8259, -0.5567, "33063", "33063"},
		"parc des expositions":       {44.8937, -0.5655, "33063", "33063"},
		"Caudéran":                   {44.8530, -0.6080, "33063", "33063"},
		"la Bastide":                 {44.8420, -0.5480, "33063", "33063"},
		"place Daumesnil":            {48.8396, 2.3958, "75056", "75056"},
		"rue Ordener":                {48.8930, 2.3450, "75056", "75056"},
		"porte de Versailles":        {48.8320, 2.2880, "75056", "75056"},
		"Rangueil":                   {43.5660, 1.4650, "31555", "31555"},
		"the town hall of Bègles":    {44.8085, -0.5490, "33063", "33039"},
		"of Le Bouscat":              {44.8653, -0.5983, "33063", "33069"},
		"of Vanves":                  {48.8210, 2.2890, "75056", "92075"},
		"a hamlet of a village":      {45.6128, 4.5912, "69184", "69184"},
		"Lyon, told by Bordeaux":     {45.7550, 4.8360, "33063", "69123"},
		"a home that is no commune":  {44.8077, -0.5496, "33", "33039"},
	} {
		got, ok := f.At(c.lat, c.lon, c.home)
		if got.Code != c.want || ok != (c.want != "") {
			t.Errorf("%s: %s %s", name, got.Code, got.Name)
		}
	}
	box := territory.Ring{{44.7, -0.7}, {44.7, -0.5}, {44.9, -0.5}, {44.9, -0.7}, {44.7, -0.7}}
	if in := codes(f.Inside(box)); !slices.Contains(in, "33063") || !slices.Contains(in, "33039") || slices.Contains(in, "75056") {
		t.Errorf("inside the box: %v", in)
	}
	if near := f.Within(44.8077, -0.5496, 5); len(near) < 2 || near[0].Code != "33039" {
		t.Errorf("within 5 km: %v", codes(near))
	}
}

func TestMemory(t *testing.T) {
	territory.France()
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	t.Logf("heap with France loaded: %.1f MB", float64(m.HeapAlloc)/1e6)
	if m.HeapAlloc > 16e6 {
		t.Errorf("heap of %d bytes, want at most 16 MB", m.HeapAlloc)
	}
}

func BenchmarkAt(b *testing.B) {
	f := territory.France()
	for b.Loop() {
		f.At(44.8077, -0.5496)
	}
}
