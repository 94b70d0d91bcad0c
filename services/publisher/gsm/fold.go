package gsm

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/crieur/crieur/services/publisher/translit"
)

// Replacement is one change Fold made.
type Replacement struct {
	From   string `json:"from"`
	To     string `json:"to"`     // empty when removed
	Offset int    `json:"offset"` // bytes, in the text given to Fold
}

// Folded is a text ready to send.
type Folded struct {
	Text         string        `json:"text"`
	Replacements []Replacement `json:"replacements,omitempty"`
	Encoding     Encoding      `json:"encoding"`
}

// Fold replaces what is outside GSM 03.38 by its closest reading when that puts
// the whole text in the alphabet; otherwise the text goes in UCS-2 with all its
// accents. Control characters and, by policy, emoji go in both cases. « and »
// become a plain quotation mark without the space inside. The result is valid
// UTF-8 in Unicode form C, and folding it again changes nothing.
func Fold(text string, p Policy) Folded {
	f := folder{policy: p}
	f.plain.possible = true
	var it norm.Iter
	it.InitString(norm.NFC, text)
	for !it.Done() {
		f.offset = it.Pos()
		segment := string(it.Next())
		f.original = text[f.offset:it.Pos()]
		f.segment(segment, text[it.Pos():])
	}
	f.plain.end()
	f.rich.end()
	if f.plain.possible {
		return Folded{Text: f.plain.String(), Replacements: f.plain.changes, Encoding: GSM7}
	}
	return Folded{Text: norm.NFC.String(f.rich.String()), Replacements: f.rich.changes, Encoding: UCS2}
}

// folder writes both outcomes in one pass: plain for GSM-7, rich for UCS-2.
type folder struct {
	policy      Policy
	plain, rich output
	original    string // the input's bytes of the segment at hand
	offset      int
}

// output is one outcome under construction.
type output struct {
	text     []byte
	changes  []Replacement
	possible bool
	removed  bool // an emoji has just been removed
	opened   bool // a « has just been written: the space inside it goes
}

func (o *output) String() string { return string(o.text) }

// last is the last character, 0 without one.
func (o *output) last() rune {
	if len(o.text) == 0 {
		return 0
	}
	r, _ := utf8.DecodeLastRune(o.text)
	return r
}

func (o *output) trimSpace() {
	o.text = []byte(strings.TrimRight(string(o.text), " "))
}

// write appends s, closing the gap that a removed emoji left.
func (o *output) write(s string) {
	switch {
	case s == "", o.opened && s == " ", o.removed && s == " ":
		return
	case o.removed && !o.opened:
		o.trimSpace()
		after, _ := utf8.DecodeRuneInString(s)
		o.text = append(o.text, translit.Gap(o.last(), after)...)
	}
	o.removed, o.opened = false, false
	o.text = append(o.text, s...)
}

func (o *output) end() {
	if o.removed {
		o.trimSpace()
	}
}

// segment handles one normalised segment: a base and the marks left on it.
func (f *folder) segment(s, rest string) {
	for s != "" {
		r, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		next, _ := utf8.DecodeRuneInString(s + rest[:min(len(rest), utf8.UTFMax)])
		f.char(r, next)
	}
}

func (f *folder) char(r, next rune) {
	if In(r) {
		f.both(string(r))
		return
	}
	reading, readable := translit.Approximate(r)
	switch {
	case strings.ContainsRune(f.policy.Keep, r) && r != utf8.RuneError:
		f.keep(r)
	case f.policy.Emoji != EmojiKeep && (translit.IsEmoji(r) || unicode.Is(unicode.Variation_Selector, r)):
		f.remove(r)
	case f.policy.Emoji == EmojiKeep && translit.IsEmoji(r):
		f.keep(r)
	case r == 0x200D && f.rich.removed:
		f.remove(r)
	case f.policy.Accents == AccentsKeep && unicode.IsLetter(r):
		f.keep(r)
	case readable:
		f.fold(r, f.inContext(r, next, reading))
	case f.policy.Scripts == ScriptsReplace:
		f.fold(r, "?")
	default:
		f.keep(r)
	}
}

func (f *folder) both(s string) {
	f.plain.write(s)
	f.rich.write(s)
}

func (f *folder) keep(r rune) {
	f.plain.possible = false
	f.rich.write(string(r))
}

func (f *folder) remove(r rune) {
	change := f.change(r, "")
	for _, o := range []*output{&f.plain, &f.rich} {
		o.changes = append(o.changes, change)
		o.removed = true
	}
}

func (f *folder) fold(r rune, to string) {
	f.plain.changes = append(f.plain.changes, f.change(r, to))
	if r == '»' {
		f.plain.trimSpace()
		f.plain.removed = false
	}
	f.plain.write(to)
	f.plain.opened = r == '«'
	if unicode.IsControl(r) && r != '\t' {
		f.rich.changes = append(f.rich.changes, f.change(r, ""))
		return
	}
	f.rich.write(string(r))
}

// change names the input's own bytes when the segment is one character, which
// may be a letter and its combining accent.
func (f *folder) change(r rune, to string) Replacement {
	from := string(r)
	if len(f.original) != len(from) && norm.NFC.String(f.original) == from {
		from = f.original
	}
	return Replacement{From: from, To: to, Offset: f.offset + max(0, strings.Index(f.original, from))}
}

// inContext corrects readings that depend on their neighbours: "n°" but "20 °C",
// "2½".
func (f *folder) inContext(r, next rune, reading string) string {
	last := f.plain.last()
	switch {
	case r == '°' && (next == 'C' || next == 'F') && (last == ' ' || unicode.IsDigit(last)):
		return ""
	case r == '°' && unicode.IsDigit(last):
		return " deg"
	case strings.Contains(reading, "1/") && unicode.IsDigit(last):
		return " " + reading
	}
	return reading
}
