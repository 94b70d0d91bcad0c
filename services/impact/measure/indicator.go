package measure

import "time"

// Version of the indicators' definitions and of their export. A definition
// that changes raises it.
const Version = "1.0"

// ID names an indicator, in addresses and exports.
type ID string

// The indicators.
const (
	Reach             ID = "reach"
	Publications      ID = "publications"
	ReceiptsByStatus  ID = "receipts"
	TimeToInform      ID = "time_to_inform"
	TimeToSend        ID = "time_to_send"
	AlertCompleteness ID = "alert_completeness"
	SlowDelivery      ID = "slow_delivery"
	Cost              ID = "cost_per_informed"
	Coverage          ID = "coverage"
	Usefulness        ID = "usefulness"
	Clicks            ID = "clicks"
	OptOuts           ID = "opt_outs"
	Reentries         ID = "reentries_avoided"
)

// IDs returns the indicators in the order they are shown.
func IDs() []ID {
	return []ID{
		Reach, TimeToInform, Publications, AlertCompleteness, ReceiptsByStatus, TimeToSend, SlowDelivery, Cost, Coverage,
		Usefulness, Clicks, OptOuts, Reentries,
	}
}

// Unit of a value.
type Unit string

// The units.
const (
	Ratio    Unit = "ratio"    // 0 to 1
	Number   Unit = "count"    // things
	Seconds  Unit = "second"   // time
	MicroEUR Unit = "microEUR" // millionths of a euro
)

// Cell is one figure of an indicator. Without dimensions it is the whole.
// Fields that do not apply, or are not known, are nil; all are when Hidden.
type Cell struct {
	Channel     string   `json:"channel,omitempty"`
	Status      string   `json:"status,omitempty"`
	Class       string   `json:"class,omitempty"`
	Topic       string   `json:"topic,omitempty"`
	Leg         string   `json:"leg,omitempty"`       // of the way, for times
	Statistic   string   `json:"statistic,omitempty"` // p50, p95, or the end of a bin: under_60s
	Numerator   *float64 `json:"numerator"`
	Denominator *float64 `json:"denominator"`
	Value       *float64 `json:"value"`
	Hidden      bool     `json:"hidden"` // fewer than five people, or found by subtraction
}

// Indicator is one indicator of a period.
type Indicator struct {
	ID    ID     `json:"id"`
	Unit  Unit   `json:"unit"`
	Cells []Cell `json:"cells"`
}

// Total is the cell without dimensions; ok is false when there is none.
func (i Indicator) Total() (Cell, bool) {
	for _, c := range i.Cells {
		if c.Channel == "" && c.Status == "" && c.Class == "" && c.Topic == "" && c.Leg == "" && c.Statistic == "" {
			return c, true
		}
	}
	return Cell{}, false
}

// With returns the cells for which keep holds.
func (i Indicator) With(keep func(Cell) bool) []Cell {
	var cells []Cell
	for _, c := range i.Cells {
		if keep(c) {
			cells = append(cells, c)
		}
	}
	return cells
}

// hide empties a cell.
func (c Cell) hide() Cell {
	c.Numerator, c.Denominator, c.Value, c.Hidden = nil, nil, nil, true
	return c
}

func (c Cell) count(n uint64) Cell {
	v := float64(n)
	c.Value = &v
	return c
}

// ratio sets numerator, denominator and their ratio; a ratio of nothing has no
// value. Estimates of two sets can cross: the ratio is never over 1.
func (c Cell) ratio(numerator, denominator uint64) Cell {
	n, d := float64(min(numerator, denominator)), float64(denominator)
	c.Numerator, c.Denominator = &n, &d
	if denominator > 0 {
		v := n / d
		c.Value = &v
	}
	return c
}

func (c Cell) seconds(d time.Duration) Cell {
	v := d.Seconds()
	c.Value = &v
	return c
}
