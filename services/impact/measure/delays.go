package measure

import "time"

// Legs of the way from the source to the recipient.
const (
	LegSourceFetched   = "source_fetched"
	LegFetchedApproved = "fetched_approved"
	LegApprovedSent    = "approved_sent"
	LegSentDelivered   = "sent_delivered"
	LegApprovedInform  = "approved_informed"
	LegSourceInformed  = "source_informed"
	legOptedOut        = "approved_opted_out"
)

// distribution is counts on the grid of the tables delays_hourly and delays_daily, ascending.
type distribution []Delay

func (f Figures) leg(name string) distribution {
	var d distribution
	for _, x := range f.Delays {
		if x.Leg != name {
			continue
		}
		if n := len(d); n > 0 && d[n-1].MS == x.MS {
			d[n-1].Receipts += x.Receipts
			continue
		}
		d = append(d, x)
	}
	return d.sorted()
}

// sorted merges the steps of several topics.
func (d distribution) sorted() distribution {
	byMS := map[uint32]uint64{}
	var steps []uint32
	for _, x := range d {
		if _, ok := byMS[x.MS]; !ok {
			steps = append(steps, x.MS)
		}
		byMS[x.MS] += x.Receipts
	}
	out := make(distribution, 0, len(steps))
	for _, ms := range sortedSteps(steps) {
		out = append(out, Delay{MS: ms, Receipts: byMS[ms]})
	}
	return out
}

func (d distribution) total() uint64 {
	var n uint64
	for _, x := range d {
		n += x.Receipts
	}
	return n
}

// under counts what took less than a time that is on the grid.
func (d distribution) under(limit time.Duration) uint64 {
	var n uint64
	for _, x := range d {
		if time.Duration(x.MS)*time.Millisecond < limit {
			n += x.Receipts
		}
	}
	return n
}

// quantile is the time under which a share of the recipients is, interpolated
// within its step: off by less than the step, which is 100 ms up to 10 s, 1 s
// up to 2 min, and 8 % at most beyond.
func (d distribution) quantile(share float64) time.Duration {
	want := share * float64(d.total())
	seen := 0.0
	for _, x := range d {
		n := float64(x.Receipts)
		if seen+n >= want && n > 0 {
			width := float64(stepMS(x.MS)) * (want - seen) / n
			return time.Duration((float64(x.MS) + width) * float64(time.Millisecond))
		}
		seen += n
	}
	return 0
}

// stepMS is the width of the step that begins at ms.
func stepMS(ms uint32) uint32 {
	switch {
	case ms < 10_000:
		return 100
	case ms < 120_000:
		return 1_000
	case ms < 3_600_000:
		return 10_000
	case ms < 86_400_000:
		return 300_000
	}
	return 3_600_000
}

// Bin is one bar of the distribution people see: from the bin before, up to
// Under.
type Bin struct {
	Under    time.Duration // 0: without end
	Receipts uint64
}

// binLimits are on the grid of the table, so that bins are exact.
func binLimits() []time.Duration {
	return []time.Duration{
		10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute,
		30 * time.Minute, time.Hour, 4 * time.Hour, 24 * time.Hour,
	}
}

func (d distribution) bins() []Bin {
	var out []Bin
	var before uint64
	for _, limit := range binLimits() {
		n := d.under(limit)
		out = append(out, Bin{limit, n - before})
		before = n
	}
	return append(out, Bin{0, d.total() - before})
}
