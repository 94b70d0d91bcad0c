package panel

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"

	"github.com/crieur/crieur/services/publisher/translit"
)

// Charset names the characters a sign's controller knows.
type Charset string

// Character sets; the zero value is AnyCharset, limited by the font.
const (
	AnyCharset    Charset = "font"
	ASCII         Charset = "ascii"
	Latin1        Charset = "latin1"       // ISO 8859-1
	Latin9        Charset = "latin9"       // ISO 8859-15: Œ and €
	Windows1252   Charset = "windows-1252" // Latin-1 and typography
	CodePage437   Charset = "cp437"        // É and Ç, but neither À nor Ê
	CodePage850   Charset = "cp850"
	asciiPrintMin         = ' '
	asciiPrintMax         = '~'
)

func (c Charset) lookup() (func(rune) bool, error) {
	var cm *charmap.Charmap
	switch c {
	case "", AnyCharset:
		return func(rune) bool { return true }, nil
	case ASCII:
		return func(r rune) bool { return r >= asciiPrintMin && r <= asciiPrintMax }, nil
	case Latin1:
		cm = charmap.ISO8859_1
	case Latin9:
		cm = charmap.ISO8859_15
	case Windows1252:
		cm = charmap.Windows1252
	case CodePage437:
		cm = charmap.CodePage437
	case CodePage850:
		cm = charmap.CodePage850
	default:
		return nil, fmt.Errorf("%q is unknown", string(c))
	}
	return func(r rune) bool {
		_, ok := cm.EncodeRune(r)
		return ok && r >= asciiPrintMin
	}, nil
}

// shown is a text in the sign's characters, with what could not be shown.
type shown struct {
	folded, removed, lost []rune
}

// withoutEmoji leaves out the emoji that the sign lacks, before typography sees
// the holes that they leave.
func (s screen) withoutEmoji(text string, removed *[]rune) string {
	var out []rune
	hole := false
	for _, r := range text {
		switch {
		case translit.IsEmoji(r) && !s.charset(r):
			*removed, hole = append(*removed, r), true
			continue
		case hole && (r != '\n' && unicode.IsSpace(r) || translit.IsInvisible(r)):
			continue
		case hole:
			out, hole = closed(out, r), false
		}
		out = append(out, r)
	}
	if hole {
		out = closed(out, 0)
	}
	return string(out)
}

func closed(out []rune, after rune) []rune {
	before := rune(0)
	for ; len(out) > 0; out = out[:len(out)-1] {
		if before = out[len(out)-1]; before == '\n' || !unicode.IsSpace(before) {
			break
		}
		before = 0
	}
	return append(out, []rune(translit.Gap(before, after))...)
}

// spell writes text with the sign's capitals and characters; glue survives.
func (s screen) spell(text string, log *shown) string {
	if s.capitals {
		text = capitals(text)
	}
	var b strings.Builder
	runes := []rune(norm.NFC.String(text))
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		switch {
		case r == weakGlue, r == strongGlue, r == '\n', s.charset(r):
			b.WriteRune(r)
		case translit.IsInvisible(r):
		case r == '°' && i+1 < len(runes) && (runes[i+1] == 'C' || runes[i+1] == 'F'):
			log.folded = append(log.folded, r) // "38 C", not "38 oC"
		default:
			b.WriteString(s.substitute(r, log))
			if r == '«' && i+1 < len(runes) && runes[i+1] == strongGlue {
				i++
			}
		}
	}
	out := b.String()
	if !s.charset('»') {
		out = strings.ReplaceAll(out, string(strongGlue)+`"`, `"`)
	}
	return strings.Trim(spaces.ReplaceAllString(out, " "), " \n")
}

// substitute returns the closest reading of r the sign can show, "?" without one.
func (s screen) substitute(r rune, log *shown) string {
	reading, ok := translit.Approximate(r)
	if ok && s.capitals {
		reading = strings.ToUpper(reading)
	}
	var b strings.Builder
	for _, c := range reading {
		switch {
		case s.charset(c):
			b.WriteRune(c)
		case c != '\n' && s.charset(unicode.ToUpper(c)):
			b.WriteRune(unicode.ToUpper(c))
		default:
			ok = false
		}
	}
	if !ok {
		log.lost = append(log.lost, r)
		if s.charset('?') {
			return "?"
		}
		return ""
	}
	if !typographic(reading) {
		log.folded = append(log.folded, r)
	}
	return b.String()
}

// typographic reports readings nobody misses the original of: apostrophes,
// dashes, ellipses and spaces.
func typographic(reading string) bool { return strings.Trim(reading, "'-. ") == "" }

// ranked is a Roman number that ranks, and its ending, no part of the number.
var ranked = regexp.MustCompile(`(?:^|[^\p{L}\d])[IVX]+(e|er|ère)(?:[^\p{L}\d]|$)`)

// capitals keeps accents, as French capitals do; units stay legible in capitals
// on a sign, "Ve" stays a number, and a web address keeps its case where it has a
// path, which counts.
func capitals(text string) string {
	words := strings.Split(text, " ")
	for i, w := range words {
		if hasPath(w) {
			continue
		}
		words[i] = upper(strings.NewReplacer("ß", "ss", "ᵉ", "e", "ʳ", "r").Replace(w))
	}
	return strings.Join(words, " ")
}

func upper(w string) string {
	if m := ranked.FindStringSubmatchIndex(w); m != nil {
		return upper(w[:m[2]]) + w[m[2]:m[3]] + upper(w[m[3]:])
	}
	return strings.ToUpper(w)
}

// hasPath reports a web address with something behind its host.
func hasPath(w string) bool {
	if _, rest, ok := strings.Cut(w, "://"); ok {
		w = rest
	}
	_, path, _ := strings.Cut(w, "/")
	return path != "" && isAddress(w)
}
