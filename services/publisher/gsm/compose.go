package gsm

import (
	"errors"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/crieur/crieur/services/publisher/prose"
)

// Class is the class of a message: it decides the legal mention.
type Class string

// The classes of a message, as in the events.
const (
	Alert       Class = "alert"
	Service     Class = "service"
	Promotional Class = "promotional"
)

// Errors of Compose.
var (
	ErrClass       = errors.New("unknown class")
	ErrNoStop      = errors.New("a promotional SMS needs its STOP mention")
	ErrStopOnAlert = errors.New("an alert must not carry a STOP code: operators would hold it as marketing")
)

// Notice is what a person must know.
type Notice struct {
	Class Class
	Mark  string // before the title, never cut: "EXERCICE - "
	Title string
	Place string
	When  []string // in words, from the fullest writing to the shortest: "lundi 4 mai, 9 h - 17 h", "04/05 9h-17h"
	Link  string   // never cut
	// Instruction is what to do, or why a message is withdrawn, whole and then
	// its beginnings: the first that fits beside the rest is said, the last
	// whatever has to be cut for it.
	Instruction []string
}

// Mentions are whole texts, never cut. An alert never gets one.
type Mentions struct {
	Promotional string `json:"promotional" yaml:"promotional"` // "STOP au 36111", the provider's number
	Service     string `json:"service" yaml:"service"`         // "Désabo https://exemple.fr/d/x1"; may be empty
}

// Limits of a composed text.
type Limits struct {
	// Septets is the room when the text stays in GSM-7, 160 when 0. A text in
	// UCS-2 gets the same octets: 70 units for 160, and a second part where link
	// and mention leave no room for a word of the title. Take off what the
	// provider appends itself.
	Septets int
	Policy  Policy
	// Abbreviate shortens title and place, one after the other, before anything
	// is cut; LastResort comes after the shortest writing of the time.
	Abbreviate, LastResort []func(string) string
}

// Composed is the text to send.
type Composed struct {
	Text string   `json:"text"`
	Cost Cost     `json:"cost"`
	Cut  []string `json:"cut,omitempty"` // what was cut or left out, not only abbreviated: "title", "place", "when"
	Fits bool     `json:"fits"`          // false when link and mention alone pass the limit
	// TitleChars are the characters left of the title; 0 when no word of it fits.
	TitleChars int           `json:"titleChars"`
	Folds      []Replacement `json:"folds,omitempty"` // what was replaced; offsets are in the text before folding
}

// Compose writes "title - place - when link", then the mention of the class on
// a line of its own, within the limit where it can. What the title says of place
// and time is not said twice, as long as it is not cut off. It abbreviates, cuts
// the title at a word, marked "..", then the place, and never the link nor the
// mention. It fails on an unknown class, a promotional notice without a STOP
// mention, and an alert that carries a STOP code.
func Compose(n Notice, m Mentions, l Limits) (Composed, error) {
	mention, err := m.of(n)
	if err != nil {
		return Composed{}, fmt.Errorf("gsm: compose: %w", err)
	}
	c := composer{mark: n.Mark, link: oneLine(n.Link), mention: oneLine(mention), limits: l}
	if c.limits.Septets <= 0 {
		c.limits.Septets = 160
	}
	d := draft{title: c.field(n.Title), place: c.field(n.Place)}
	for _, w := range n.When {
		d.when = append(d.when, c.field(w))
	}
	if len(n.Instruction) > 0 {
		c.instruction = oneLine(n.Instruction[0])
	}
	for _, more := range n.Instruction {
		d.more = oneLine(more)
		if writings, _ := c.writings(d); d.more != "" && slices.ContainsFunc(writings, c.fits) {
			return c.fit(d), nil
		}
	}
	d.more = ""
	if last := len(n.Instruction) - 1; last >= 0 {
		d.more = oneLine(n.Instruction[last])
	}
	return c.fit(d), nil
}

// field is one line without its last full stop. Its length is bounded: folding
// shortens (emoji go), but not four times.
func (c composer) field(s string) string {
	s = oneLine(s)
	if runes := []rune(s); len(runes) > 4*c.limits.Septets {
		s = string(runes[:4*c.limits.Septets])
	}
	if prose.Shortened(s) || strings.HasSuffix(s, "..") {
		return s
	}
	return strings.TrimRight(s, ".,;: ")
}

func (m Mentions) of(n Notice) (string, error) {
	switch n.Class {
	case Alert:
		if HasStopCode(n.Title) || HasStopCode(n.Place) || slices.ContainsFunc(n.Instruction, HasStopCode) || slices.ContainsFunc(n.When, HasStopCode) {
			return "", ErrStopOnAlert
		}
		return "", nil
	case Service:
		return m.Service, nil
	case Promotional:
		if strings.TrimSpace(m.Promotional) == "" {
			return "", ErrNoStop
		}
		return m.Promotional, nil
	}
	return "", fmt.Errorf("%q: %w", n.Class, ErrClass)
}

// stopCode is STOP and a short number, with nothing but small words and signs
// between: a post code farther on is none.
var stopCode = regexp.MustCompile(`(?i)\bstop\b(?:[\s\pZ\pP=]|sms|au|à|par|le)*3(?:\pZ?[0-9]){4}\b`)

// HasStopCode reports a mention such as "STOP au 36111", "STOP SMS : 36 111".
func HasStopCode(text string) bool { return stopCode.MatchString(text) }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// draft is the part of a text that may be shortened.
type draft struct {
	title, place string
	when         []string // its writings, of which the first is used
	more         string
}

type composer struct {
	mark, link, mention string
	instruction         string // in full
	limits              Limits
}

func (c composer) text(d draft) string {
	var fields []string
	add := func(s string) {
		if s != "" {
			fields = append(fields, s)
		}
	}
	add(c.mark + d.title)
	add(prose.UnsaidWhere(d.title, d.place))
	if len(d.when) > 0 {
		add(prose.UnsaidWhen(d.title, d.when[0]))
	}
	add(d.more)
	s := strings.Join(fields, " - ")
	if c.link != "" {
		s = strings.TrimLeft(s+" "+c.link, " ")
	}
	if c.mention != "" {
		s = strings.TrimLeft(s+"\n"+c.mention, "\n")
	}
	return s
}

// room is the limit in units of e; concatenated UCS-2 parts hold 67 units where
// GSM-7 ones hold 153 septets.
func (c composer) room(e Encoding) int {
	if e == GSM7 {
		return c.limits.Septets
	}
	if c.limits.Septets <= 160 {
		return c.limits.Septets * 70 / 160
	}
	return c.limits.Septets * 67 / 153
}

func (c composer) fits(d draft) bool {
	f := Fold(c.text(d), c.limits.Policy)
	return f.Encoding.Units(f.Text) <= c.room(f.Encoding)
}

// ReadableTitle is the length, in characters, under which the place is cut
// before the title is cut further: "Conseil municipal" says enough.
const ReadableTitle = 15

// tellingTitle is the length, in characters, under which the time is left out
// before the title is cut further: "La", "Les" say nothing.
const tellingTitle = 5

// secondPart is what a second part adds to a limit of one, in septets: each then
// holds 153.
const secondPart = 2*153 - 160

// fit finds the least loss that fits: other writings, then cuts, each with no
// more abbreviations than it takes.
func (c composer) fit(full draft) Composed {
	writings, last := c.writings(full)
	all := slices.Concat(writings, last)
	if at := slices.IndexFunc(all, c.fits); at >= 0 {
		return c.composed(full, all[at])
	}
	best := writings[len(writings)-1]
	for cut := range c.cuts(full, best) {
		if !c.fits(cut.of(best)) {
			continue
		}
		at := slices.IndexFunc(writings, func(d draft) bool { return c.fits(cut.of(d)) })
		return c.composed(full, cut.of(writings[at]))
	}
	if c.limits.Septets <= 160 && Fold(full.title, c.limits.Policy).Encoding == UCS2 {
		// Links may take all of one part in Arabic.
		c.limits.Septets += secondPart
		return c.fit(full)
	}
	for _, title := range append(letters(best.title), "") {
		if best = (draft{title: title, more: full.more}); c.fits(best) {
			break
		}
	}
	out := c.composed(full, best)
	out.TitleChars = 0
	return out
}

// writings are d in ever shorter words that say the same: the time's second
// writing, one more abbreviation at a time, then its other writings. last are
// those of the last resort.
func (c composer) writings(d draft) (list, last []draft) {
	list = []draft{d}
	times := func(n int) {
		for ; n > 0 && len(d.when) > 1; n-- {
			d.when = d.when[1:]
			list = append(list, d)
		}
	}
	apply := func(to *[]draft, each []func(string) string) {
		for _, shorten := range each {
			shorter := draft{shorten(d.title), shorten(d.place), d.when, d.more}
			if shorter.title != d.title || shorter.place != d.place {
				d = shorter
				*to = append(*to, d)
			}
		}
	}
	times(1)
	apply(&list, c.limits.Abbreviate)
	times(len(d.when))
	apply(&last, c.limits.LastResort)
	return list, last
}

// cut is how many words are kept; untouched keeps all.
type cut struct {
	title, place int
	when         bool
}

const untouched = -1

// cuts lists ways to shorten d, from the least loss to the worst: the address
// behind a place's name, the end of the title, that of the place, the place, the
// time. A place that the title names is worth the rest of the title. What does
// not fit alone is left out.
func (c composer) cuts(full, d draft) iter.Seq[cut] {
	return func(yield func(cut) bool) {
		title := func(n int) bool { return c.fits(draft{title: words(d.title, n)}) }
		place := func(n int) bool { return c.fits(draft{place: words(d.place, n)}) }
		titles := from(lengths(d.title, 1), title)
		telling := from(lengths(d.title, tellingTitle), title)
		readable := from(lengths(d.title, ReadableTitle), title)
		if prose.UnsaidWhere(full.title, full.place) == "" {
			readable = titles
		}
		places := from(lengths(d.place, prose.ReadablePlace), place)
		named := from(lengthsOf(slices.Values(prose.Clauses(d.place))), place)
		all := func(lengths []int) []int { return append([]int{untouched}, lengths...) }
		for _, try := range []struct {
			titles, places []int
			when           bool
		}{
			{all(nil), named, true},
			{all(readable), all(slices.Concat(named, places)), true},
			{all(telling), []int{0}, true},
			{all(nil), all(nil), false},
			{all(titles), []int{0}, false},
		} {
			for _, place := range try.places {
				for _, title := range try.titles {
					if !yield(cut{title, place, try.when}) {
						return
					}
				}
			}
		}
	}
}

// from leaves out the first of list, which do not fit.
func from(list []int, fits func(int) bool) []int {
	return list[sort.Search(len(list), func(i int) bool { return fits(list[i]) }):]
}

// lengths are the numbers of words that s may keep with at least minChars,
// largest first.
func lengths(s string, minChars int) []int {
	return lengthsOf(func(yield func(string) bool) {
		for kept := range prose.Cuts(s) {
			if utf8.RuneCountInString(kept) < minChars || !yield(kept) {
				return
			}
		}
	})
}

func lengthsOf(beginnings iter.Seq[string]) []int {
	var list []int
	for kept := range beginnings {
		list = append(list, len(strings.Fields(kept)))
	}
	return list
}

func (k cut) of(d draft) draft {
	d.title, d.place = words(d.title, k.title), words(d.place, k.place)
	if !k.when {
		d.when = nil
	}
	return d
}

// words keeps the first n words of s.
func words(s string, n int) string {
	switch {
	case n == untouched:
		return s
	case n == 0:
		return ""
	}
	return prose.Trim(strings.Join(strings.Fields(s)[:n], " ")) + ".."
}

func (c composer) composed(full, d draft) Composed {
	folded := Fold(c.text(d), c.limits.Policy)
	out := Composed{Text: folded.Text, Cost: Count(folded.Text), Fits: c.fits(d), Folds: folded.Replacements, TitleChars: utf8.RuneCountInString(strings.TrimSuffix(d.title, ".."))}
	for _, f := range []struct {
		name string
		lost bool
	}{{"title", less(d.title, full.title)}, {"place", less(d.place, full.place)}, {"when", len(d.when) == 0 && len(full.when) > 0}, {"instruction", c.instruction != "" && d.more != c.instruction}} {
		if f.lost {
			out.Cut = append(out.Cut, f.name)
		}
	}
	return out
}

// less reports that of a text only a beginning is left, or nothing.
func less(kept, whole string) bool {
	return kept != whole && (kept == "" || strings.HasSuffix(kept, ".."))
}

// letters lists the prefixes of s, longest first, for a word longer than the room.
func letters(s string) []string {
	runes := []rune(strings.TrimSuffix(s, ".."))
	var out []string
	for n := min(len(runes)-1, 160); n > 0; n-- {
		out = append(out, string(runes[:n])+"..")
	}
	return out
}
