package portal

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/web"
)

// version is one way a publication says the same: the source's words, plain
// language or a translation.
type version struct {
	ID          string // of its place in the page
	Name        string // in its own language
	Simple      bool
	Lang        string // BCP 47
	RightToLeft bool
	Content     events.Content
	Paragraphs  []string
}

// versions are the publication in the reader's language, where it is said in
// it, and then every other way it is said: the plain one first, the source's
// own words before translations.
func versions(t *web.Translator, p events.Publication) []version {
	all := append([]events.Content{p.Content}, p.Variants...)
	first := 0
	for i, c := range all {
		if events.PrimaryLanguage(c.Language) == t.Language && !events.IsPlainLanguage(c.Language) {
			first = i
			break
		}
	}
	list := []version{newVersion(t, all[first])}
	for _, plain := range []bool{true, false} {
		for i, c := range all {
			if i != first && events.IsPlainLanguage(c.Language) == plain && (c.Title != "" || c.Text != "" || c.Summary != "") {
				list = append(list, newVersion(t, c))
			}
		}
	}
	return list
}

func newVersion(t *web.Translator, c events.Content) version {
	if repeats(c.Text, c.Summary) {
		c.Summary = ""
	}
	c.Title, c.Summary, c.Text, c.Instruction = web.NoBreaks(c.Title), web.NoBreaks(c.Summary), web.NoBreaks(c.Text), web.NoBreaks(c.Instruction)
	v := version{
		ID: "version-" + strings.ToLower(c.Language), Simple: events.IsPlainLanguage(c.Language), Lang: c.Language,
		Content: c, Paragraphs: paragraphs(c.Text),
	}
	if v.Lang == "" {
		v.Lang = "fr"
	}
	v.Name = languageName(t, v.Lang)
	v.RightToLeft = web.RightToLeft(v.Lang)
	return v
}

// repeats reports whether a text begins with its summary, but for spaces and
// how the summary ends.
func repeats(text, summary string) bool {
	words := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	return strings.HasPrefix(words(text), strings.TrimRight(words(summary), ".… "))
}

// languageName is what speakers of a language call it; plain language has a
// name of its own.
func languageName(t *web.Translator, tag string) string {
	if events.IsPlainLanguage(tag) {
		return t.T("version.simple")
	}
	return web.Capital(cmp.Or(display.Self.Name(language.Make(events.PrimaryLanguage(tag))), tag))
}

// offersLanguage tells whether a resident may ask to be told in a language.
func offersLanguage(b *Backend, authority, tag string) bool {
	a, ok := b.Authorities.Get(authority)
	return ok && slices.Contains(a.ReaderLanguages(), tag)
}
