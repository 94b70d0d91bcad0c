package dashboard

import (
	"math"
	"strings"
	"time"

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

// outcomes is what became of deliveries, by channel.
func (b *board) outcomes() *outcomes {
	o := &outcomes{t: b.t, name: b.channelName}
	kinds := map[string]string{}
	for _, c := range b.figures.Counts {
		kinds[c.Channel] = c.Kind
	}
	for _, c := range b.indicator(measure.ReceiptsByStatus).Cells {
		switch {
		case c.Channel == "":
		case c.Hidden:
			o.add(c.Channel, kinds[c.Channel], c.Status, math.NaN())
		default:
			o.add(c.Channel, kinds[c.Channel], c.Status, *c.Value)
		}
	}
	return o
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
			badges(p)[len(badges(p))-1], p.ApprovedAt,
			strings.Join(channels, ", "), informed,
		})
	}
	return table
}
