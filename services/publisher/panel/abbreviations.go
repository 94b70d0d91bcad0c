package panel

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/crieur/crieur/services/publisher/translit"
)

// Abbreviation shortens whole words, whatever their capitals and accents.
type Abbreviation struct {
	Full  string `json:"full" yaml:"full"`
	Short string `json:"short" yaml:"short"`
	Rank  int    `json:"rank" yaml:"rank"` // 1 is used before 2, before LastResort
}

// LastResort is the rank of short forms that a reader stumbles on.
const LastResort = 3

//go:embed abbreviations.csv
var abbreviationsCSV []byte

// DefaultAbbreviations returns the built-in table; the caller may change its copy.
func DefaultAbbreviations() ([]Abbreviation, error) {
	table, err := parseDefault()
	return plainTable(table), err
}

var parseDefault = sync.OnceValues(func() ([]entry, error) {
	table, err := readTable(bytes.NewReader(abbreviationsCSV))
	if err == nil {
		err = conflicts(table)
	}
	return table, err
})

// Amended returns the built-in table with an authority's own. A word of the
// built-in table gets the authority's short form; "-" keeps it whole. Its error
// is a *Conflict.
func Amended(own []Abbreviation) ([]Abbreviation, error) {
	builtIn, err := parseDefault()
	if err != nil {
		return nil, err
	}
	named := map[string]bool{}
	table := make([]entry, 0, len(own)+len(builtIn))
	for i, a := range own {
		e := entry{a, i + 1}
		named[e.key()] = true
		table = append(table, e)
	}
	for _, e := range builtIn {
		if e.line = 0; !named[e.key()] {
			table = append(table, e)
		}
	}
	if err := conflicts(table); err != nil {
		return nil, err
	}
	table = slices.DeleteFunc(table, func(e entry) bool { return e.Short == whole })
	slices.SortStableFunc(table, func(a, b entry) int { return cmp.Compare(a.Rank, b.Rank) })
	return plainTable(table), nil
}

// whole is the short form of a word that is not shortened.
const whole = "-"

// Problem says what is wrong with an abbreviation.
type Problem string

// The problems.
const (
	Twice     Problem = "twice"     // the word has another short form
	Chain     Problem = "chain"     // the short form is a word that is itself shortened
	Ambiguous Problem = "ambiguous" // the short form stands for another word
)

// Conflict is an abbreviation that another contradicts.
type Conflict struct {
	Own     int // index among the authority's own
	Problem Problem
	What    Abbreviation
	With    Abbreviation
}

// Error names both.
func (c *Conflict) Error() string {
	return fmt.Sprintf("panel: abbreviation %s,%s: %s with %s,%s", c.What.Full, c.What.Short, c.Problem, c.With.Full, c.With.Short)
}

// entry is an abbreviation and its line among the authority's own, from 1; in
// the built-in table that of the file, 0 once it is amended.
type entry struct {
	Abbreviation
	line int
}

func (e entry) key() string { return string(keys([]rune(e.Full))) }

func plainTable(table []entry) []Abbreviation {
	out := make([]Abbreviation, len(table))
	for i, e := range table {
		out[i] = e.Abbreviation
	}
	return out
}

// readTable reads a table in its file's order.
func readTable(r io.Reader) ([]entry, error) {
	in := csv.NewReader(r)
	in.Comment, in.FieldsPerRecord = '#', 3
	header, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("panel: abbreviations: %w", err)
	}
	if strings.TrimPrefix(strings.Join(header, ","), "\uFEFF") != "full,short,rank" {
		line, _ := in.FieldPos(0)
		return nil, fmt.Errorf("panel: abbreviations: line %d: header is %q, not full,short,rank", line, strings.Join(header, ","))
	}
	var table []entry
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return table, nil
		}
		if err != nil {
			return nil, fmt.Errorf("panel: abbreviations: %w", err)
		}
		line, _ := in.FieldPos(0)
		rank, err := strconv.Atoi(strings.TrimSpace(record[2]))
		a := Abbreviation{Full: strings.TrimSpace(record[0]), Short: strings.TrimSpace(record[1]), Rank: rank}
		switch {
		case err != nil || rank < 1 || rank > LastResort:
			return nil, fmt.Errorf("panel: abbreviations: line %d: rank: %q is not 1, 2 or 3", line, record[2])
		case a.Full == "" || a.Short == "":
			return nil, fmt.Errorf("panel: abbreviations: line %d: a word and its shorter form are needed", line)
		case utf8.RuneCountInString(a.Short) >= utf8.RuneCountInString(a.Full):
			return nil, fmt.Errorf("panel: abbreviations: line %d: %q is not shorter than %q", line, a.Short, a.Full)
		}
		table = append(table, entry{a, line})
	}
}

// conflicts names the first line that another contradicts. Where a line is the
// authority's and the other built-in, it is the authority's. A short form may
// stand for forms of one word, as municipal and municipale.
func conflicts(table []entry) error {
	words, shorts := map[string]entry{}, map[string][]entry{}
	for _, e := range table {
		if other, twice := words[e.key()]; twice {
			return clash(e, other, Twice)
		}
		words[e.key()] = e
	}
	for _, e := range table {
		if e.Short == whole {
			continue
		}
		short := string(keys([]rune(strings.TrimSuffix(e.Short, "."))))
		if other, chain := words[short]; chain && other.Short != whole {
			return clash(e, other, Chain)
		}
		for _, other := range shorts[short] {
			if !strings.HasPrefix(e.key(), other.key()) && !strings.HasPrefix(other.key(), e.key()) {
				return clash(e, other, Ambiguous)
			}
		}
		shorts[short] = append(shorts[short], e)
	}
	return nil
}

func clash(e, other entry, problem Problem) error {
	if e.line < other.line {
		e, other = other, e
	}
	return &Conflict{Own: e.line - 1, Problem: problem, What: e.Abbreviation, With: other.Abbreviation}
}

// Apply replaces the whole words Full of text by Short, but for those that Short
// would not be read as; a capital first letter is kept. "Grand-Rue" holds no
// "rue", and "sur place" no square.
func (a Abbreviation) Apply(text string) string {
	want := keys([]rune(a.Full))
	runes := []rune(text)
	have := keys(runes)
	if len(want) == 0 || len(have) < len(want) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(runes); {
		if !matches(have, want, i) || misread(string(want), have[max(0, i-nearby):i], runes[i+len(want):min(len(runes), i+len(want)+nearby)]) {
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

// nearby is as far as the words before and after decide on how one is read.
const nearby = 16

const gap = `[\s\x{A0}\x{202F}]`

var (
	counted = regexp.MustCompile(`\d` + gap + `*$`)
	ordinal = regexp.MustCompile(`(?:\d(?:er|e|eme)|premier|deuxieme|troisieme|dernier|chaque|ce)` + gap + `+$`)
	idiom   = regexp.MustCompile(`(?:^|[\s(])(?:en|de|une|sur)` + gap + `+$`)
	listed  = regexp.MustCompile(`^$|,` + gap + `*$`)
	digit   = regexp.MustCompile(`^` + gap + `*\d`)
	called  = regexp.MustCompile(`^` + gap + `+(?:(?i:de|du|des|de` + gap + `+la)` + gap + `+|(?i:de` + gap + `+l|d)['’])?[\p{Lu}\d]`)
	link    = regexp.MustCompile(`(?i)^` + gap + `+(?:(?:de|du|des)` + gap + `|d['’])`)
	verbal  = regexp.MustCompile(`(?i)^` + gap + `+(?:à|au|aux|la|le|les|en|sous|pour|dans|et|sur|par|avec)` + gap)
	dated   = regexp.MustCompile(`^` + gap + `*(?:[\d,;.)–-]|$)|(?i)^` + gap + `+(?:(?:matin|soir|après)|(?:au|et|ou)` + gap + `+(?:lun|mar|mer|jeu|ven|sam|dim))`)
	danger  = regexp.MustCompile(`(?i)^` + gap + `+(?:à|au|aux)` + gap)
)

// misread reports that between what stands before and after it a word is not
// what its short form says: "Heures d’ouverture", "mise en place", "le 1er mardi".
func misread(word string, before, after []rune) bool {
	left, right := string(before), string(after)
	switch word {
	case "heures", "minutes", "kilometres", "euros":
		return !counted.MatchString(left)
	case "numero":
		return !digit.MatchString(right)
	case "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche":
		return ordinal.MatchString(left) || !dated.MatchString(right)
	case "exposition":
		return danger.MatchString(right)
	case "place", "rue", "route", "avenue", "boulevard", "chemin", "impasse", "quartier", "residence", "square", "allee", "esplanade", "faubourg", "saint", "sainte":
		named := called.MatchString(right) || listed.MatchString(left) && link.MatchString(right)
		return !named || verbal.MatchString(right) || idiom.MatchString(left)
	}
	return false
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
