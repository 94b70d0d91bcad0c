package channel

import (
	"context"
	"strings"

	"github.com/crieur/crieur/events"
)

// Voice reads texts aloud.
type Voice interface {
	// Offer is where a text can be heard once it is kept. It is pure; false
	// when nobody speaks the language.
	Offer(authority, language, text string) (Heard, bool)
	// Keep makes texts heard until the delivery expires.
	Keep(ctx context.Context, d events.Delivery, heard []Heard) error
}

// Heard is a text and the address of its audio.
type Heard struct {
	URL      string `json:"url"`
	Type     string `json:"type"`     // media type
	Language string `json:"language"` // BCP 47
	Text     string `json:"text"`
}

// maxHeardRunes of a text are read: about five minutes.
const maxHeardRunes = 4000

// Hear offers a publication to be heard: its headline, when, where, its text
// and what to do. nil without a voice, or with none for its language.
func (d Deps) Hear(p events.Publication, profile Profile) *Heard {
	if d.Voice == nil {
		return nil
	}
	language := p.Content.Language
	if language == "" {
		language = profile.Language
	}
	said := blocks(p, profile, "", Whole(p), atEnd)
	for i, s := range said {
		lines := strings.Split(s, "\n")
		for j, line := range lines {
			lines[j] = Ended(line)
		}
		said[i] = strings.Join(lines, "\n")
	}
	text := strings.Join(said, "\n\n")
	if runes := []rune(text); len(runes) > maxHeardRunes {
		text = Limit{Max: maxHeardRunes}.cut(text, "", maxHeardRunes)
	}
	heard, ok := d.Voice.Offer(p.Authority, language, text)
	if !ok {
		return nil
	}
	return &heard
}

// Ended ends a line with a stop, so that a voice pauses.
func Ended(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".,!?:;") || strings.HasSuffix(s, "…") {
		return s
	}
	return s + "."
}

// Keep makes what a rendition offers heard. It is no reason to hold a message
// back, so that its error is logged.
func (d Deps) Keep(ctx context.Context, of events.Delivery, heard ...*Heard) {
	var list []Heard
	for _, h := range heard {
		if h != nil {
			list = append(list, *h)
		}
	}
	if d.Voice == nil || len(list) == 0 {
		return
	}
	if err := d.Voice.Keep(ctx, of, list); err != nil {
		d.Logger.Error("speech: not kept", "authority", of.Authority, "channel", of.Channel, "delivery", of.ID, "err", err)
	}
}
