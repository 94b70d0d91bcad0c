package panel

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/crieur/crieur/services/publisher/translit"
)

// Abbreviation shortens whole words, whatever their capitals and accents.
type Abbreviation struct {
	Full  string `json:"full" yaml:"full"`
	Short string `json:"short" yaml:"short"`
	Rank  int    `json:"rank" yaml:"rank"` // 1 is used before 2, before 3
}

//go:embed abbreviations.csv
var abbreviationsCSV []byte

// DefaultAbbreviations returns the built-in table; the caller may change its copy.
func DefaultAbbreviations() ([]Abbreviation, error) {
	table, err := parseDefault()
	return append([]Abbreviation(nil), table...), err
}

var parseDefault = sync.OnceValues(func() ([]Abbreviation, error) {
	return ReadAbbreviations(bytes.NewReader(abbreviationsCSV))
})

// ReadAbbreviations reads a table in CSV: a header "full,short,rank", then one
// abbreviation a line; # starts a comment. It is returned by rank, then in the
// file's order. Errors name the line.
func ReadAbbreviations(r io.Reader) ([]Abbreviation, error) {
	in := csv.NewReader(r)
	in.Comment, in.FieldsPerRecord = '#', 3
	header, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("panel: abbreviations: %w", err)
	}
	if strings.TrimPrefix(strings.Join(header, ","), "\uFEFF") != "full,short,rank" {
		return nil, fmt.Errorf("panel: abbreviations: line 1: header is %q, not full,short,rank", strings.Join(header, ","))
	}
	var table []Abbreviation
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("panel: abbreviations: %w", err)
		}
		line, _ := in.FieldPos(0)
		rank, err := strconv.Atoi(strings.TrimSpace(record[2]))
		a := Abbreviation{Full: strings.TrimSpace(record[0]), Short: strings.TrimSpace(record[1]), Rank: rank}
		if err != nil || a.Full == "" || a.Short == "" || len([]rune(a.Short)) >= len([]rune(a.Full)) {
			return nil, fmt.Errorf("panel: abbreviations: line %d: want a word, a shorter form and a rank", line)
		}
		table = append(table, a)
	}
	sort.SliceStable(table, func(i, j int) bool { return table[i].Rank < table[j].Rank })
	return table, nil
}

// Apply replaces the whole words Full of text by Short; a capital first letter
// is kept. "Grand-Rue" holds no "rue".
func (a Abbreviation) Apply(text string) string {
	want := keys([]rune(a.Full))
	runes := []rune(text)
	have := keys(runes)
	if len(want) == 0 || len(have) < len(want) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(runes); {
		if !matches(have, want, i) {
			b.WriteRune(runes[i])
			i++
			continue
		}
		short := []rune(a.Short)
		if unicode.IsUpper(runes[i]) {
			short[0] = unicode.ToUpper(short[0])
		}
		b.WriteString(string(short))
		i += len(want)
		if i < len(runes) && runes[i] == '.' && short[len(short)-1] == '.' {
			i++
		}
	}
	return b.String()
}

// Abbreviate applies a whole table, for outputs that have no pages to count.
func Abbreviate(text string, table []Abbreviation) string {
	for _, a := range table {
		text = a.Apply(text)
	}
	return text
}

// keys reduces characters to what a comparison looks at, one for one.
func keys(runes []rune) []rune {
	out := make([]rune, len(runes))
	for i, r := range runes {
		out[i] = unicode.ToLower(r)
		if r < unicode.MaxASCII {
			continue
		}
		if s, ok := translit.Approximate(r); ok && len(s) == 1 {
			out[i] = unicode.ToLower(rune(s[0]))
		}
	}
	return out
}

func matches(have, want []rune, at int) bool {
	if at+len(want) > len(have) || at > 0 && partOfWord(have[at-1]) {
		return false
	}
	for i, r := range want {
		if have[at+i] != r {
			return false
		}
	}
	end := at + len(want)
	return end == len(have) || !partOfWord(have[end])
}

func partOfWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '@'
}
