package measure

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	slowAfter   = 5 * time.Minute  // FEATURES, slow delivery
	sentWithin  = 10 * time.Second // FEATURES, time to send
	optOutHours = 24 * time.Hour   // FEATURES, opt-out
)

// Indicators computes every indicator of FEATURES from the figures. It is pure.
// population is that of the authority's territory, 0 when unknown.
func Indicators(f Figures, population int) []Indicator {
	return []Indicator{
		f.reach(), f.timeToInform(), f.publicationCount(), f.alertCompleteness(), f.receipts(), f.timeToSend(), f.slowDelivery(),
		f.cost(), f.coverage(population), f.usefulness(), f.clicks(), f.optOuts(), f.reentries(),
	}
}

func sortedSteps(steps []uint32) []uint32 {
	slices.Sort(steps)
	return steps
}

// people returns the distinct people of a measure, all channels for "".
func (f Figures) people(measure, channel string) People {
	for _, p := range f.People {
		if p.Measure == measure && p.Channel == channel {
			return p
		}
	}
	return People{}
}

// personal are the channels that reach people, in order.
func (f Figures) personal() []string {
	set := map[string]bool{}
	for _, p := range f.People {
		if p.Channel != "" {
			set[p.Channel] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// ofPeople is a ratio of two measures' pairs, whole and by channel.
func (f Figures) ofPeople(id ID, numerator, denominator string) Indicator {
	return f.ratios(id, func(channel string) (n, d uint64, behind [2]uint64) {
		of, all := f.people(numerator, channel), f.people(denominator, channel)
		return of.Pairs, all.Pairs, [2]uint64{of.People, all.People}
	})
}

// ratios are byChannel's cells of a ratio.
func (f Figures) ratios(id ID, of func(channel string) (n, d uint64, behind [2]uint64)) Indicator {
	return f.byChannel(Indicator{ID: id, Unit: Ratio}, func(channel string) (Cell, [2]uint64) {
		n, d, behind := of(channel)
		return Cell{}.ratio(n, d), behind
	})
}

// byChannel adds a cell of the whole and one of each channel, without those that
// few people are behind, nor what would tell them by subtraction from the whole.
func (f Figures) byChannel(i Indicator, of func(channel string) (c Cell, behind [2]uint64)) Indicator {
	channels := append([]string{""}, f.personal()...)
	hidden, counts := make([]bool, len(channels)), make([]uint64, len(channels))
	for k, channel := range channels {
		c, behind := of(channel)
		c.Channel = channel
		i.Cells = append(i.Cells, c)
		hidden[k], counts[k] = anySmall(behind[:]...), behind[0]+behind[1]
	}
	withAnother(hidden[1:], counts[1:])
	for k := range hidden {
		if hidden[k] {
			i.Cells[k] = i.Cells[k].hide()
		}
	}
	return i
}

func (f Figures) reach() Indicator  { return f.ofPeople(Reach, "informed", "targeted") }
func (f Figures) clicks() Indicator { return f.ofPeople(Clicks, "clicked", "informed") }

func (f Figures) usefulness() Indicator {
	return f.ratios(Usefulness, func(channel string) (n, d uint64, behind [2]uint64) {
		yes, no := f.people("useful", channel), f.people("not_useful", channel)
		return yes.Pairs, yes.Pairs + no.Pairs, [2]uint64{yes.People, no.People}
	})
}

func (f Figures) publicationCount() Indicator {
	i := Indicator{ID: Publications, Unit: Number}
	var total uint64
	for _, c := range f.Publications {
		total += c.Publications
	}
	i.Cells = append(i.Cells, Cell{}.count(total))
	for _, c := range f.Publications {
		i.Cells = append(i.Cells, Cell{Class: c.Class}.count(c.Publications))
	}
	return i
}

func (f Figures) alertCompleteness() Indicator {
	c := Cell{}.ratio(0, 0)
	for _, p := range f.Publications {
		if p.Class == "alert" {
			c = c.ratio(p.Informed, p.Publications)
		}
	}
	return Indicator{ID: AlertCompleteness, Unit: Ratio, Cells: []Cell{c}}
}

// receipts is what became of deliveries, by channel and status. Those of
// channels that reach people are counts of people.
func (f Figures) receipts() Indicator {
	i := Indicator{ID: ReceiptsByStatus, Unit: Number}
	personal := f.personal()
	var total uint64
	byChannel := map[string][]Count{}
	for _, c := range f.Counts {
		total += c.Receipts
		byChannel[c.Channel] = append(byChannel[c.Channel], c)
	}
	i.Cells = append(i.Cells, whole(total, len(personal) > 0))
	for _, channel := range slices.Sorted(maps.Keys(byChannel)) {
		counts := byChannel[channel]
		values := make([]uint64, len(counts))
		for n, c := range counts {
			values[n] = c.Receipts
		}
		hidden := make([]bool, len(counts))
		if slices.Contains(personal, channel) {
			hidden = Suppress(values)
		}
		for n, c := range counts {
			cell := Cell{Channel: channel, Status: c.Status}.count(c.Receipts)
			if hidden[n] {
				cell = cell.hide()
			}
			i.Cells = append(i.Cells, cell)
		}
	}
	return i
}

func whole(n uint64, ofPeople bool) Cell {
	c := Cell{}.count(n)
	if ofPeople && Small(n) {
		c = c.hide()
	}
	return c
}

// timeToInform has p50 and p95 of each leg, and the bins of the whole way.
func (f Figures) timeToInform() Indicator {
	i := Indicator{ID: TimeToInform, Unit: Seconds}
	legs := []string{LegSourceInformed, LegSourceFetched, LegFetchedApproved, LegApprovedSent, LegApprovedInform}
	for _, leg := range legs {
		d := f.leg(leg)
		i.Cells = append(i.Cells, quantiles(leg, d.total(), d.quantile(0.5), d.quantile(0.95))...)
	}
	i.Cells = append(i.Cells, quantiles(LegSentDelivered, f.Sent.Deliveries, f.Sent.P50, f.Sent.P95)...)
	bins := f.leg(LegSourceInformed).bins()
	values := make([]uint64, len(bins))
	for n, b := range bins {
		values[n] = b.Receipts
	}
	hidden := Suppress(values)
	for n, b := range bins {
		name := fmt.Sprintf("under_%ds", int(b.Under/time.Second))
		if b.Under == 0 {
			name = "over"
		}
		cell := Cell{Leg: LegSourceInformed, Statistic: name}
		count := float64(b.Receipts)
		if cell.Numerator = &count; hidden[n] {
			cell = cell.hide()
		}
		i.Cells = append(i.Cells, cell)
	}
	return i
}

func quantiles(leg string, n uint64, p50, p95 time.Duration) []Cell {
	a, b := Cell{Leg: leg, Statistic: "p50"}, Cell{Leg: leg, Statistic: "p95"}
	switch {
	case Small(n):
		return []Cell{a.hide(), b.hide()}
	case n == 0:
		return []Cell{a, b}
	}
	return []Cell{a.seconds(p50), b.seconds(p95)}
}

func (f Figures) timeToSend() Indicator {
	d := f.leg(LegApprovedSent)
	return Indicator{ID: TimeToSend, Unit: Ratio, Cells: []Cell{share(d.under(sentWithin), d.total())}}
}

func (f Figures) slowDelivery() Indicator {
	return Indicator{ID: SlowDelivery, Unit: Ratio, Cells: []Cell{share(f.Sent.Slow, f.Sent.Deliveries)}}
}

// share is a ratio of deliveries to people.
func share(n, of uint64) Cell {
	c := Cell{}.ratio(n, of)
	if anySmall(n, of) {
		c = c.hide()
	}
	return c
}

// cost divides what channels cost by the distinct people they informed.
func (f Figures) cost() Indicator {
	by := map[string]int64{}
	for _, c := range f.Counts {
		by[""] += c.CostMicroEUR
		by[c.Channel] += c.CostMicroEUR
	}
	return f.byChannel(Indicator{ID: Cost, Unit: MicroEUR}, func(channel string) (Cell, [2]uint64) {
		informed := f.people("informed", channel).People
		n, d := float64(by[channel]), float64(informed)
		c := Cell{Numerator: &n, Denominator: &d}
		if informed > 0 {
			v := n / d
			c.Value = &v
		}
		return c, [2]uint64{informed}
	})
}

func (f Figures) coverage(population int) Indicator {
	c := share(f.people("targeted", "").People, uint64(max(population, 0))) //nolint:gosec // not negative
	if population <= 0 && !c.Hidden {
		c.Denominator, c.Value = nil, nil
		n := float64(f.people("targeted", "").People)
		c.Numerator = &n
	}
	return Indicator{ID: Coverage, Unit: Ratio, Cells: []Cell{c}}
}

// optOuts counts those who left within a day of a message, by its topic.
func (f Figures) optOuts() Indicator {
	left, told := map[string]uint64{}, map[string]uint64{}
	for _, d := range f.Delays {
		switch {
		case d.Leg == LegApprovedInform:
			told[d.Topic] += d.Receipts
			told[""] += d.Receipts
		case d.Leg == legOptedOut && time.Duration(d.MS)*time.Millisecond < optOutHours:
			left[d.Topic] += d.Receipts
			left[""] += d.Receipts
		}
	}
	i := Indicator{ID: OptOuts, Unit: Ratio, Cells: []Cell{share(left[""], told[""])}}
	topics := slices.Sorted(maps.Keys(told))
	values := make([]uint64, len(topics))
	for n, topic := range topics {
		if topic != "" {
			values[n] = left[topic]
		}
	}
	hidden := Suppress(values)
	for n, topic := range topics {
		if topic == "" {
			continue
		}
		c := Cell{Topic: topic}.ratio(left[topic], told[topic])
		if hidden[n] || Small(told[topic]) {
			c = c.hide()
		}
		i.Cells = append(i.Cells, c)
	}
	return i
}

func (f Figures) reentries() Indicator {
	return Indicator{ID: Reentries, Unit: Number, Cells: []Cell{Cell{}.count(uint64(max(f.Channels-f.Reached, 0)))}} //nolint:gosec // not negative
}
