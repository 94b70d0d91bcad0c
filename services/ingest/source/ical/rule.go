package ical

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A rule is a RECUR value (RFC 5545 §3.3.10). It works on wall time.
type rule struct {
	freq     frequency
	interval int
	count    int       // 0 for none
	until    time.Time // wall or UTC, zero for none
	untilUTC bool
	untilDay bool // until is a date: the whole day counts
	wkst     time.Weekday

	seconds, minutes, hours  []int
	monthDays, yearDays      []int
	weeks, months, positions []int
	days                     []weekday
}

type frequency int

const (
	yearly frequency = iota
	monthly
	weekly
	daily
	hourly
	minutely
	secondly
)

// A weekday is a day of the week, the nth of its month or year when n is not 0.
type weekday struct {
	n   int
	day time.Weekday
}

var errRule = errors.New("ical: recurrence rule cannot be read")

// parseRule reads a rule. What a part says beyond its range is an error: half a
// rule would announce an event on the wrong day.
func parseRule(s string) (rule, error) {
	r := rule{freq: -1, interval: 1, wkst: time.Monday}
	for part := range strings.SplitSeq(strings.ToUpper(strings.TrimSpace(s)), ";") {
		key, value, found := strings.Cut(strings.TrimSpace(part), "=")
		if !found {
			if key == "" {
				continue
			}
			return r, errRule
		}
		if err := r.set(strings.TrimSpace(key), strings.TrimSpace(value)); err != nil {
			return r, err
		}
	}
	if r.freq < 0 {
		return r, errRule
	}
	return r, nil
}

func (r *rule) set(key, value string) (err error) {
	switch key {
	case "FREQ":
		r.freq = frequency(slices.Index([]string{"YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"}, value))
		if r.freq < 0 {
			return errRule
		}
	case "INTERVAL":
		r.interval, err = number(value, 1, 100_000)
	case "COUNT":
		r.count, err = number(value, 1, 1_000_000)
	case "UNTIL":
		m, ok := moment(value)
		if !ok {
			return errRule
		}
		r.until, r.untilUTC, r.untilDay = m.wall, m.utc, m.day
	case "WKST":
		day := dayOf(value)
		if day < 0 {
			return errRule
		}
		r.wkst = day
	case "BYSECOND":
		r.seconds, err = numbers(value, 0, 60)
	case "BYMINUTE":
		r.minutes, err = numbers(value, 0, 59)
	case "BYHOUR":
		r.hours, err = numbers(value, 0, 23)
	case "BYMONTHDAY":
		r.monthDays, err = numbers(value, -31, 31)
	case "BYYEARDAY":
		r.yearDays, err = numbers(value, -366, 366)
	case "BYWEEKNO":
		r.weeks, err = numbers(value, -53, 53)
	case "BYMONTH":
		r.months, err = numbers(strings.ReplaceAll(value, "L", ""), 1, 12)
	case "BYSETPOS":
		r.positions, err = numbers(value, -366, 366)
	case "BYDAY":
		r.days, err = weekdays(value)
	}
	return err
}

func number(s string, least, most int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		return 0, errRule
	}
	return n, nil
}

func numbers(s string, least, most int) ([]int, error) {
	var list []int
	for part := range strings.SplitSeq(s, ",") {
		n, err := number(strings.TrimSpace(part), least, most)
		if err != nil || len(list) > 400 || n == 0 && least < 0 {
			return nil, errRule
		}
		list = append(list, n)
	}
	return list, nil
}

func dayOf(s string) time.Weekday {
	return time.Weekday(slices.Index([]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}, s))
}

func weekdays(s string) ([]weekday, error) {
	var list []weekday
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		if len(part) < 2 || len(list) > 400 {
			return nil, errRule
		}
		w := weekday{day: dayOf(part[len(part)-2:])}
		if n := part[:len(part)-2]; n != "" {
			var err error
			if w.n, err = number(n, -53, 53); err != nil {
				return nil, err
			}
		}
		if w.day < 0 {
			return nil, errRule
		}
		list = append(list, w)
	}
	return list, nil
}

// between yields the occurrences of a series that begins at start, in order,
// from from to to, both included, until yield says no. budget is lowered by
// the days looked at; at 0 the series ends, since a rule may match nothing for ever.
func (r rule) between(start, from, to time.Time, budget *int, yield func(time.Time) bool) {
	r = r.completed(start)
	left := r.count
	first := 0
	if left == 0 && from.After(start) {
		first = max(r.periodOf(start, from)-1, 0)
	}
	for k := first; ; k++ {
		begin := r.period(start, k)
		if begin.After(to) || begin.Year() > 9999 {
			return
		}
		for _, t := range r.within(begin, start, budget) {
			if t.Before(start) {
				continue
			}
			if t.After(to) || r.count > 0 && left == 0 {
				return
			}
			left--
			if !t.Before(from) && !yield(t) {
				return
			}
		}
		if *budget--; *budget <= 0 {
			return
		}
	}
}

// completed fills from the start what the rule leaves unsaid.
func (r rule) completed(start time.Time) rule {
	if len(r.weeks) == 0 && len(r.yearDays) == 0 && len(r.monthDays) == 0 && len(r.days) == 0 {
		switch r.freq {
		case yearly:
			if len(r.months) == 0 {
				r.months = []int{int(start.Month())}
			}
			r.monthDays = []int{start.Day()}
		case monthly:
			r.monthDays = []int{start.Day()}
		case weekly:
			r.days = []weekday{{day: start.Weekday()}}
		}
	}
	if len(r.hours) == 0 && r.freq < hourly {
		r.hours = []int{start.Hour()}
	}
	if len(r.minutes) == 0 && r.freq < minutely {
		r.minutes = []int{start.Minute()}
	}
	if len(r.seconds) == 0 && r.freq < secondly {
		r.seconds = []int{start.Second()}
	}
	slices.Sort(r.hours)
	slices.Sort(r.minutes)
	slices.Sort(r.seconds)
	return r
}

const daySeconds = 24 * 3600

// unit is the length of a period in seconds, for those of one length.
func (r rule) unit() int64 {
	return int64(r.interval) * [...]int64{weekly: 7 * daySeconds, daily: daySeconds, hourly: 3600, minutely: 60, secondly: 1}[r.freq]
}

// period gives the beginning of the kth period.
func (r rule) period(start time.Time, k int) time.Time {
	switch r.freq {
	case yearly:
		return time.Date(start.Year()+k*r.interval, 1, 1, 0, 0, 0, 0, time.UTC)
	case monthly:
		return time.Date(start.Year(), start.Month()+time.Month(k*r.interval), 1, 0, 0, 0, 0, time.UTC)
	}
	return time.Unix(r.origin(start)+int64(k)*r.unit(), 0).UTC()
}

func (r rule) origin(start time.Time) int64 {
	y, m, d := start.Date()
	switch r.freq {
	case weekly:
		back := (int(start.Weekday()) - int(r.wkst) + 7) % 7
		return time.Date(y, m, d-back, 0, 0, 0, 0, time.UTC).Unix()
	case daily:
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()
	case hourly:
		return time.Date(y, m, d, start.Hour(), 0, 0, 0, time.UTC).Unix()
	case minutely:
		return time.Date(y, m, d, start.Hour(), start.Minute(), 0, 0, time.UTC).Unix()
	}
	return start.Unix()
}

// periodOf gives the number of the period that t is in.
func (r rule) periodOf(start, t time.Time) int {
	switch r.freq {
	case yearly:
		return (t.Year() - start.Year()) / r.interval
	case monthly:
		return ((t.Year()-start.Year())*12 + int(t.Month()) - int(start.Month())) / r.interval
	}
	return int((t.Unix() - r.origin(start)) / r.unit())
}

// within gives the occurrences of one period, in order.
func (r rule) within(begin, start time.Time, budget *int) []time.Time {
	days := 1
	switch r.freq {
	case yearly:
		days = lastDay(begin.Year(), 12).YearDay()
	case monthly:
		days = lastDay(begin.Year(), begin.Month()).Day()
	case weekly:
		days = 7
	}
	*budget -= days
	hours, minutes, seconds := r.hours, r.minutes, r.seconds
	if r.freq >= hourly {
		if hours = only(r.hours, begin.Hour()); hours == nil {
			return nil
		}
	}
	if r.freq >= minutely {
		if minutes = only(r.minutes, begin.Minute()); minutes == nil {
			return nil
		}
	}
	if r.freq >= secondly {
		if seconds = only(r.seconds, begin.Second()); seconds == nil {
			return nil
		}
	}
	var out []time.Time
	y, m, d := begin.Date()
	for i := range days {
		day := time.Date(y, m, d+i, 0, 0, 0, 0, time.UTC)
		if !r.matches(day, begin) {
			continue
		}
		for _, hh := range hours {
			for _, mm := range minutes {
				for _, ss := range seconds {
					out = append(out, day.Add(time.Duration(hh*3600+mm*60+ss)*time.Second))
				}
			}
		}
		*budget -= len(hours) * len(minutes) * len(seconds)
		if *budget <= 0 {
			break
		}
	}
	return r.chosen(out)
}

// only gives the one value, nil where the list excludes it.
func only(list []int, value int) []int {
	if len(list) > 0 && !slices.Contains(list, value) {
		return nil
	}
	return []int{value}
}

// chosen applies BYSETPOS.
func (r rule) chosen(list []time.Time) []time.Time {
	if len(r.positions) == 0 {
		return list
	}
	var out []time.Time
	for i, t := range list {
		if slices.Contains(r.positions, i+1) || slices.Contains(r.positions, i-len(list)) {
			out = append(out, t)
		}
	}
	return out
}

func lastDay(year int, month time.Month) time.Time {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC)
}

func (r rule) matches(day, begin time.Time) bool {
	if len(r.months) > 0 && !slices.Contains(r.months, int(day.Month())) {
		return false
	}
	if len(r.monthDays) > 0 {
		last := lastDay(day.Year(), day.Month()).Day()
		if !slices.Contains(r.monthDays, day.Day()) && !slices.Contains(r.monthDays, day.Day()-last-1) {
			return false
		}
	}
	if len(r.yearDays) > 0 {
		last := lastDay(day.Year(), 12).YearDay()
		if !slices.Contains(r.yearDays, day.YearDay()) && !slices.Contains(r.yearDays, day.YearDay()-last-1) {
			return false
		}
	}
	if len(r.weeks) > 0 && !r.inWeeks(day) {
		return false
	}
	return len(r.days) == 0 || slices.ContainsFunc(r.days, func(w weekday) bool { return r.isNth(day, w) })
}

// isNth reports whether day is the weekday w, counted in its month or its year
// as the rule is.
func (r rule) isNth(day time.Time, w weekday) bool {
	if day.Weekday() != w.day {
		return false
	}
	if w.n == 0 || r.freq > monthly || len(r.weeks) > 0 {
		return true
	}
	nth, last := day.Day(), lastDay(day.Year(), day.Month()).Day()
	if r.freq == yearly && len(r.months) == 0 {
		nth, last = day.YearDay(), lastDay(day.Year(), 12).YearDay()
	}
	return w.n == (nth-1)/7+1 || w.n == -((last-nth)/7+1)
}

// inWeeks reports whether day is in one of the weeks, those of ISO 8601 but for
// the day they begin on. A day of the year's edge belongs to its own year's weeks only.
func (r rule) inWeeks(day time.Time) bool {
	weekStart := func(year int) time.Time { // of week 1: the one that holds January 4th
		fourth := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC)
		return fourth.AddDate(0, 0, -((int(fourth.Weekday()) - int(r.wkst) + 7) % 7))
	}
	year := day.Year()
	for _, y := range []int{year - 1, year, year + 1} {
		first, next := weekStart(y), weekStart(y+1)
		if day.Before(first) || !day.Before(next) {
			continue
		}
		week := int(day.Sub(first).Hours())/(24*7) + 1
		total := int(next.Sub(first).Hours()) / (24 * 7)
		return slices.Contains(r.weeks, week) || slices.Contains(r.weeks, week-total-1)
	}
	return false
}
