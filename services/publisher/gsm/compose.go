package gsm

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
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
	Title string
	Place string
	When  string // already in words: "lundi 4 mai, 9h-17h"
	Link  string // never cut
}

// Mentions are whole texts, never cut. An alert never gets one.
type Mentions struct {
	Promotional string `json:"promotional" yaml:"promotional"` // "STOP au 36111", the provider's number
	Service     string `json:"service" yaml:"service"`         // "Désabo https://exemple.fr/d/x1"; may be empty
}

// Limits of a composed text.
type Limits struct {
	// Septets is the room when the text stays in GSM-7, 160 when 0. A text in
	// UCS-2 gets the same octets: 70 units for 160. Take off what the provider
	// appends itself.
	Septets int
	Policy  Policy
	// Abbreviate, when set, shortens title and place before anything is cut.
	Abbreviate func(string) string
}

// Composed is the text to send.
type Composed struct {
	Text  string        `json:"text"`
	Cost  Cost          `json:"cost"`
	Cut   []string      `json:"cut,omitempty"`   // what was shortened or left out: "title", "place", "when"
	Fits  bool          `json:"fits"`            // false when link and mention alone pass the limit
	Folds []Replacement `json:"folds,omitempty"` // what was replaced; offsets are in the text before folding
}

// Compose writes "title - place - when link", then the mention of the class on
// a line of its own, within the limit where it can. It cuts the title at a word,
// marked "..", then the place, and never the link nor the mention. It fails on
// an unknown class, a promotional notice without a STOP mention, and an alert
// that carries a STOP code.
func Compose(n Notice, m Mentions, l Limits) (Composed, error) {
	mention, err := m.of(n)
	if err != nil {
		return Composed{}, fmt.Errorf("gsm: compose: %w", err)
	}
	c := composer{link: oneLine(n.Link), mention: oneLine(mention), limits: l}
	if c.limits.Septets <= 0 {
		c.limits.Septets = 160
	}
	d := draft{title: oneLine(n.Title), place: oneLine(n.Place), when: oneLine(n.When)}
	return c.fit(d), nil
}

// clip bounds the work on a text that is far too long: folding shortens (emoji
// go), but not four times.
func (c composer) clip(s string) string {
	if runes := []rune(s); len(runes) > 4*c.limits.Septets {
		return string(runes[:4*c.limits.Septets])
	}
	return s
}

func (m Mentions) of(n Notice) (string, error) {
	switch n.Class {
	case Alert:
		if HasStopCode(n.Title) || HasStopCode(n.Place) || HasStopCode(n.When) {
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

var stopCode = regexp.MustCompile(`(?i)\bstop\s+(sms\s+)?(au\s+)?[0-9]{5}\b`)

// HasStopCode reports a mention such as "STOP au 36111".
func HasStopCode(text string) bool { return stopCode.MatchString(text) }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// draft is the part of a text that may be shortened.
type draft struct{ title, place, when string }

type composer struct {
	link, mention string
	limits        Limits
}

func (c composer) text(d draft) string {
	var fields []string
	for _, s := range []string{d.title, d.place, d.when} {
		if s = strings.TrimRight(s, " "); s != "" {
			fields = append(fields, s)
		}
	}
	for i := range fields[:max(0, len(fields)-1)] {
		if !strings.HasSuffix(fields[i], "..") {
			fields[i] = strings.TrimRight(fields[i], ".,;: ")
		}
	}
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

// readableTitle is the length, in characters, under which the place is cut
// before the title is cut further.
const readableTitle = 24

// readablePlace is the length under which the rest of a place says nothing:
// "Av..", "8, r..".
const readablePlace = 10

// fit shortens d step by step until it fits, from the least loss to the worst.
func (c composer) fit(d draft) Composed {
	full := d
	d = draft{title: c.clip(d.title), place: c.clip(d.place), when: c.clip(d.when)}
	if !c.fits(d) && c.limits.Abbreviate != nil {
		d.title, d.place = c.limits.Abbreviate(d.title), c.limits.Abbreviate(d.place)
	}
	steps := []func(draft) []draft{
		func(d draft) []draft { return vary(d, cuts(d.title, readableTitle), setTitle) },
		func(d draft) []draft { return vary(d, append(cuts(d.place, readablePlace), ""), setPlace) },
		func(d draft) []draft { return vary(d, cuts(d.title, 1), setTitle) },
		func(d draft) []draft { return vary(d, append(cuts(d.when, 1), ""), setWhen) },
		func(d draft) []draft { return vary(d, append(letters(d.title), ""), setTitle) },
	}
	for _, step := range steps {
		if c.fits(d) {
			break
		}
		for _, shorter := range step(d) {
			d = shorter
			if c.fits(d) {
				break
			}
		}
	}
	if d.place == "" && full.place != "" && d.title != full.title && d.title != "" {
		d = c.withoutPlace(full, d)
	}
	folded := Fold(c.text(d), c.limits.Policy)
	out := Composed{Text: folded.Text, Cost: Count(folded.Text), Fits: c.fits(d), Folds: folded.Replacements}
	for _, f := range []struct{ name, before, after string }{
		{"title", full.title, d.title}, {"place", full.place, d.place}, {"when", full.when, d.when},
	} {
		if f.before != f.after {
			out.Cut = append(out.Cut, f.name)
		}
	}
	return out
}

func setTitle(d draft, s string) draft { d.title = s; return d }
func setPlace(d draft, s string) draft { d.place = s; return d }
func setWhen(d draft, s string) draft  { d.when = s; return d }

func vary(d draft, texts []string, set func(draft, string) draft) []draft {
	out := make([]draft, len(texts))
	for i, s := range texts {
		out[i] = set(d, s)
	}
	return out
}

// cuts lists the shorter forms of s that end at a word and keep at least
// minChars, longest first.
func cuts(s string, minChars int) []string {
	words := strings.Fields(strings.TrimSuffix(s, ".."))
	var out []string
	for n := len(words) - 1; n > 0; n-- {
		if n > 1 && (toolWord(words[n-1]) || shortened(words[n-1])) {
			continue
		}
		kept := strings.TrimRight(strings.Join(words[:n], " "), ".,;:!?/-–—(« ")
		if len([]rune(kept)) < minChars {
			break
		}
		out = append(out, kept+"..")
	}
	return out
}

// withoutPlace gives the title the room that the place leaves.
func (c composer) withoutPlace(full, cut draft) draft {
	title := c.clip(full.title)
	tries := []string{title}
	if c.limits.Abbreviate != nil {
		title = c.limits.Abbreviate(title)
		tries = append(tries, title)
	}
	for _, t := range append(tries, cuts(title, 1)...) {
		if d := (draft{title: t, when: cut.when}); c.fits(d) {
			return d
		}
	}
	return cut
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

// shortened reports abbreviations that want the next word: "M. Durand", "av. Thiers".
func shortened(w string) bool {
	stem, ok := strings.CutSuffix(w, ".")
	return ok && len([]rune(stem)) <= 3
}

// toolWord reports words a cut title should not end with.
func toolWord(w string) bool {
	switch strings.ToLower(w) {
	case "à", "a", "au", "aux", "de", "des", "du", "d'", "d’", "en", "et", "l'", "l’", "la", "le", "les", "ou",
		"par", "pour", "sur", "un", "une", "avec", "dans", "-", "–", "—", ":", "«", "sous", "entre", "vers", "ce", "cette", "depuis", "chez", "sans",
		"jusqu'à", "jusqu’à", "jusqu'au", "jusqu’au":
		return true
	}
	return false
}
