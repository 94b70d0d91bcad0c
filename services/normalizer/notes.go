package normalizer

import (
	"fmt"
	"html"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/normalizer/mapping"
	"github.com/crieur/crieur/services/normalizer/rewrite"
)

const (
	maxNotes    = 12
	maxNote     = 600 // runes
	maxDates    = 6   // of an event told one by one
	maxNotesAll = 3000
)

// label is what begins a note, in French and in any other language.
func label(l mapping.Label, language string) string {
	fr, en := "", ""
	switch l {
	case mapping.Accessibility:
		fr, en = "Accessibilité", "Accessibility"
	case mapping.Age:
		fr, en = "Âge", "Age"
	case mapping.Attachments:
		fr, en = "Pièces jointes", "Attachments"
	case mapping.Conditions:
		fr, en = "Conditions", "Conditions"
	case mapping.Contact:
		fr, en = "Contact", "Contact"
	case mapping.Dates:
		fr, en = "Dates", "Dates"
	case mapping.Document:
		fr, en = "Document", "Document"
	case mapping.Online:
		fr, en = "En ligne", "Online"
	case mapping.Registration:
		fr, en = "Inscription", "Registration"
	}
	if language == "fr" {
		return fr + "\u00a0: "
	}
	return en + ": "
}

// annotate writes after a body what people need besides it.
func (w *work) annotate() {
	notes := w.draft.Notes
	if dates := w.listed(w.draft.Dates); dates != "" {
		notes = append([]mapping.Note{{Label: mapping.Dates, Text: dates}}, notes...)
	}
	for _, doc := range w.draft.Documents {
		if link := rewrite.Link(doc.URL, rewrite.Base(w.raw.URL)); link != "" && !image(doc) {
			notes = append(notes, mapping.Note{Label: mapping.Document, Text: named(doc, link), Link: link})
		}
	}
	c := &w.msg.Content
	var text, marked strings.Builder
	for _, n := range notes[:min(len(notes), maxNotes)] {
		words, _ := rewrite.Bound(rewrite.Plain(n.Text), maxNote)
		link := rewrite.Link(n.Link, nil)
		if words == "" && link == "" || text.Len() > maxNotesAll || link != "" && (link == c.Link || strings.Contains(c.HTML, html.EscapeString(link))) {
			continue
		}
		before := label(n.Label, c.Language)
		text.WriteString("\n\n" + before + strings.TrimSpace(words+" "+link))
		marked.WriteString("<p>" + html.EscapeString(before))
		if link == "" {
			marked.WriteString(html.EscapeString(words))
		} else {
			marked.WriteString(`<a href="` + html.EscapeString(link) + `" rel="nofollow noreferrer">` + html.EscapeString(first(words, link)) + "</a>")
		}
		marked.WriteString("</p>")
	}
	if text.Len() == 0 || len(c.HTML)+marked.Len() > rewrite.MaxHTMLBytes {
		return
	}
	c.Text = strings.TrimSpace(c.Text + text.String())
	c.HTML += marked.String()
}

func image(m record.Media) bool { return strings.HasPrefix(m.Type, "image/") }

// named is what to call a document: its own name, else that of its file.
func named(m record.Media, link string) string {
	if alt := rewrite.Plain(m.Alt); alt != "" {
		return alt
	}
	if u, err := url.Parse(link); err == nil && path.Ext(u.Path) != "" {
		return path.Base(u.Path)
	}
	return ""
}

// listed writes dates in words, "" when there are none.
func (w *work) listed(dates []record.Timing) string {
	var list []string
	for _, t := range dates[:min(len(dates), maxDates)] {
		list = append(list, w.date(t))
	}
	if more := len(dates) - len(list); more > 0 {
		if w.msg.Content.Language == "fr" {
			list = append(list, fmt.Sprintf("et %d autres", more))
		} else {
			list = append(list, fmt.Sprintf("and %d more", more))
		}
	}
	return strings.Join(list, "\u00a0; ")
}

func (w *work) date(t record.Timing) string {
	from, to := t.Starts.In(w.loc), t.Ends.In(w.loc)
	if w.msg.Content.Language != "fr" {
		return from.Format("2 January 2006 15:04")
	}
	day := fmt.Sprintf("%s %s %s", weekday(from), ordinal(from.Day()), month(from))
	if from.Year() != w.raw.FetchedAt.In(w.loc).Year() {
		day += fmt.Sprintf(" %d", from.Year())
	}
	switch {
	case w.draft.AllDay:
		return day
	case !t.Ends.After(t.Starts):
		return day + " à " + hour(from)
	case to.Sub(from) < 24*time.Hour:
		return day + " de " + hour(from) + " à " + hour(to)
	}
	return fmt.Sprintf("du %s au %s %s", day, ordinal(to.Day()), month(to))
}

func weekday(t time.Time) string {
	return [...]string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"}[t.Weekday()]
}

func month(t time.Time) string {
	return [...]string{
		"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre",
	}[t.Month()-1]
}

func ordinal(day int) string {
	if day == 1 {
		return "1er"
	}
	return fmt.Sprint(day)
}

// hour writes 9 h 30 as French does.
func hour(t time.Time) string {
	if t.Minute() == 0 {
		return fmt.Sprintf("%d\u00a0h", t.Hour())
	}
	return fmt.Sprintf("%d\u00a0h\u00a0%02d", t.Hour(), t.Minute())
}
