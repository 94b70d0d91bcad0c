package web

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Form holds what was typed and what is wrong with it, between a POST and the page shown again (status 422).
// A nil *Form is an empty one.
type Form struct {
	Values url.Values
	Errors []FieldError
	labels map[string]string // of the fields that the page drew
}

// FieldError says in the reader's words what to do about one field.
type FieldError struct{ Field, Message string }

// NewForm starts from the values of a request.
func NewForm(values url.Values) *Form { return &Form{Values: values} }

// Get is the trimmed value of a field.
func (f *Form) Get(name string) string {
	if f == nil {
		return ""
	}
	return strings.TrimSpace(f.Values.Get(name))
}

// Reject records an error; the first of a field is the one shown beside it.
func (f *Form) Reject(field, message string) { f.Errors = append(f.Errors, FieldError{field, message}) }

// OK tells that nothing was rejected.
func (f *Form) OK() bool { return f == nil || len(f.Errors) == 0 }

// Error is the message of a field, or "".
func (f *Form) Error(field string) string {
	if f != nil {
		for _, e := range f.Errors {
			if e.Field == field {
				return e.Message
			}
		}
	}
	return ""
}

// named is an error as the summary says it, far from its field: with the field's label.
type named struct {
	FieldError
	Label string
}

// Asked tells a label that is a sentence, which no colon follows.
func (n named) Asked() bool {
	return strings.HasSuffix(n.Label, "?") || strings.HasSuffix(n.Label, ".")
}

func (f *Form) component() string { return "error-summary" }

func (f *Form) draw(*Translator) any {
	list := make([]named, len(f.Errors))
	for i, e := range f.Errors {
		list[i] = named{e, f.labels[e.Field]}
		if n := &list[i]; n.Label != "" && !n.Asked() {
			n.Message = uncapitalised(n.Message)
		}
	}
	return list
}

// uncapitalised is a sentence as it goes on after a colon; initials stay.
func uncapitalised(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if second, _ := utf8.DecodeRuneInString(s[size:]); unicode.IsUpper(second) {
		return s
	}
	return string(unicode.ToLower(first)) + s[size:]
}

// drawn remembers what a field is called.
func (f *Form) drawn(field, label string) {
	if f == nil || f.OK() {
		return
	}
	if f.labels == nil {
		f.labels = map[string]string{}
	}
	f.labels[field] = label
}

// Choice is one option of a select, radios or checkboxes.
type Choice struct {
	Value, Label, Hint string
	Checked            bool // at first; what was typed wins when the form comes back
}

// Field is one labelled control, drawn by {{field .Form "email" (T "…") "type" "email" "hint" (T "…")}}.
// Options: type (text, email, tel, password, number, search, url, date, time, datetime-local, textarea, select, radios,
// checkboxes, checkbox, file, hidden), hint, value, choices ([]Choice), autocomplete, inputmode,
// rows, maxlength, min, max, step, accept, lang (of what is typed), width (s, m, l), optional (bool), code (bool, a one-time code in large figures), autofocus (bool).
type Field struct {
	ID, Name, Label, Hint, Type string
	Form                        *Form
	Choices                     []Choice
	Attributes                  []Attribute
	Width                       string
	Optional, Code              bool
	Rows                        int
	initial                     string
}

// Attribute is one HTML attribute of a control.
type Attribute struct{ Name, Value string }

func (f Field) component() string { return "field" }

func (f *Field) set(option string, value any) error {
	text := fmt.Sprint(value)
	switch option {
	case "type":
		f.Type = text
	case "hint":
		f.Hint = text
	case "value":
		f.initial = text
	case "width":
		f.Width = text
	case "optional":
		f.Optional, _ = value.(bool)
	case "code":
		f.Code, _ = value.(bool)
	case "rows":
		f.Rows, _ = value.(int)
	case "choices":
		choices, ok := value.([]Choice)
		if !ok {
			return fmt.Errorf("choices: want []web.Choice, not %T", value)
		}
		f.Choices = choices
	case "autocomplete", "inputmode", "maxlength", "min", "max", "step", "accept", "pattern", "autofocus", "list", "lang":
		f.Attributes = append(f.Attributes, Attribute{option, text})
	default:
		return fmt.Errorf("no option %q", option)
	}
	return nil
}

// Value is what to show in the control.
func (f Field) Value() string {
	if f.Form != nil && f.Form.Values.Has(f.Name) {
		if f.Type == "password" {
			return ""
		}
		return f.Form.Values.Get(f.Name)
	}
	return f.initial
}

// Checked tells whether a choice is taken.
func (f Field) Checked(c Choice) bool {
	if f.Form != nil && len(f.Form.Values) > 0 {
		return slices.Contains(f.Form.Values[f.Name], c.Value)
	}
	return c.Checked || f.initial != "" && f.initial == c.Value
}

// Error is the field's message, or "".
func (f Field) Error() string { return f.Form.Error(f.Name) }

// DescribedBy lists the elements that explain the control.
func (f Field) DescribedBy() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.ID+"-hint")
	}
	if f.Error() != "" {
		ids = append(ids, f.ID+"-error")
	}
	return strings.Join(ids, " ")
}

// IsGroup tells a set of radios or checkboxes, which has a legend instead of a label.
func (f Field) IsGroup() bool { return f.Type == "radios" || f.Type == "checkboxes" }

// ChoiceType is the type of the inputs of a group.
func (f Field) ChoiceType() string {
	if f.Type == "radios" {
		return "radio"
	}
	return "checkbox"
}
