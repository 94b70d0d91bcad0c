package card

import (
	"errors"
	"slices"
	"strings"
	"unicode"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
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
	}
	if letters(c.Headline) < min(letters(channel.Headline(p)), maxField/2) || letters(c.Headline) == 0 {
		return nil, ErrScript
	}
	var said []string
	for _, part := range slices.Concat([]string{c.Headline}, c.Facts, []string{c.Authority}) {
		if part != "" {
			said = append(said, part)
		}
	}
	c.Alt = strings.Join(said, " – ")
	return &c, nil
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
	if runes := []rune(kept); len(runes) > maxField {
		kept = strings.TrimSpace(string(runes[:maxField-1])) + "…"
	}
	return kept
}
