package web

import (
	"errors"
	"fmt"
	"html/template"
	"strings"
	"time"
)

// component is a Go value that {{show}} draws with the template of its name.
type component interface{ component() string }

// funcs are what templates call. They speak the set's language.
func (re *Renderer) funcs(set *languageSet) template.FuncMap {
	t := set.translator
	show := func(value any) (template.HTML, error) { return showComponent(set, value) }
	return template.FuncMap{
		"T":         t.T,
		"number":    t.Number,
		"percent":   t.Percent,
		"euros":     t.Euros,
		"date":      t.Date,
		"shortdate": t.ShortDate,
		"clock":     t.Clock,
		"datetime":  t.DateTime,
		"duration":  t.Duration,
		"ago":       func(when time.Time) (template.HTML, error) { return show(moment{when}) },
		"machine":   func(when time.Time) string { return when.UTC().Format(time.RFC3339) },
		"asset":     re.assetPath,
		"icon":      iconSVG,
		"show":      show,
		"cell":      func(value any) (template.HTML, error) { return showCell(show, t, value) },
		"badge":     func(kind string) (template.HTML, error) { return show(Badge(kind)) },
		"field": func(f *Form, name, label string, o ...any) (template.HTML, error) {
			return showField(show, f, name, label, o)
		},
		"errors":     func(f *Form) (template.HTML, error) { return showErrors(show, f) },
		"nonzero":    func(when time.Time) bool { return !when.IsZero() },
		"inc":        func(n int) int { return n + 1 },
		"toneIcon":   toneIcon,
		"conformity": func(c Conformity) string { return t.T("conformity." + string(known(c))) },
	}
}

func known(c Conformity) Conformity {
	if c == PartiallyConformant || c == FullyConformant {
		return c
	}
	return NotConformant
}

func showComponent(set *languageSet, value any) (template.HTML, error) {
	c, ok := value.(component)
	if !ok {
		return "", fmt.Errorf("show: %T is not a component of package web", value)
	}
	if drawn, ok := c.(interface{ draw(*Translator) any }); ok {
		value = drawn.draw(set.translator)
	}
	var b strings.Builder
	if err := set.components.ExecuteTemplate(&b, c.component(), value); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil //nolint:gosec // escaped by the component's own template
}

// showCell draws what a table or a summary holds: a component, a time, a number or plain text.
func showCell(show func(any) (template.HTML, error), t *Translator, value any) (template.HTML, error) {
	switch v := value.(type) {
	case nil:
		return "–", nil
	case component:
		return show(v)
	case time.Time:
		return show(moment{v})
	case template.HTML:
		return v, nil
	}
	return template.HTML(template.HTMLEscapeString(t.format(value))), nil //nolint:gosec // escaped here
}

func showErrors(show func(any) (template.HTML, error), f *Form) (template.HTML, error) {
	if f == nil || len(f.Errors) == 0 {
		return "", nil
	}
	return show(f)
}

func showField(show func(any) (template.HTML, error), f *Form, name, label string, o []any) (template.HTML, error) {
	field := Field{ID: "f-" + name, Name: name, Label: label, Type: "text", Form: f}
	if len(o)%2 != 0 {
		return "", errors.New("field: want pairs of option and value")
	}
	for i := 0; i < len(o); i += 2 {
		if err := field.set(fmt.Sprint(o[i]), o[i+1]); err != nil {
			return "", fmt.Errorf("field %q: %w", name, err)
		}
	}
	f.drawn(name, label)
	return show(field)
}
