package console

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/web"
)

// journalPage is how many entries a page shows; all are read and verified.
const journalPage = 100

// journalLine is an entry in words.
type journalLine struct {
	what, who string
	object    any // a text or a web.Link
	entry     events.Audit
}

// objectText is the object without its link.
func (l journalLine) objectText() string {
	if link, ok := l.object.(web.Link); ok {
		return link.Label
	}
	return fmt.Sprint(l.object)
}

// journalSearch is what the form of the journal asks for.
type journalSearch struct {
	Text, From, To string
	from, to       time.Time // to is not included
}

func (d *desktop) journalSearch(form *web.Form) journalSearch {
	q := journalSearch{Text: form.Get("q"), From: form.Get("from"), To: form.Get("to")}
	day := func(field string) time.Time {
		t, err := time.ParseInLocation(time.DateOnly, form.Get(field), d.authority.Location())
		if err != nil && form.Get(field) != "" {
			form.Reject(field, d.t.T("form.moment"))
		}
		return t
	}
	q.from, q.to = day("from"), day("to")
	if !q.to.IsZero() {
		q.to = q.to.AddDate(0, 0, 1)
	}
	return q
}

func (q journalSearch) takes(l journalLine) bool {
	at := l.entry.At
	if at.Before(q.from) || !q.to.IsZero() && !at.Before(q.to) {
		return false
	}
	text := territory.Fold(l.what + " " + l.who + " " + l.objectText())
	for word := range strings.FieldsSeq(territory.Fold(q.Text)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// values are the search as an address has it.
func (q journalSearch) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"q": q.Text, "from": q.From, "to": q.To} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// journalLines are what a search finds, the last first.
func (d *desktop) journalLines(entries []events.Audit, q journalSearch) []journalLine {
	var list []journalLine
	for _, a := range slices.Backward(entries) {
		if l := (journalLine{d.action(a), d.name(a.Actor), d.object(a), a}); q.takes(l) {
			list = append(list, l)
		}
	}
	return list
}

func (c *Console) journal(w http.ResponseWriter, r *http.Request, d *desktop) {
	trail, err := d.Journal.Read(r.Context(), d.authority.ID, math.MaxInt)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	form := web.NewForm(r.URL.Query())
	q := d.journalSearch(form)
	found := d.journalLines(trail.Entries, q)
	p := d.page(sectionJournal, d.t.T("journal.title"))
	p.Lede, p.Form = d.t.T("journal.lede"), form
	verdict := web.Notice{Tone: web.Success, Title: d.t.T("journal.holds"), Text: d.t.T("journal.holds.text", "n", trail.Count)}
	if f := trail.Fault; f != nil {
		verdict = web.Notice{
			Tone: web.Danger, Title: d.t.T("journal.broken"),
			Text: d.t.T("journal.broken.text", "n", f.Index+1, "why", d.t.T("fault."+f.Why)),
		}
	}
	table := web.Table{
		Caption: d.t.T("journal.caption"), CaptionHidden: true,
		Columns: []web.Column{
			{Label: d.t.T("journal.what")},
			{Label: d.t.T("journal.who")},
			{Label: d.t.T("journal.object")},
			{Label: d.t.T("journal.when")},
			{Label: d.t.T("journal.hash")},
		},
		Empty: web.EmptyState{Icon: "shield", Title: d.t.T("journal.empty")},
	}
	base := "/console/" + d.authority.ID + "/" + sectionJournal
	pages := max(1, (len(found)+journalPage-1)/journalPage)
	page, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil {
		page = 1
	}
	page = min(max(page, 1), pages)
	for _, l := range found[(page-1)*journalPage : min(page*journalPage, len(found))] {
		at, hash := l.entry.At, l.entry.Hash
		table.Rows = append(table.Rows, []any{l.what, l.who, l.object, d.t.ShortDate(at) + " " + d.t.Clock(at), hash[:min(12, len(hash))]})
	}
	values := q.values()
	if len(values) > 0 {
		table.Empty = web.EmptyState{Icon: "search", Title: d.t.T("journal.nothing")}
	}
	p.Data = struct {
		Verdict web.Notice
		Table   web.Table
		Pages   web.Pagination
		Found   int
		Search  bool
		Path    string
		CSV     string
	}{verdict, table, web.Pagination{Page: page, Pages: pages, Base: base + "?" + values.Encode()}, len(found), len(values) > 0, base, base + ".csv?" + values.Encode()}
	c.renderer.Render(w, r, http.StatusOK, "journal", p)
}

// journalCSV is what a search finds, whole, with the full hashes: who checks the
// chain outside needs them.
func (c *Console) journalCSV(w http.ResponseWriter, r *http.Request, d *desktop) {
	trail, err := d.Journal.Read(r.Context(), d.authority.ID, math.MaxInt)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="journal-`+d.authority.ID+`.csv"`)
	w.Header().Set("Cache-Control", "no-store")
	out := csv.NewWriter(w)
	_ = out.Write([]string{"at", "action", "action_text", "actor", "actor_name", "object", "object_text", "previous", "hash"})
	for _, l := range d.journalLines(trail.Entries, d.journalSearch(web.NewForm(r.URL.Query()))) {
		a := l.entry
		row := []string{a.At.UTC().Format(time.RFC3339), a.Action, l.what, a.Actor, l.who, a.Object, l.objectText(), a.Previous, a.Hash}
		for i, text := range row {
			row[i] = cell(text)
		}
		_ = out.Write(row) // the browser may be gone
	}
	out.Flush()
}

// cell keeps a text from being read as a formula by a spreadsheet
// (owasp.org/www-community/attacks/CSV_Injection).
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

// action is an entry's, in words where we have them.
func (d *desktop) action(a events.Audit) string {
	key := "action." + a.Action
	if text := d.t.T(key); text != key {
		if n := a.Detail["approvals"]; n != "" {
			text += " (" + n + ")"
		}
		if roles := a.Detail["roles"]; roles != "" {
			var list []registry.Role
			for role := range strings.FieldsSeq(roles) {
				list = append(list, registry.Role(role))
			}
			text += " (" + d.roleNames(list) + ")"
		}
		return text
	}
	return a.Action
}

// object links to the item, source or stream while it is kept.
func (d *desktop) object(a events.Audit) any {
	kind, id, _ := strings.Cut(a.Object, "/")
	switch kind {
	case "item":
	case "source":
		if s, ok := d.Sources.Get(d.authority.ID, id); ok {
			return web.Link{Label: s.Name, Href: d.sourcesPath() + "/" + id}
		}
		return cmp.Or(a.Detail["name"], id)
	case "stream":
		if s, ok := d.Streams.Get(d.authority.ID, id); ok {
			return web.Link{Label: s.Name, Href: d.streamsPath() + "/" + id}
		}
		return cmp.Or(a.Detail["name"], id)
	case "officer":
		if o, ok := d.Officers.Get(id); ok && d.inTeam(o) {
			return d.member(o).Name
		}
		return id
	case "resident":
		return d.t.T("object.counter")
	default:
		return a.Object
	}
	it, ok := d.Desk.Items().Get(d.authority.ID, a.Detail["stream"], id)
	if !ok {
		return d.t.T("journal.gone")
	}
	return web.Link{Label: short(it.Content().Title), Href: itemPath(it)}
}
