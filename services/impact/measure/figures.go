package measure

import "time"

// Query says what to measure. Stream and Channel narrow when not empty.
type Query struct {
	Authority string
	Period    Period
	Stream    string
	Channel   string
}

// Figures is what the tables say. Counts of people are exact up to a
// thousand and within 0.6 % beyond.
type Figures struct {
	At           time.Time // when they were read, UTC
	Counts       []Count
	People       []People
	Delays       []Delay
	Sent         Sampled // SMS, from sent to delivered
	Carried      []Carried
	Publications []ClassCount
	Days         []Day
	Channels     int // channels that publications reached, added up over publications
	Reached      int // publications that reached one channel or more
}

// Count is what became of the deliveries of one channel.
type Count struct {
	Revision                    uint32 // of one publication only
	Channel, Kind, Status       string
	Receipts, Units, Duplicates uint64
	CostMicroEUR                int64
	People                      uint64 // of Receipts, those of people; of one publication only
}

// Carried is what another channel sent while the provider of the channel failed.
type Carried struct {
	Channel, Via    string
	Receipts, Units uint64
	CostMicroEUR    int64
}

// People are distinct people by measure: targeted, informed, clicked, useful,
// not_useful, opted_out. Channel is empty for all channels together.
type People struct {
	Measure, Channel string
	Pairs            uint64 // distinct person and publication
	People           uint64
}

// Delay is a step of a delay's distribution.
type Delay struct {
	Leg, Topic string
	MS         uint32 // lower end
	Receipts   uint64
}

// Sampled is a distribution over some of the people.
type Sampled struct {
	Fraction   int // one person in so many
	Deliveries uint64
	Slow       uint64 // over five minutes
	P50, P95   time.Duration
}

// ClassCount is the publications of a class, corrections included and
// withdrawals not.
type ClassCount struct {
	Class        string
	Publications uint64
	Informed     uint64 // with one informed recipient or more
}

// Day is one day (or one hour) of the period; those without anybody are left
// out: see Filled.
type Day struct {
	At                 time.Time
	Targeted, Informed uint64 // pairs
}

// Filled returns every day (or hour, of the last 24) of the period up to the
// last that has begun, with zero where nothing was sent.
func Filled(days []Day, p Period, loc *time.Location) []Day {
	form := time.DateOnly
	next := func(t time.Time) time.Time {
		l := t.In(loc)
		return time.Date(l.Year(), l.Month(), l.Day()+1, 0, 0, 0, 0, loc)
	}
	if p.hourly() {
		form = "2006-01-02 15"
		next = func(t time.Time) time.Time { return t.Add(time.Hour) }
	}
	known := map[string]Day{}
	for _, d := range days {
		known[d.At.In(loc).Format(form)] = d
	}
	var out []Day
	for t := p.From; t.Before(p.To); t = next(t) {
		d := known[t.In(loc).Format(form)]
		d.At = t
		out = append(out, d)
	}
	return out
}
