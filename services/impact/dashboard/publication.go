package dashboard

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/crieur/crieur/services/impact/measure"
	"github.com/crieur/crieur/services/web"
)

// publication is what became of one publication, for officers.
func (d *Dashboard) publication(w http.ResponseWriter, r *http.Request, q *request) {
	if !q.signedIn {
		web.SeeOther(w, r, d.cfg.SignIn+"?"+url.Values{"next": {r.URL.Path}}.Encode())
		return
	}
	if !q.full {
		d.renderer.Error(w, r, http.StatusForbidden)
		return
	}
	p, counts, revisions, err := q.Reader.Publication(r.Context(), q.authority.ID, r.PathValue("id"))
	if errors.Is(err, measure.ErrNoPublication) {
		d.renderer.Error(w, r, http.StatusNotFound)
		return
	}
	if err != nil {
		d.fail(w, r, err)
		return
	}
	page := d.chrome(r, q)
	page.Title = p.Title
	page.Breadcrumb = append(page.Breadcrumb, web.Link{Label: q.t.T("dashboard.short"), Href: q.address("", web.NewForm(nil))})
	page.Data = struct {
		Badges    []web.Badge
		Facts     web.Summary
		Outcomes  web.Table
		Timeline  web.Timeline
		Refreshed time.Time
	}{[]web.Badge{web.Badge(p.Class)}, q.facts(p, counts), q.outcomes(counts), q.path(revisions), d.cfg.Clock.Now()}
	d.renderer.Render(w, r, http.StatusOK, "publication", page)
}

func (q *request) facts(p measure.Publication, counts []measure.Count) web.Summary {
	var cost int64
	for _, c := range counts {
		cost += c.CostMicroEUR
	}
	var informed any = p.Informed
	if p.Alone {
		informed = q.t.T("stat.suppressed.short")
	}
	return web.Summary{Rows: []web.SummaryRow{
		{Term: q.t.T("publication.stream"), Value: q.streamName(p.Stream)},
		{Term: q.t.T("publication.topic"), Value: p.Topic},
		{Term: q.t.T("publication.informed"), Value: informed},
		{Term: q.t.T("publication.reached"), Value: len(p.Channels)},
		{Term: q.t.T("publication.cost"), Value: q.t.Euros(cost)},
	}}
}

// outcomes is the receipts by channel and status. Signs and feeds are no
// people: nothing of them is hidden.
func (q *request) outcomes(counts []measure.Count) web.Table {
	table := web.Table{
		Caption: q.t.T("publication.outcomes"),
		Columns: []web.Column{
			{Label: q.t.T("channels.header")},
			{Label: q.t.T("publication.status")},
			{Label: q.t.T("publication.receipts"), Numeric: true},
			{Label: q.t.T("publication.units"), Numeric: true},
			{Label: q.t.T("publication.cost"), Numeric: true},
		},
		Empty: web.EmptyState{Icon: "hourglass", Title: q.t.T("publication.nothing"), Text: q.t.T("publication.nothing.text")},
	}
	for start := 0; start < len(counts); {
		end := start
		var values []uint64
		for ; end < len(counts) && counts[end].Channel == counts[start].Channel; end++ {
			values = append(values, counts[end].People)
		}
		hidden := measure.Suppress(values)
		for i, c := range counts[start:end] {
			row := []any{q.channelName(c.Channel), web.Badge(c.Status), q.t.T("stat.suppressed.short"), "–", "–"}
			if !hidden[i] {
				row = []any{q.channelName(c.Channel), web.Badge(c.Status), c.Receipts, c.Units, q.t.Euros(c.CostMicroEUR)}
			}
			table.Rows = append(table.Rows, row)
		}
		start = end
	}
	return table
}

// path is what happened, in order, revision by revision, with the time each
// step took.
func (q *request) path(revisions []measure.Revision) web.Timeline {
	var list []web.TimelineEntry
	for _, v := range revisions {
		var before time.Time
		add := func(at time.Time, key, icon string, tone web.Tone) {
			if at.IsZero() {
				return
			}
			detail := q.t.T("path.revision", "n", v.Revision)
			if !before.IsZero() {
				detail = q.t.T("path.after", "n", v.Revision, "time", q.t.Duration(max(at.Sub(before), 0)))
			}
			before = at
			list = append(list, web.TimelineEntry{When: at, What: q.t.T("path." + key), Detail: detail, Icon: icon, Tone: tone})
		}
		add(v.SourceAt, "source", "rss", web.Info)
		add(v.FetchedAt, "fetched", "inbox", web.Neutral)
		add(v.ApprovedAt, "approved", "check", web.Success)
		add(v.FirstSent, "sent", "send", web.Neutral)
		add(v.FirstInformed, "informed", "users", web.Success)
	}
	slices.SortStableFunc(list, func(a, b web.TimelineEntry) int { return a.When.Compare(b.When) })
	return web.Timeline{Entries: list}
}
