package portal

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/web"
)

// simple is the subtag of plain language (BCP 47, IANA registry): French that
// is easy to read, FALC, is "fr-simple".
const simple = "simple"

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
		if primary(c.Language) == t.Language && !isSimple(c.Language) {
			first = i
			break
		}
	}
	list := []version{newVersion(t, all[first])}
	for _, plain := range []bool{true, false} {
		for i, c := range all {
			if i != first && isSimple(c.Language) == plain && (c.Title != "" || c.Text != "" || c.Summary != "") {
				list = append(list, newVersion(t, c))
			}
		}
	}
	return list
}

func newVersion(t *web.Translator, c events.Content) version {
	v := version{
		ID: "version-" + strings.ToLower(c.Language), Simple: isSimple(c.Language), Lang: c.Language,
		Content: c, Paragraphs: paragraphs(c.Text),
	}
	if v.Lang == "" {
		v.Lang = "fr"
	}
	tag := language.Make(primary(v.Lang))
	v.Name = display.Self.Name(tag)
	if v.Name == "" {
		v.Name = v.Lang
	}
	first, size := utf8.DecodeRuneInString(v.Name)
	v.Name = string(unicode.ToUpper(first)) + v.Name[size:]
	if v.Simple {
		v.Name = t.T("version.simple")
	}
	script, _ := tag.Script()
	switch script.String() {
	case "Arab", "Hebr", "Syrc", "Thaa", "Nkoo":
		v.RightToLeft = true
	}
	return v
}

// primary is the language alone: "pt" of "pt-BR".
func primary(tag string) string {
	p, _, _ := strings.Cut(tag, "-")
	if p == "" {
		return "fr"
	}
	return strings.ToLower(p)
}

func isSimple(tag string) bool { return strings.HasSuffix(strings.ToLower(tag), "-"+simple) }
