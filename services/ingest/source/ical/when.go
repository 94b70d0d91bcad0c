package ical

import (
	"strconv"
	"strings"
	"time"
)

// A when is a DATE or DATE-TIME as written.
type when struct {
	wall time.Time // what the clock shows, as UTC
	utc  bool      // written with Z
	day  bool      // a date alone
}

// moment reads 20261123, 20261123T0800 and 20261123T080000Z, and the ISO form
// that some write. Only the first of a PERIOD is read.
func moment(s string) (when, bool) {
	s = strings.TrimSpace(s)
	s, _, _ = strings.Cut(s, "/")
	s = strings.ReplaceAll(s, "-", "")
	date, clockTime, timed := strings.Cut(strings.ReplaceAll(s, " ", "T"), "T")
	d, err := time.Parse("20060102", date)
	if err != nil || d.Year() < 1 {
		return when{}, false
	}
	if !timed {
		return when{wall: d, day: true}, true
	}
	clockTime = strings.ReplaceAll(clockTime, ":", "")
	digits := strings.TrimRight(clockTime, "Zz")
	w := when{utc: digits != clockTime}
	digits, _, _ = strings.Cut(digits, ".")
	if len(digits) != 4 && len(digits) != 6 {
		return when{}, false
	}
	n, err := strconv.Atoi(digits)
	if len(digits) == 4 {
		n *= 100
	}
	hh, mm, ss := n/10000, n/100%100, n%100
	if err != nil || n < 0 || hh > 24 || mm > 59 || ss > 60 {
		return when{}, false
	}
	w.wall = d.Add(time.Duration(hh*3600+mm*60+ss) * time.Second)
	return w, true
}

// duration reads a DURATION (RFC 5545 §3.3.6), such as P1DT2H; weeks beside
// days, which it forbids, are added.
func duration(s string) (time.Duration, bool) {
	s = strings.ToUpper(strings.TrimSpace(s))
	negative := strings.HasPrefix(s, "-")
	s = strings.TrimLeft(s, "+-")
	rest, found := strings.CutPrefix(s, "P")
	if !found || rest == "" {
		return 0, false
	}
	var total time.Duration
	timed := false
	for rest != "" {
		if rest[0] == 'T' {
			timed, rest = true, rest[1:]
			continue
		}
		i := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if i <= 0 || i > 6 {
			return 0, false
		}
		n, _ := strconv.Atoi(rest[:i]) // digits by the search above
		unit, ok := map[byte]time.Duration{'W': 7 * 24 * time.Hour, 'D': 24 * time.Hour, 'H': time.Hour, 'M': time.Minute, 'S': time.Second}[rest[i]]
		if !ok || rest[i] == 'M' && !timed {
			return 0, false
		}
		total += time.Duration(n) * unit
		rest = rest[i+1:]
	}
	if total > 10*365*24*time.Hour {
		return 0, false
	}
	if negative {
		total = -total
	}
	return total, true
}
