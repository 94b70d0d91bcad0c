package console

import (
	"slices"
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/curator/item"
	"github.com/crieur/crieur/services/web"
)

// variantChoice is one more way to say the same: plain language or a
// translation.
type variantChoice struct {
	Language string
	Name     string
	Simple   bool
	Title    string // names of the form's fields
	Text     string
	Given    bool // something is written in it
}

// variants are those the item has and those the authority publishes in, the
// translations first: a reader is shown the first that suits.
func (d *desktop) variants(it item.Item, form *web.Form) []variantChoice {
	own := events.PrimaryLanguage(it.Content().Language)
	languages := slices.Clone(d.authority.Languages)
	if len(languages) == 0 {
		languages = []string{"en"}
	}
	for _, v := range it.Variants() {
		if !slices.Contains(languages, v.Language) {
			languages = append(languages, v.Language)
		}
	}
	plain := events.PlainLanguage(own)
	languages = slices.DeleteFunc(languages, func(l string) bool { return events.PrimaryLanguage(l) == own })
	languages = append(languages, plain)
	var list []variantChoice
	for _, l := range languages {
		k := variantChoice{Language: l, Name: d.languageName(l), Simple: l == plain, Title: "title-" + l, Text: "text-" + l}
		k.Given = form.Get(k.Title) != "" || form.Get(k.Text) != ""
		list = append(list, k)
	}
	return list
}

// languageName is a language in the reader's words, where we have them.
func (d *desktop) languageName(language string) string {
	if events.IsPlainLanguage(language) {
		return d.t.T("variant.simple")
	}
	key := "language." + events.PrimaryLanguage(language)
	if name := d.t.T(key); name != key {
		return name
	}
	return language
}

// readVariants reads those of the form. What the source itself gave, and the
// officer left as it was, goes when the words it translates have changed.
func (d *desktop) readVariants(it item.Item, form *web.Form, content events.Content) []events.Content {
	was := it.Content()
	reworded := content.Title != strings.TrimSpace(was.Title) || content.Summary != lines(was.Summary) || content.Instruction != lines(was.Instruction) || content.Text != lines(was.Text)
	var list []events.Content
	for _, k := range d.variants(it, form) {
		title, text := form.Get(k.Title), lines(form.Get(k.Text))
		if title == "" && text == "" {
			continue
		}
		d.text(form, k.Title, title, maxTitle, true)
		d.text(form, k.Text, text, maxText, false)
		v := events.Content{Language: k.Language, Title: title, Text: text, Place: content.Place, Link: content.Link, Image: content.Image}
		if i := slices.IndexFunc(it.Variants(), func(h events.Content) bool { return sameVariant(h, v) }); i >= 0 {
			if it.Draft == nil && reworded {
				continue
			}
			v = it.Variants()[i]
		}
		list = append(list, v)
	}
	return list
}

// sameVariants compares them whatever their order: the form has its own.
func sameVariants(a, b []events.Content) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(v events.Content) bool {
		return !slices.ContainsFunc(b, func(w events.Content) bool { return sameVariant(v, w) })
	})
}

// sameVariant compares what the form shows of them.
func sameVariant(a, b events.Content) bool {
	return a.Language == b.Language && strings.TrimSpace(a.Title) == strings.TrimSpace(b.Title) && lines(a.Text) == lines(b.Text)
}
