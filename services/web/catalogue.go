package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// Languages are those of the interface; the first is the default.
func Languages() []string { return []string{"fr", "en"} }

// phrase is a text by plural form: "one" and "other" (CLDR), or "other" alone where nothing is counted.
type phrase map[string]string

// UnmarshalJSON accepts a plain string for a phrase without plural.
func (p *phrase) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		*p = phrase{"other": text}
		return nil
	}
	var forms map[string]string
	if err := json.Unmarshal(b, &forms); err != nil {
		return err
	}
	for form := range forms {
		if form != "one" && form != "many" && form != "other" {
			return fmt.Errorf("plural form %q: want one, many or other", form)
		}
	}
	if forms["other"] == "" {
		return errors.New(`plural form "other" is missing`)
	}
	*p = forms
	return nil
}

// Catalogue holds the texts of the interface, by language then key. Immutable after NewCatalogue.
type Catalogue struct{ phrases map[string]map[string]phrase }

// NewCatalogue reads fr.json and en.json at the root of each file system; a later one adds keys and replaces
// those of an earlier one. Both languages must have the same keys. Texts may be written with plain spaces: NoBreaks.
func NewCatalogue(sources ...fs.FS) (*Catalogue, error) {
	c := &Catalogue{phrases: map[string]map[string]phrase{}}
	for _, lang := range Languages() {
		c.phrases[lang] = map[string]phrase{}
		for _, source := range sources {
			content, err := fs.ReadFile(source, lang+".json")
			if err != nil {
				return nil, fmt.Errorf("web: catalogue: %w", err)
			}
			var texts map[string]phrase
			if err := json.Unmarshal(content, &texts); err != nil {
				return nil, fmt.Errorf("web: catalogue %s.json: %w", lang, err)
			}
			for _, forms := range texts {
				for form, text := range forms {
					forms[form] = NoBreaks(text)
				}
			}
			maps.Copy(c.phrases[lang], texts)
		}
	}
	return c, c.compare()
}

// compare reports every key that one language has and another lacks.
func (c *Catalogue) compare() error {
	var problems []error
	for _, lang := range Languages() {
		for _, other := range Languages() {
			for _, key := range slices.Sorted(maps.Keys(c.phrases[lang])) {
				if _, ok := c.phrases[other][key]; !ok {
					problems = append(problems, fmt.Errorf("web: catalogue %s.json: key %q is missing (%s.json has it)", other, key, lang))
				}
			}
		}
	}
	return errors.Join(problems...)
}

// Has tells whether a key exists.
func (c *Catalogue) Has(key string) bool {
	_, ok := c.phrases[Languages()[0]][key]
	return ok
}

// text returns a key's phrase for a count, with its {placeholders} not yet filled.
func (c *Catalogue) text(lang, key string, count float64, counted bool) string {
	forms, ok := c.phrases[lang][key]
	if !ok {
		return key
	}
	if counted {
		if text, ok := forms[pluralForm(lang, count)]; ok {
			return text
		}
	}
	return forms["other"]
}

// pluralForm follows CLDR's cardinal rules for French and English.
// https://www.unicode.org/cldr/charts/latest/supplemental/language_plural_rules.html
func pluralForm(lang string, n float64) string {
	n = max(n, -n)
	if lang == "fr" {
		switch {
		case n < 2:
			return "one"
		case n >= 1e6 && n == float64(int64(n)) && int64(n)%1e6 == 0:
			return "many"
		}
		return "other"
	}
	if n == 1 {
		return "one"
	}
	return "other"
}

// fill replaces each {name}.
func fill(text string, values map[string]string) string {
	if len(values) == 0 || !strings.Contains(text, "{") {
		return text
	}
	pairs := make([]string, 0, 2*len(values))
	for name, value := range values {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
