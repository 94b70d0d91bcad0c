package dashboard

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/impact/measure"
	"github.com/crieur/crieur/services/web"
)

// days is the share of targeted people informed, along the period.
func (b *board) days() *web.Chart {
	if len(b.figures.Days) == 0 {
		return nil
	}
	loc := b.authority.Location()
	c := &web.Chart{
		ID: "days", Kind: web.Line, Title: b.t.T("days.title"), Unit: b.t.T("days.unit"), LabelHeader: b.t.T("days.header"),
		Series: []web.Series{{Name: b.t.T("days.targeted")}, {Name: b.t.T("days.informed")}},
	}
	var targeted, informed uint64
	for _, d := range measure.Filled(b.figures.Days, b.query.Period, loc) {
		label := d.At.In(loc).Format("02/01")
		if b.query.Period.Name == measure.LastDay {
			label = b.t.Clock(d.At)
		}
		c.Labels = append(c.Labels, label)
		c.Series[0].Values = append(c.Series[0].Values, shown(d.Targeted))
		c.Series[1].Values = append(c.Series[1].Values, shown(min(d.Informed, d.Targeted)))
		targeted, informed = max(targeted, d.Targeted), max(informed, d.Informed)
	}
	c.Description = b.t.T("days.words", "targeted", hideable(targeted), "informed", hideable(min(informed, targeted)))
	return c
}

// shown hides a count about too few people.
func shown(n uint64) float64 {
	if measure.Small(n) {
		return math.NaN()
	}
	return float64(n)
}

func hideable(n uint64) any {
	if measure.Small(n) {
		return "< 5"
	}
	return n
}

// times is the distribution of the time to inform.
func (b *board) times() *web.Chart {
	i := b.indicator(measure.TimeToInform)
	bins := i.With(func(c measure.Cell) bool {
		return c.Leg == measure.LegSourceInformed && (c.Statistic == "over" || strings.HasPrefix(c.Statistic, "under_"))
	})
	c := &web.Chart{
		ID: "times", Kind: web.Histogram, Title: b.t.T("times.title"), Unit: b.t.T("times.unit"), LabelHeader: b.t.T("times.header"),
		Series: []web.Series{{Name: b.t.T("times.series")}}, CSV: b.csv(measure.TimeToInform),
	}
	any := false
	for _, bin := range bins {
		c.Labels = append(c.Labels, b.binLabel(bin.Statistic))
		v := math.NaN()
		if bin.Numerator != nil {
			v = *bin.Numerator
		}
		any = any || bin.Hidden || v > 0
		c.Series[0].Values = append(c.Series[0].Values, v)
	}
	if !any {
		return nil
	}
	p50, p95 := b.statistic(measure.LegSourceInformed, "p50"), b.statistic(measure.LegSourceInformed, "p95")
	c.Description = b.t.T("times.hidden")
	if p50.Value != nil && p95.Value != nil {
		c.Description = b.t.T("times.words", "p50", b.duration(*p50.Value), "p95", b.duration(*p95.Value))
		c.Mark = &web.Mark{Label: b.t.T("times.median"), Value: place(bins, *p50.Value)}
	}
	return c
}

func (b *board) binLabel(statistic string) string {
	if statistic == "over" {
		return b.t.T("times.over")
	}
	return "< " + b.t.Duration(limitOf(statistic))
}

func limitOf(statistic string) time.Duration {
	d, _ := time.ParseDuration(strings.TrimPrefix(statistic, "under_"))
	return d
}

// place is where a time is among the bins: 2.5 is the middle of the third.
func place(bins []measure.Cell, seconds float64) float64 {
	before := 0.0
	for i, bin := range bins {
		limit := limitOf(bin.Statistic).Seconds()
		if bin.Statistic == "over" || seconds < limit {
			if limit <= before {
				return float64(i) + 0.5
			}
			return float64(i) + (seconds-before)/(limit-before)
		}
		before = limit
	}
	return float64(len(bins))
}

// legs is the way from the source to the recipient, in its parts.
func (b *board) legs() web.Table {
	table := web.Table{
		Caption: b.t.T("legs.caption"),
		Columns: []web.Column{{Label: b.t.T("legs.leg")}, {Label: b.t.T("legs.p50"), Numeric: true}, {Label: b.t.T("legs.p95"), Numeric: true}},
	}
	for _, leg := range []string{
		measure.LegSourceFetched, measure.LegFetchedApproved, measure.LegApprovedSent, measure.LegSentDelivered, measure.LegSourceInformed,
	} {
		row := []any{b.t.T("leg." + leg)}
		for _, name := range []string{"p50", "p95"} {
			c := b.statistic(leg, name)
			switch {
			case c.Hidden:
				row = append(row, b.hidden())
			case c.Value == nil:
				row = append(row, "–")
			default:
				row = append(row, b.duration(*c.Value))
			}
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

// group is what statuses are shown as in the bars: four at most.
type group struct {
	key      string
	statuses []events.ReceiptStatus
}

func groups() []group {
	return []group{
		{"delivered", []events.ReceiptStatus{events.StatusDelivered, events.StatusDisplayed}},
		{"sent", []events.ReceiptStatus{events.StatusSent}},
		{"failed", []events.ReceiptStatus{events.StatusFailed}},
		{"unknown", []events.ReceiptStatus{events.StatusUnknown}},
	}
}

// byChannel are the channels of the receipts, in order, with their cells.
func (b *board) byChannel() (channels []string, cells map[string]map[string]measure.Cell) {
	cells = map[string]map[string]measure.Cell{}
	for _, c := range b.indicator(measure.ReceiptsByStatus).Cells {
		if c.Channel == "" {
			continue
		}
		if cells[c.Channel] == nil {
			cells[c.Channel] = map[string]measure.Cell{}
			channels = append(channels, c.Channel)
		}
		cells[c.Channel][c.Status] = c
	}
	return channels, cells
}

// channels is what became of deliveries, as bars.
func (b *board) channels() *web.Chart {
	names, cells := b.byChannel()
	if len(names) == 0 {
		return nil
	}
	c := &web.Chart{
		ID: "channels", Kind: web.Bars, Title: b.t.T("channels.title"), Unit: b.t.T("channels.unit"), LabelHeader: b.t.T("channels.header"),
		Description: b.t.T("channels.words", "n", len(names)), CSV: b.csv(measure.ReceiptsByStatus),
	}
	for _, name := range names {
		c.Labels = append(c.Labels, b.channelName(name))
	}
	for _, g := range groups() {
		s := web.Series{Name: b.t.T("status." + g.key)}
		for _, name := range names {
			s.Values = append(s.Values, sum(cells[name], g.statuses))
		}
		c.Series = append(c.Series, s)
	}
	return c
}

// sum adds cells up; with a hidden one the sum is hidden.
func sum(cells map[string]measure.Cell, statuses []events.ReceiptStatus) float64 {
	total := 0.0
	for _, s := range statuses {
		c := cells[string(s)]
		if c.Hidden {
			return math.NaN()
		}
		if c.Value != nil {
			total += *c.Value
		}
	}
	return total
}

// receipts is the whole table, channel by status.
func (b *board) receipts() web.Table {
	names, cells := b.byChannel()
	var statuses []string
	for _, s := range events.ReceiptStatuses() {
		if slices.ContainsFunc(names, func(n string) bool { _, ok := cells[n][string(s)]; return ok }) {
			statuses = append(statuses, string(s))
		}
	}
	table := web.Table{Caption: b.t.T("receipts.caption"), Columns: []web.Column{{Label: b.t.T("channels.header")}}}
	for _, s := range statuses {
		table.Columns = append(table.Columns, web.Column{Label: b.t.T("status." + s), Numeric: true})
	}
	for _, name := range names {
		row := []any{b.channelName(name)}
		for _, s := range statuses {
			c, ok := cells[name][s]
			switch {
			case !ok:
				row = append(row, 0)
			case c.Hidden:
				row = append(row, b.hidden())
			default:
				row = append(row, *c.Value)
			}
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

// publications is the list with what became of each.
func (b *board) publications(list []measure.Publication) *web.Table {
	table := &web.Table{
		Caption: b.t.T("publications.caption"), CaptionHidden: true,
		Columns: []web.Column{
			{Label: b.t.T("publications.title")},
			{Label: b.t.T("publications.class")},
			{Label: b.t.T("publications.approved")},
			{Label: b.t.T("publications.channels")},
			{Label: b.t.T("publications.informed"), Numeric: true},
		},
		Empty: web.EmptyState{Icon: "megaphone", Title: b.t.T("publications.none"), Text: b.t.T("publications.none.text")},
	}
	for _, p := range list {
		channels := make([]string, len(p.Channels))
		for i, c := range p.Channels {
			channels[i] = b.channelName(c)
		}
		var informed any = p.Informed
		if p.Alone {
			informed = b.hidden()
		}
		table.Rows = append(table.Rows, []any{
			web.Link{Label: p.Title, Href: b.address("/p/"+p.ID, web.NewForm(nil))},
			web.Badge(p.Class), p.ApprovedAt,
			strings.Join(channels, ", "), informed,
		})
	}
	return table
}
