package console

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/web"
)

// journalShown is how many entries the page shows; all are verified.
const journalShown = 200

func (c *Console) journal(w http.ResponseWriter, r *http.Request, d *desktop) {
	trail, err := d.Journal.Read(r.Context(), d.authority.ID, journalShown)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	p := d.page(sectionJournal, d.t.T("journal.title"))
	p.Lede = d.t.T("journal.lede")
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
	for _, a := range slices.Backward(trail.Entries) {
		table.Rows = append(table.Rows, []any{d.action(a), d.name(a.Actor), d.object(a), d.t.ShortDate(a.At) + " " + d.t.Clock(a.At), a.Hash[:min(12, len(a.Hash))]})
	}
	p.Data = struct {
		Verdict web.Notice
		Table   web.Table
		Count   int
	}{verdict, table, trail.Count}
	c.renderer.Render(w, r, http.StatusOK, "journal", p)
}

// action is an entry's, in words where we have them.
func (d *desktop) action(a events.Audit) string {
	key := "action." + a.Action
	if text := d.t.T(key); text != key {
		if n := a.Detail["approvals"]; n != "" {
			text += " (" + n + ")"
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
