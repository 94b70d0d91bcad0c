package territory

import (
	"bytes"
	"cmp"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

var (
	//go:embed reference/communes.tsv.gz
	communesGz []byte
	//go:embed reference/epci.tsv.gz
	epciGz []byte
	//go:embed reference/departements.tsv
	departementsTSV string
	//go:embed reference/regions.tsv
	regionsTSV string
	//go:embed reference/emma.tsv
	emmaTSV string
)

// read builds the territory from the embedded files. They are part of the
// program: a defect in them is one of the build, found by the tests.
func read() *Territory {
	t := &Territory{emma: map[string][]string{}}
	for f := range lines(unpack(epciGz), 2) {
		t.epci = append(t.epci, EPCI{SIREN: f[0], Name: f[1]})
	}
	t.byEPCI = make([][]uint32, len(t.epci))
	for f := range lines(departementsTSV, 4) {
		t.departements = append(t.departements, Departement{Code: f[0], Name: f[1], Region: f[2], Seat: f[3]})
	}
	slices.SortFunc(t.departements, func(a, b Departement) int { return strings.Compare(a.Code, b.Code) })
	for f := range lines(regionsTSV, 4) {
		t.regions = append(t.regions, Region{Code: f[0], Name: f[1], Seat: f[3]})
	}
	slices.SortFunc(t.regions, func(a, b Region) int { return strings.Compare(a.Code, b.Code) })
	for f := range lines(emmaTSV, 3) {
		if f[1] != "" {
			t.emma[f[0]] = strings.Split(f[1], "|")
		}
	}
	t.readCommunes(unpack(communesGz))
	t.index()
	return t
}

func (t *Territory) readCommunes(text string) {
	t.rows = make([]row, 0, strings.Count(text, "\n"))
	var folded strings.Builder
	folded.Grow(len(text) / 4)
	for f := range lines(text, 7) {
		name := foldName(f[1])
		r := row{
			code: f[0], name: f[1], postcodes: f[4], epci: -1,
			population: int32(number(f[2])), lat: float32(number(f[5])), lon: float32(number(f[6])),
			foldedAt: uint32(folded.Len()), foldedLen: uint16(len(name)),
		}
		folded.WriteString(name)
		if i, ok := t.epciIndex(f[3]); ok {
			r.epci = int16(i)
		}
		t.rows = append(t.rows, r)
	}
	t.folded = strings.Clone(folded.String())
}

func (t *Territory) index() {
	t.byName = make([]uint32, len(t.rows))
	for i := range t.rows {
		r := &t.rows[i]
		t.byName[i] = uint32(i)
		if r.epci >= 0 {
			t.byEPCI[r.epci] = append(t.byEPCI[r.epci], uint32(i))
		}
		if r.lat != 0 || r.lon != 0 {
			t.grid = append(t.grid, cell{key: cellKey(float64(r.lat), float64(r.lon)), row: uint32(i)})
		}
		for code := range strings.SplitSeq(r.postcodes, "|") {
			if code != "" {
				t.byPostcode = append(t.byPostcode, postcode{code: code, row: uint32(i)})
			}
		}
	}
	slices.SortFunc(t.byName, func(a, b uint32) int { return strings.Compare(t.name(a), t.name(b)) })
	slices.SortFunc(t.byPostcode, func(a, b postcode) int {
		return cmp.Or(strings.Compare(a.code, b.code), cmp.Compare(a.row, b.row))
	})
	slices.SortFunc(t.grid, func(a, b cell) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.row, b.row)) })
	t.byPostcode, t.grid = slices.Clip(t.byPostcode), slices.Clip(t.grid)
}

func unpack(packed []byte) string {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic(fmt.Sprintf("territory: embedded file: %v", err))
	}
	text, err := io.ReadAll(r)
	if err != nil {
		panic(fmt.Sprintf("territory: embedded file: %v", err))
	}
	return string(text)
}

// lines yields the tab-separated fields of each line of text. The slice is
// used again.
func lines(text string, fields int) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		f := make([]string, fields)
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			for i := range f {
				f[i], line, _ = strings.Cut(line, "\t")
			}
			if !yield(f) {
				return
			}
		}
	}
}

func number(s string) float64 {
	if s == "" {
		return 0
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic(fmt.Sprintf("territory: embedded file: %v", err))
	}
	return n
}
