package dashboard

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/topic"
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
		Outcomes  []web.Table
		Timeline  web.Timeline
		Refreshed time.Time
	}{badges(p), q.facts(p, counts), q.outcomes(revisions, counts), q.path(revisions), d.cfg.Clock.Now()}
	d.renderer.Render(w, r, http.StatusOK, "publication", page)
}

// badges say what a publication is, and that it was corrected or withdrawn.
func badges(p measure.Publication) []web.Badge {
	list := []web.Badge{web.Badge(p.Class)}
	switch {
	case p.MsgType == string(events.MsgCancel):
		list = append(list, "cancelled")
	case p.Revision > 1:
		list = append(list, "corrected")
	}
	return list
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
		{Term: q.t.T("publication.topic"), Value: topic.Name(p.Topic, q.t.Language)},
		{Term: q.t.T("publication.informed"), Value: informed},
		{Term: q.t.T("publication.reached"), Value: len(p.Channels)},
		{Term: q.t.T("publication.cost"), Value: q.t.Euros(cost)},
	}}
}

// outcomes is what became of each revision, by channel: the one that people
// read last comes first.
func (q *request) outcomes(revisions []measure.Revision, counts []measure.Count) []web.Table {
	var tables []web.Table
	for _, v := range slices.Backward(revisions) {
		table := q.outcome(counts, v.Revision)
		table.Caption = q.t.T("publication.outcomes")
		switch {
		case v.MsgType == string(events.MsgCancel):
			table.Caption = q.t.T("publication.outcomes.cancel")
		case len(revisions) > 1:
			table.Caption = q.t.T("publication.outcomes.version", "n", v.Revision)
		}
		tables = append(tables, table)
	}
	return tables
}

// outcome is the receipts of one revision, a row a channel. Signs and feeds
// are no people: nothing of them is hidden.
func (q *request) outcome(counts []measure.Count, revision uint32) web.Table {
	o := outcomes{t: q.t, name: q.channelName}
	costs := map[string]int64{}
	for _, c := range counts {
		if c.Revision == revision {
			o.add(c.Channel, c.Kind, c.Status, float64(c.Receipts))
			costs[c.Channel] += c.CostMicroEUR
		}
	}
	for _, channel := range o.channels {
		var statuses []string
		var people []uint64
		for _, c := range counts {
			if c.Revision == revision && c.Channel == channel {
				statuses, people = append(statuses, c.Status), append(people, c.People)
			}
		}
		for i, hidden := range measure.Suppress(people) {
			if hidden {
				o.hide(channel, statuses[i])
			}
		}
	}
	table := o.table()
	if len(table.Rows) == 0 {
		table.Empty = web.EmptyState{Icon: "hourglass", Title: q.t.T("publication.nothing"), Text: q.t.T("publication.nothing.text")}
		return table
	}
	table.Columns = append(table.Columns, web.Column{Label: q.t.T("publication.cost"), Numeric: true})
	for i, channel := range o.channels {
		cost := "–"
		if !o.anyHidden(channel) {
			cost = q.t.Euros(costs[channel])
		}
		table.Rows[i] = append(table.Rows[i], cost)
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
			switch {
			case before.IsZero():
			case !at.After(before):
				detail = q.t.T("path.same", "n", v.Revision)
			default:
				detail = q.t.T("path.after", "n", v.Revision, "time", q.t.Duration(at.Sub(before)))
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
