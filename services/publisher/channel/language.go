package channel

import (
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/crieur/crieur/events"
)

// In is a publication as a reader of a language gets it: in the variant that
// suits, else as it is. What a variant leaves out, such as the picture, is the
// original's; what officers wrote for one channel is in the original's language
// and stays with it; so is the reason of a withdrawal, which is said with the
// language it is in. The profile's wording follows. An empty language changes
// nothing.
func In(language string, p events.Publication, profile Profile) (events.Publication, Profile) {
	list := append([]events.Content{p.Content}, p.Variants...)
	at := lookup(language, list)
	if at < 0 {
		return p, profile
	}
	profile.Language = list[at].Language
	if at > 0 {
		if own := p.Content.Language; p.Reason != "" && wording(own) != wording(list[at].Language) {
			p.Reason = "(" + events.PrimaryLanguage(own) + ") " + p.Reason
		}
		p.Content, p.Overrides = filled(list[at], p.Content), nil
	}
	return p, profile
}

// lookup finds what suits a reader (RFC 4647, 3.4): the language itself, one
// that narrows it, then the same of what it narrows. Plain language is for
// those who asked for it. -1 when nothing suits.
func lookup(language string, list []events.Content) int {
	for tag := strings.ToLower(language); tag != ""; tag = tag[:max(0, strings.LastIndexByte(tag, '-'))] {
		for _, suits := range []func(string) bool{
			func(l string) bool { return l == tag },
			func(l string) bool { return strings.HasPrefix(l, tag+"-") && !events.IsPlainLanguage(l) },
		} {
			if i := slices.IndexFunc(list, func(c events.Content) bool { return suits(strings.ToLower(c.Language)) }); i >= 0 {
				return i
			}
		}
	}
	return -1
}

var languageRe = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// IsLanguage tells whether a setting is a BCP 47 language, or empty.
func IsLanguage(tag string) bool { return tag == "" || languageRe.MatchString(tag) }

// filled is a variant with what it leaves out taken from the original. Its
// text is its own, whole or in short.
func filled(v, original events.Content) events.Content {
	if strings.TrimSpace(v.Title) == "" {
		v.Title = original.Title
	}
	if v.Text == "" && v.Summary == "" && v.HTML == "" {
		v.Text, v.Summary, v.HTML = original.Text, original.Summary, original.HTML
	}
	for _, field := range []struct{ to, from *string }{
		{&v.Instruction, &original.Instruction}, {&v.Place, &original.Place}, {&v.Link, &original.Link},
	} {
		if *field.to == "" {
			*field.to = *field.from
		}
	}
	if v.Image == nil {
		v.Image = original.Image
	}
	return v
}

// Each renders p in each other language that it is said in, by its language:
// what a batch keeps beside the original, since its readers differ.
func Each[B any](p events.Publication, profile Profile, render func(events.Publication, Profile) (B, error)) (map[string]B, error) {
	var list map[string]B
	for _, v := range p.Variants {
		if _, done := list[v.Language]; done || v.Language == "" || v.Language == p.Content.Language {
			continue
		}
		said, its := In(v.Language, p, profile)
		body, err := render(said, its)
		if err != nil {
			return nil, err
		}
		if list == nil {
			list = map[string]B{}
		}
		list[v.Language] = body
	}
	return list, nil
}

// For chooses among renditions by language for a reader: false when the
// original suits best.
func For[B any](reader, original string, variants map[string]B) (B, bool) {
	var none B
	if reader == "" || len(variants) == 0 {
		return none, false
	}
	list := []events.Content{{Language: original}}
	for language := range variants {
		list = append(list, events.Content{Language: language})
	}
	slices.SortFunc(list[1:], func(a, b events.Content) int { return strings.Compare(a.Language, b.Language) })
	at := lookup(reader, list)
	if at <= 0 {
		return none, false
	}
	return variants[list[at].Language], true
}

// PreviewEach shows an officer the renditions by language, in HTML, below the
// original.
func PreviewEach[B any](variants map[string]B, text func(B) string) string {
	var b strings.Builder
	for _, language := range slices.Sorted(maps.Keys(variants)) {
		shown := strings.ReplaceAll(html.EscapeString(text(variants[language])), "\n", "<br>")
		b.WriteString(`<blockquote lang="` + html.EscapeString(language) + `"><p><strong>` + html.EscapeString(language) + "</strong></p><p>" + shown + "</p></blockquote>")
	}
	return b.String()
}
