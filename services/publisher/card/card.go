package card

import (
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/prose"
)

// Tone is what the card's band says by its colour; the words say it too.
type Tone string

// The tones.
const (
	Alert     Tone = "alert"     // red
	Service   Tone = "service"   // blue
	Cancelled Tone = "cancelled" // grey
)

// Card is what is drawn.
type Card struct {
	Headline  string   `json:"headline"`
	Facts     []string `json:"facts,omitempty"` // when and where
	Authority string   `json:"authority,omitempty"`
	Mark      string   `json:"mark,omitempty"` // "ALERTE": what the tone says, in a word
	Tone      Tone     `json:"tone"`
	// Alt is the alternative text: all that is drawn, and nothing else.
	Alt string `json:"alt"`
}

// ErrScript tells that the fonts lack a text's letters.
var ErrScript = errors.New("the fonts have no letters of this script")

// Of makes the card of a publication. ErrScript when it cannot be drawn.
func Of(p events.Publication, profile channel.Profile) (*Card, error) {
	c := Card{
		Headline: printable(channel.Headline(p)), Authority: printable(profile.Authority), Tone: Service,
	}
	for _, fact := range profile.Facts(p) {
		c.Facts = append(c.Facts, printable(fact))
	}
	switch {
	case p.MsgType == events.MsgCancel:
		c.Tone = Cancelled
	case p.Class == events.ClassAlert:
		c.Tone = Alert
		if p.Status == events.StatusActual {
			c.Mark = channel.WordsIn(p.Content.Language).Alert
		}
	}
	if letters(c.Headline) < min(letters(channel.Headline(p)), maxField/2) || letters(c.Headline) == 0 {
		return nil, ErrScript
	}
	c.Alt = joined(" · ", slices.Concat([]string{c.Mark, c.Headline}, c.Facts, []string{c.Authority}))
	return &c, nil
}

// from is who says it, and that it is an alert.
func (c Card) from() string { return joined(" · ", []string{c.Mark, c.Authority}) }

func joined(sep string, parts []string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), sep)
}

// Want is Of for a rendition that does without: what is lacking is a warning.
func Want(p events.Publication, profile channel.Profile, warnings []string) (*Card, []string) {
	c, err := Of(p, profile)
	if err != nil {
		return nil, append(warnings, "no card: "+err.Error())
	}
	return c, warnings
}

// maxField bounds a field, in characters: more is never drawn, and networks
// take alternative texts of 1,500 (Mastodon) to 2,000.
const maxField = 350

// letters counts what a reader would miss.
func letters(s string) (n int) {
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// printable leaves out what the fonts lack, such as pictograms, and joins
// lines.
func printable(s string) string {
	kept := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !drawable(r) {
			return -1
		}
		return r
	}, s)
	kept = strings.Join(strings.Fields(kept), " ")
	return prose.Cut(kept, "…", func(s string) bool { return utf8.RuneCountInString(s) <= maxField })
}
