package console

import (
	"html"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/web"
)

// inputTime is how <input type="datetime-local"> writes a time.
const inputTime = "2006-01-02T15:04"

// lines gives a textarea's text the ends of line that ours have.
func lines(text string) string {
	return strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text))
}

// paragraphs writes plain text as HTML: a record's body may be either, and the
// brackets an officer types are not tags.
func paragraphs(text string) string {
	if text == "" {
		return ""
	}
	var b strings.Builder
	for p := range strings.SplitSeq(text, "\n\n") {
		b.WriteString("<p>" + strings.ReplaceAll(html.EscapeString(p), "\n", "<br>") + "</p>")
	}
	return b.String()
}

func (d *desktop) text(form *web.Form, field, value string, limit int, required bool) {
	switch {
	case required && value == "":
		form.Reject(field, d.t.T("form.required"))
	case utf8.RuneCountInString(value) > limit:
		form.Reject(field, d.t.T("form.long", "limit", limit))
	}
}

// instruction is what to do: an alert that does not say it only frightens.
func (d *desktop) instruction(form *web.Form, text string, class events.Class) {
	if text == "" && class == events.ClassAlert {
		form.Reject("instruction", d.t.T("form.instruction"))
		return
	}
	d.text(form, "instruction", text, maxInstruction, false)
}

func (d *desktop) link(form *web.Form, link string) {
	if link == "" {
		return
	}
	if u, err := url.Parse(link); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		form.Reject("link", d.t.T("form.link"))
	}
}

// moment reads a time typed in the authority's time zone; nil when empty.
func (d *desktop) moment(form *web.Form, field string, required bool) *time.Time {
	text := form.Get(field)
	if text == "" {
		if required {
			form.Reject(field, d.t.T("form.required"))
		}
		return nil
	}
	t, err := time.ParseInLocation(inputTime, text, d.authority.Location())
	if err != nil {
		form.Reject(field, d.t.T("form.moment"))
		return nil
	}
	t = t.UTC()
	return &t
}

func deref(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// input writes a time for a form, in the authority's time zone; "" when nil.
func (d *desktop) input(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.In(d.authority.Location()).Format(inputTime)
}
