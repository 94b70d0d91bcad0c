package territory

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"sync"
)

// Commune is a commune, or a municipal arrondissement of Paris, Lyon or
// Marseille.
type Commune struct {
	Code        string // INSEE: "33063"
	Name        string // official, with accents: "Bordeaux"
	Departement string // "33"
	Region      string // INSEE code of the region: "75"
	EPCI        string // SIREN of its intercommunality, empty when it has none
	Postcodes   []string
	Population  int     // inhabitants, INSEE's municipal population
	Lat, Lon    float64 // centroid, WGS 84 degrees; both 0 when unknown
}

// Located reports whether the commune's position is known: five communes
// created lately, the arrondissements and the Pacific have none.
func (c Commune) Located() bool { return c.Lat != 0 || c.Lon != 0 }

// Arrondissement reports whether c is a municipal arrondissement, whose
// territory and inhabitants are also its commune's.
func (c Commune) Arrondissement() bool { return Parent(c.Code) != "" }

// Parent returns the commune of a municipal arrondissement's code, empty for
// any other code.
func Parent(code string) string {
	switch {
	case code >= "75101" && code <= "75120":
		return "75056"
	case code >= "13201" && code <= "13216":
		return "13055"
	case code >= "69381" && code <= "69389":
		return "69123"
	}
	return ""
}

// DepartementOf returns the département of an INSEE commune code: its first
// two characters, three overseas. A département code is returned as it is;
// the empty string when it is neither.
func DepartementOf(code string) string {
	switch {
	case len(code) == 2 || len(code) == 3:
		return code
	case len(code) != 5:
		return ""
	case strings.HasPrefix(code, "97"), strings.HasPrefix(code, "98"):
		return code[:3]
	}
	return code[:2]
}

// Departement is a département or a territory overseas that has its place.
type Departement struct {
	Code, Name, Region string
	Seat               string // INSEE code of its chef-lieu
}

// Region is a region, or a territory overseas that has its place.
type Region struct {
	Code, Name string
	Seat       string
}

// EPCI is an intercommunality with its own taxation.
type EPCI struct {
	SIREN, Name string
}

// Territory holds the reference data and its indexes.
type Territory struct {
	rows         []row  // sorted by code
	folded       string // every folded name, one after the other
	byName       []uint32
	byPostcode   []postcode
	byEPCI       [][]uint32 // by index of epci
	epci         []EPCI     // sorted by SIREN
	departements []Departement
	regions      []Region
	emma         map[string][]string
	grid         []cell // sorted by key
}

// row is a commune as kept: its strings are parts of one text.
type row struct {
	code, name, postcodes string
	lat, lon              float32
	population            int32
	epci                  int16 // index, -1 when none
	foldedLen             uint16
	foldedAt              uint32
}

type postcode struct {
	code string
	row  uint32
}

// France returns the territory, read at the first call.
func France() *Territory { return load() }

var load = sync.OnceValue(read)

// Commune returns the commune of an INSEE code.
func (t *Territory) Commune(code string) (Commune, bool) {
	i, ok := slices.BinarySearchFunc(t.rows, code, func(r row, c string) int { return strings.Compare(r.code, c) })
	if !ok {
		return Commune{}, false
	}
	return t.commune(uint32(i)), true
}

func (t *Territory) commune(i uint32) Commune {
	r := &t.rows[i]
	c := Commune{
		Code: r.code, Name: r.name, Departement: DepartementOf(r.code),
		Population: int(r.population), Lat: float64(r.lat), Lon: float64(r.lon),
	}
	if r.postcodes != "" {
		c.Postcodes = strings.Split(r.postcodes, "|")
	}
	if r.epci >= 0 {
		c.EPCI = t.epci[r.epci].SIREN
	}
	if d, ok := t.Departement(c.Departement); ok {
		c.Region = d.Region
	}
	return c
}

// communes returns rows by decreasing population, then by code.
func (t *Territory) communes(rows []uint32) []Commune {
	slices.SortFunc(rows, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(t.rows[b].population, t.rows[a].population), cmp.Compare(a, b))
	})
	list := make([]Commune, len(rows))
	for i, r := range rows {
		list[i] = t.commune(r)
	}
	return list
}

// ByPostcode returns the communes a five-digit post code serves, the most
// populated first.
func (t *Territory) ByPostcode(code string) []Commune {
	i := sort.Search(len(t.byPostcode), func(i int) bool { return t.byPostcode[i].code >= code })
	var rows []uint32
	for ; i < len(t.byPostcode) && t.byPostcode[i].code == code; i++ {
		rows = append(rows, t.byPostcode[i].row)
	}
	return t.communes(rows)
}

// ByName returns the communes of that name, written with or without accents,
// capitals, hyphens, and with St for Saint; the most populated first. With a
// département code, only those of it.
func (t *Territory) ByName(name, departement string) []Commune {
	name = foldName(name)
	if name == "" {
		return nil
	}
	i := sort.Search(len(t.byName), func(i int) bool { return t.name(t.byName[i]) >= name })
	var rows []uint32
	for ; i < len(t.byName) && t.name(t.byName[i]) == name; i++ {
		r := t.byName[i]
		if departement == "" || DepartementOf(t.rows[r].code) == departement {
			rows = append(rows, r)
		}
	}
	return t.communes(rows)
}

// Search returns at most limit communes for what someone has begun to type: a
// name, a post code or an INSEE code. An exact name comes first, then the most
// populated.
func (t *Territory) Search(prefix string, limit int) []Commune {
	prefix = foldName(prefix)
	if prefix == "" || limit <= 0 {
		return nil
	}
	var rows []uint32
	if prefix[0] >= '0' && prefix[0] <= '9' {
		rows = t.searchCode(prefix)
	} else {
		i := sort.Search(len(t.byName), func(i int) bool { return t.name(t.byName[i]) >= prefix })
		for ; i < len(t.byName) && strings.HasPrefix(t.name(t.byName[i]), prefix); i++ {
			rows = append(rows, t.byName[i])
		}
	}
	slices.SortFunc(rows, func(a, b uint32) int {
		exact := func(r uint32) int {
			if t.name(r) == prefix {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(exact(a), exact(b)),
			cmp.Compare(t.rows[b].population, t.rows[a].population), cmp.Compare(a, b))
	})
	list := make([]Commune, 0, min(limit, len(rows)))
	for _, r := range rows[:min(limit, len(rows))] {
		list = append(list, t.commune(r))
	}
	return list
}

func (t *Territory) searchCode(prefix string) []uint32 {
	prefix = strings.ToUpper(prefix)
	seen := map[uint32]bool{}
	var rows []uint32
	add := func(r uint32) {
		if !seen[r] {
			seen[r] = true
			rows = append(rows, r)
		}
	}
	i := sort.Search(len(t.byPostcode), func(i int) bool { return t.byPostcode[i].code >= prefix })
	for ; i < len(t.byPostcode) && strings.HasPrefix(t.byPostcode[i].code, prefix); i++ {
		add(t.byPostcode[i].row)
	}
	j := sort.Search(len(t.rows), func(i int) bool { return t.rows[i].code >= prefix })
	for ; j < len(t.rows) && strings.HasPrefix(t.rows[j].code, prefix); j++ {
		add(uint32(j))
	}
	return rows
}

func (t *Territory) name(r uint32) string {
	at := t.rows[r].foldedAt
	return t.folded[at : at+uint32(t.rows[r].foldedLen)]
}

// Departement returns the département of a code.
func (t *Territory) Departement(code string) (Departement, bool) {
	i, ok := slices.BinarySearchFunc(t.departements, code, func(d Departement, c string) int { return strings.Compare(d.Code, c) })
	if !ok {
		return Departement{}, false
	}
	return t.departements[i], true
}

// DepartementByName returns the département of a name, however written.
func (t *Territory) DepartementByName(name string) (Departement, bool) {
	name = Fold(name)
	for _, d := range t.departements {
		if Fold(d.Name) == name {
			return d, true
		}
	}
	return Departement{}, false
}

// Departements returns all, sorted by code.
func (t *Territory) Departements() []Departement { return slices.Clone(t.departements) }

// Region returns the region of a code.
func (t *Territory) Region(code string) (Region, bool) {
	for _, r := range t.regions {
		if r.Code == code {
			return r, true
		}
	}
	return Region{}, false
}

// EPCI returns the intercommunality of a SIREN.
func (t *Territory) EPCI(siren string) (EPCI, bool) {
	i, ok := t.epciIndex(siren)
	if !ok {
		return EPCI{}, false
	}
	return t.epci[i], true
}

func (t *Territory) epciIndex(siren string) (int, bool) {
	return slices.BinarySearchFunc(t.epci, siren, func(e EPCI, s string) int { return strings.Compare(e.SIREN, s) })
}

// Members returns the communes of an intercommunality, the most populated
// first.
func (t *Territory) Members(siren string) []Commune {
	i, ok := t.epciIndex(siren)
	if !ok {
		return nil
	}
	return t.communes(slices.Clone(t.byEPCI[i]))
}

// In returns the communes of a département, the most populated first, without
// municipal arrondissements.
func (t *Territory) In(departement string) []Commune {
	i := sort.Search(len(t.rows), func(i int) bool { return t.rows[i].code >= departement })
	var rows []uint32
	for ; i < len(t.rows) && strings.HasPrefix(t.rows[i].code, departement); i++ {
		if DepartementOf(t.rows[i].code) == departement && Parent(t.rows[i].code) == "" {
			rows = append(rows, uint32(i))
		}
	}
	return t.communes(rows)
}

// Len returns how many communes and arrondissements are known.
func (t *Territory) Len() int { return len(t.rows) }
