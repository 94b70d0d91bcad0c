package dashboard

import (
	"math"
	"time"

	"github.com/crieur/crieur/events/topic"
	"github.com/crieur/crieur/services/impact/measure"
	"github.com/crieur/crieur/services/web"
)

// board makes what a dashboard shows of its indicators.
type board struct {
	*request
	query   measure.Query
	form    *web.Form
	figures measure.Figures
	list    []measure.Indicator
}

// boardData is what the template draws.
type boardData struct {
	Full         bool
	Filters      filters
	Period       string
	Refreshed    time.Time
	Empty        bool
	Stats        []web.Stat
	Days         *web.Chart
	Times        *web.Chart
	Legs         web.Table
	Channels     *web.Chart
	Receipts     web.Table
	Carried      *web.Table // nil: nothing
	OptOuts      *web.Table
	Publications *web.Table
	CSV, JSON    string
	SignIn       string
	Live         string // address of the figures, when they are followed
	Toggle       web.Action
	Sampled      int
}

func (b *board) data() *boardData {
	became := b.outcomes()
	d := &boardData{
		Full: b.full, Period: b.period(), Refreshed: b.figures.At, Empty: len(b.figures.Counts) == 0,
		CSV: b.address("/export/indicators.csv", b.form), JSON: b.address("/export/indicators.json", b.form),
		Stats: b.stats(), Days: b.days(), Times: b.times(), Legs: b.legs(), Channels: became.chart(), Receipts: became.table(),
	}
	if d.Channels != nil {
		d.Channels.CSV = b.csv(measure.ReceiptsByStatus)
	}
	if b.full {
		d.OptOuts, d.Carried = b.optOuts(), b.carried()
		if b.figures.Sent.Fraction > 1 {
			d.Sampled = b.figures.Sent.Fraction
		}
	}
	return d
}

func (b *board) period() string {
	p, loc := b.query.Period, b.authority.Location()
	if p.Name == measure.LastDay {
		return b.t.T("period.24h.words")
	}
	return b.t.T("period.words", "from", b.t.ShortDate(p.From.In(loc)), "to", b.t.ShortDate(p.To.Add(-time.Second).In(loc)))
}

func (b *board) indicator(id measure.ID) measure.Indicator {
	for _, i := range b.list {
		if i.ID == id {
			return i
		}
	}
	return measure.Indicator{ID: id}
}

func (b *board) csv(id measure.ID) string { return b.address("/export/"+string(id)+".csv", b.form) }

// stats are the tiles, in the order of the five questions that the State's own
// services answer in public (beta.gouv.fr/stats); those that the reader may not
// see are left out.
func (b *board) stats() []web.Stat {
	var list []web.Stat
	for _, q := range []struct {
		name string
		ids  []measure.ID
	}{
		{"used", []measure.ID{measure.Reach, measure.Publications, measure.Coverage}},
		{"impact", []measure.ID{measure.TimeToInform, measure.AlertCompleteness}},
		{"useful", []measure.ID{measure.Usefulness, measure.Clicks, measure.OptOuts}},
		{"efficient", []measure.ID{measure.Cost, measure.Reentries}},
		{"usable", []measure.ID{measure.TimeToSend, measure.SlowDelivery}},
	} {
		for _, id := range q.ids {
			if b.full || public(id) {
				s := b.stat(id)
				s.Question = b.t.T("answer." + q.name)
				list = append(list, s)
			}
		}
	}
	return list
}

func (b *board) stat(id measure.ID) web.Stat {
	i, key := b.indicator(id), "indicator."+string(id)
	s := web.Stat{
		Label: b.t.T(key), Definition: b.t.T(key + ".definition"), Formula: b.t.T(key + ".formula"),
		RefreshedAt: b.figures.At, CSV: b.csv(id),
	}
	cell, ok := i.Total()
	if id == measure.TimeToInform {
		cell, ok = b.statistic(measure.LegSourceInformed, "p50"), true
	}
	switch {
	case !ok:
	case cell.Hidden:
		s.Suppressed = true
	case cell.Value != nil:
		s.Value, s.Unit = b.value(*cell.Value, i.Unit)
	}
	s.Change = b.remark(id, cell)
	return s
}

// value writes a figure in the unit people read it in.
func (b *board) value(v float64, unit measure.Unit) (any, string) {
	switch unit {
	case measure.Ratio:
		return math.Round(v*1000) / 10, "%"
	case measure.Seconds:
		return b.duration(v), ""
	case measure.MicroEUR:
		return b.t.Euros(int64(math.Round(v))), ""
	}
	return v, ""
}

// duration is finer than the translator's where it matters: "3,8 s", "4 min".
func (b *board) duration(seconds float64) string {
	if seconds < 10 {
		return b.t.Number(math.Round(seconds*10)/10) + "\u00a0" + b.t.T("unit.seconds")
	}
	return b.t.Duration(time.Duration(seconds * float64(time.Second)))
}

// statistic is one figure of the time to inform.
func (b *board) statistic(leg, name string) measure.Cell {
	for _, c := range b.indicator(measure.TimeToInform).Cells {
		if c.Leg == leg && c.Statistic == name {
			return c
		}
	}
	return measure.Cell{}
}

// remark says in words what a ratio is made of, or what goes with a figure.
func (b *board) remark(id measure.ID, c measure.Cell) string {
	switch {
	case id == measure.TimeToInform:
		if p95 := b.statistic(measure.LegSourceInformed, "p95"); p95.Value != nil {
			return b.t.T("remark.p95", "time", b.duration(*p95.Value))
		}
		return b.t.T("remark.none")
	case c.Hidden:
		return ""
	case id == measure.Coverage && c.Denominator == nil && c.Numerator != nil:
		return b.t.T("remark.coverage.unknown", "n", *c.Numerator)
	case id == measure.Cost && c.Numerator != nil && c.Denominator != nil:
		return b.t.T("remark.cost", "cost", b.t.Euros(int64(*c.Numerator)), "n", *c.Denominator)
	case c.Numerator != nil && c.Denominator != nil && *c.Denominator > 0:
		return b.t.T("remark."+string(id), "x", *c.Numerator, "n", *c.Denominator)
	case c.Value == nil:
		return b.t.T("remark.none")
	}
	return ""
}

// optOuts is the opt-out by topic.
func (b *board) optOuts() *web.Table {
	i := b.indicator(measure.OptOuts)
	table := &web.Table{
		Caption: b.t.T("optouts.caption"),
		Columns: []web.Column{{Label: b.t.T("optouts.topic")}, {Label: b.t.T("optouts.left"), Numeric: true}, {Label: b.t.T("optouts.told"), Numeric: true}, {Label: b.t.T("optouts.rate"), Numeric: true}},
	}
	for _, c := range i.With(func(c measure.Cell) bool { return c.Topic != "" }) {
		name := topic.Name(c.Topic, b.t.Language)
		row := []any{name, b.hidden(), b.hidden(), b.hidden()}
		if !c.Hidden {
			row = []any{name, *c.Numerator, *c.Denominator, b.rate(c)}
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

// carried is what another channel took over; nil when each carried its own.
func (b *board) carried() *web.Table {
	if len(b.figures.Carried) == 0 {
		return nil
	}
	table := &web.Table{
		Caption: b.t.T("carried.caption"),
		Columns: []web.Column{
			{Label: b.t.T("channels.header")},
			{Label: b.t.T("carried.via")},
			{Label: b.t.T("carried.receipts"), Numeric: true},
			{Label: b.t.T("carried.cost"), Numeric: true},
		},
	}
	values := make([]uint64, len(b.figures.Carried))
	for i, c := range b.figures.Carried {
		values[i] = c.Receipts
	}
	hidden := measure.Suppress(values)
	for i, c := range b.figures.Carried {
		row := []any{b.channelName(c.Channel), b.channelName(c.Via), float64(c.Receipts), b.t.Euros(c.CostMicroEUR)}
		if hidden[i] {
			row[2], row[3] = b.hidden(), b.hidden()
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

func (b *board) hidden() string { return b.t.T("stat.suppressed.short") }

func (b *board) rate(c measure.Cell) string {
	if c.Value == nil {
		return "–"
	}
	return b.t.Percent(*c.Value)
}
