package dashboard

import (
	"math"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/web"
)

// outcomes is what became of what was sent, by channel and status.
type outcomes struct {
	t        *web.Translator
	name     func(channel string) string
	channels []string
	kinds    map[string]string             // of channels
	values   map[string]map[string]float64 // by channel and status; NaN where too few people are behind it
}

func (o *outcomes) add(channel, kind, status string, n float64) {
	if o.values == nil {
		o.kinds, o.values = map[string]string{}, map[string]map[string]float64{}
	}
	if o.values[channel] == nil {
		o.channels, o.values[channel] = append(o.channels, channel), map[string]float64{}
	}
	o.kinds[channel] = kind
	o.values[channel][status] = n
}

func (o *outcomes) hide(channel, status string) { o.values[channel][status] = math.NaN() }

func (o *outcomes) anyHidden(channel string) bool {
	for _, v := range o.values[channel] {
		if math.IsNaN(v) {
			return true
		}
	}
	return false
}

// arrived is what was delivered or shown; NaN where it is hidden.
func (o *outcomes) arrived(channel string) float64 {
	return o.values[channel][string(events.StatusDelivered)] + o.values[channel][string(events.StatusDisplayed)]
}

// sent is all that left, what arrived included: a sign or a feed says no more
// than that it has it.
func (o *outcomes) sent(channel string) float64 {
	return max(o.values[channel][string(events.StatusSent)], o.arrived(channel))
}

// unsure is what left and was not confirmed.
func (o *outcomes) unsure(channel string) float64 { return o.sent(channel) - o.arrived(channel) }

// statuses are the columns: those that some channel has, in the order of
// events. What arrived was sent.
func (o *outcomes) statuses() []string {
	some := map[string]bool{}
	for _, channel := range o.channels {
		for status := range o.values[channel] {
			some[status] = true
		}
		some[string(events.StatusSent)] = some[string(events.StatusSent)] || o.arrived(channel) != 0
	}
	var list []string
	for _, s := range events.ReceiptStatuses() {
		if some[string(s)] {
			list = append(list, string(s))
		}
	}
	return list
}

// table has a row a channel and a column a status.
func (o *outcomes) table() web.Table {
	table := web.Table{Caption: o.t.T("receipts.caption"), Columns: []web.Column{{Label: o.t.T("channels.header")}}}
	statuses := o.statuses()
	for _, s := range statuses {
		table.Columns = append(table.Columns, web.Column{Label: o.t.T("status." + s), Numeric: true})
	}
	for _, channel := range o.channels {
		row := []any{o.name(channel)}
		for _, s := range statuses {
			row = append(row, o.cell(channel, s))
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

func (o *outcomes) cell(channel, status string) any {
	n := o.values[channel][status]
	switch events.ReceiptStatus(status) {
	case events.StatusSent:
		n = o.sent(channel)
	case events.StatusDelivered:
		if n == 0 && !registry.Confirms(o.kinds[channel]) {
			return "–"
		}
	}
	if math.IsNaN(n) {
		return o.t.T("stat.suppressed.short")
	}
	return n
}

// chart is the same as one bar a channel.
func (o *outcomes) chart() *web.Chart {
	if len(o.channels) == 0 {
		return nil
	}
	c := &web.Chart{
		ID: "channels", Kind: web.Stacked, Title: o.t.T("channels.title"), Unit: o.t.T("channels.unit"), LabelHeader: o.t.T("channels.header"),
		Description: o.t.T("channels.words", "n", len(o.channels)),
	}
	arrived, unsure := web.Series{Name: o.t.T("status.arrived")}, web.Series{Name: o.t.T("status.unsure")}
	failed, unknown := web.Series{Name: o.t.T("status.failed")}, web.Series{Name: o.t.T("status.unknown")}
	for _, channel := range o.channels {
		if o.sent(channel)+o.values[channel][string(events.StatusFailed)]+o.values[channel][string(events.StatusUnknown)] == 0 {
			continue // nothing is sent there: what readers do on the portal
		}
		c.Labels = append(c.Labels, o.name(channel))
		arrived.Values = append(arrived.Values, o.arrived(channel))
		unsure.Values = append(unsure.Values, o.unsure(channel))
		failed.Values = append(failed.Values, o.values[channel][string(events.StatusFailed)])
		unknown.Values = append(unknown.Values, o.values[channel][string(events.StatusUnknown)])
	}
	c.Series = []web.Series{arrived, unsure, failed, unknown}
	return c
}
