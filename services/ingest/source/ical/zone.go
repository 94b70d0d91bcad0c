package ical

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A clock turns wall time into instants. Wall times are written as time.Time in
// UTC all through this package.
type clock interface {
	// offset is what wall time is ahead of UTC at an instant, in seconds.
	offset(instant time.Time) int
}

type iana struct{ *time.Location }

func (z iana) offset(instant time.Time) int {
	_, seconds := instant.In(z.Location).Zone()
	return seconds
}

// instant gives when a clock shows a wall time. What it shows twice is the first
// of the two, what it skips is read with the offset before the gap (RFC 5545 §3.3.5).
func instant(wall time.Time, z clock) time.Time {
	before, after := z.offset(wall.Add(-24*time.Hour)), z.offset(wall.Add(24*time.Hour))
	first := wall.Add(-time.Duration(max(before, after)) * time.Second)
	second := wall.Add(-time.Duration(min(before, after)) * time.Second)
	for _, t := range []time.Time{first, second} {
		if t.Add(time.Duration(z.offset(t)) * time.Second).Equal(wall) {
			return t
		}
	}
	return wall.Add(-time.Duration(before) * time.Second)
}

// wallOf is what a clock shows at an instant.
func wallOf(t time.Time, z clock) time.Time {
	return t.UTC().Add(time.Duration(z.offset(t)) * time.Second)
}

// zones finds the clocks that a document names.
type zones struct {
	home    iana
	defined map[string]*component
	known   map[string]clock
	budget  *int
}

func newZones(home *time.Location, budget *int) *zones {
	return &zones{home: iana{home}, defined: map[string]*component{}, known: map[string]clock{}, budget: budget}
}

func (z *zones) define(tz *component) {
	if id := strings.TrimSpace(tz.prop("TZID").text()); id != "" && z.defined[id] == nil {
		z.defined[id] = tz
	}
}

// find gives the clock of a TZID; the source's own where it names none known.
func (z *zones) find(id string) clock {
	id = strings.TrimSpace(strings.Trim(strings.TrimSpace(id), `"`))
	if c, ok := z.known[id]; ok {
		return c
	}
	if len(z.known) > 200 {
		return z.home
	}
	c := z.look(id)
	z.known[id] = c
	return c
}

func (z *zones) look(id string) clock {
	if id == "" {
		return z.home
	}
	if name, ok := windowsZone(id); ok {
		id = name
	}
	if l := load(id); l != nil {
		return iana{l}
	}
	// Names with a prefix of their producer: /mozilla.org/20070129_1/Europe/Paris.
	for rest := id; ; {
		_, after, found := strings.Cut(rest, "/")
		if !found {
			break
		}
		if l := load(after); l != nil && strings.Contains(after, "/") {
			return iana{l}
		}
		rest = after
	}
	if tz := z.defined[id]; tz != nil {
		if l := load(strings.TrimSpace(tz.prop("X-LIC-LOCATION").text())); l != nil {
			return iana{l}
		}
		if c := z.observed(tz); c != nil {
			return c
		}
	}
	if l := byCity(id); l != nil {
		return iana{l}
	}
	if seconds, ok := byOffset(id); ok {
		return iana{time.FixedZone("", seconds)}
	}
	return z.home
}

func load(name string) *time.Location {
	if name == "" || name == "Local" || len(name) > 64 || strings.ContainsAny(name, "\\\x00") {
		return nil
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	return l
}

var (
	hourOffset = regexp.MustCompile(`(?:UTC|GMT)\s?([+-])(\d{1,2})(?:[:.]?(\d{2}))?`)
	cityName   = regexp.MustCompile(`[A-Z][A-Za-z]+(?: [A-Z][A-Za-z]+)*`)
)

// byCity reads the display names of Outlook: "(UTC+01:00) Brussels, Copenhagen, Madrid, Paris".
func byCity(id string) *time.Location {
	if _, after, found := strings.Cut(id, ")"); found {
		id = after
	}
	for _, city := range cityName.FindAllString(id[:min(len(id), 200)], 12) {
		city = strings.ReplaceAll(city, " ", "_")
		for _, region := range []string{"Europe/", "America/", "Asia/", "Africa/", "Australia/", "Pacific/", "Atlantic/", "Indian/"} {
			if l := load(region + city); l != nil {
				return l
			}
		}
	}
	return nil
}

func byOffset(id string) (int, bool) {
	m := hourOffset.FindStringSubmatch(id)
	if m == nil {
		return 0, false
	}
	hours, _ := strconv.Atoi(m[2])
	minutes, _ := strconv.Atoi("0" + m[3])
	seconds := hours*3600 + minutes*60
	if m[1] == "-" {
		seconds = -seconds
	}
	return seconds, hours <= 15 && minutes < 60
}

// observed makes a clock of a VTIMEZONE that no table knows.
func (z *zones) observed(tz *component) clock {
	c := &observances{budget: z.budget, years: map[int][]change{}}
	for _, part := range tz.children {
		if part.name != "STANDARD" && part.name != "DAYLIGHT" || len(c.list) == 32 {
			continue
		}
		start, ok := wallTime(part.prop("DTSTART"))
		to, okTo := utcOffset(part.prop("TZOFFSETTO"))
		if !ok || !okTo {
			continue
		}
		from, okFrom := utcOffset(part.prop("TZOFFSETFROM"))
		if !okFrom {
			from = to
		}
		o := observance{start: start, from: from, to: to}
		if p := part.prop("RRULE"); p != nil {
			if r, err := parseRule(p.value); err == nil {
				o.rule = &r
			}
		}
		for _, p := range part.all("RDATE") {
			for _, v := range list(p.value) {
				if t, ok := wallTime(&property{value: v}); ok && len(o.dates) < 500 {
					o.dates = append(o.dates, t)
				}
			}
		}
		c.list = append(c.list, o)
	}
	if len(c.list) == 0 {
		return nil
	}
	return c
}

func wallTime(p *property) (time.Time, bool) {
	if p == nil {
		return time.Time{}, false
	}
	m, ok := moment(p.value)
	return m.wall, ok
}

// utcOffset reads +0100 and -033320.
func utcOffset(p *property) (int, bool) {
	if p == nil {
		return 0, false
	}
	s := strings.TrimSpace(p.value)
	if len(s) != 5 && len(s) != 7 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	n, err := strconv.Atoi(s[1:])
	if err != nil {
		return 0, false
	}
	if len(s) == 5 {
		n *= 100
	}
	seconds := n/10000*3600 + n/100%100*60 + n%100
	if seconds > 16*3600 {
		return 0, false
	}
	if s[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}

type observance struct {
	start    time.Time // wall, before the change
	from, to int
	rule     *rule
	dates    []time.Time
}

type change struct {
	at time.Time // instant
	to int
}

// observances is a clock defined by a VTIMEZONE.
type observances struct {
	list   []observance
	years  map[int][]change
	budget *int
}

func (c *observances) offset(t time.Time) int {
	best := change{to: c.list[0].from}
	for _, year := range []int{t.Year() - 1, t.Year()} {
		for _, ch := range c.changes(year) {
			if !ch.at.After(t) && !ch.at.Before(best.at) {
				best = ch
			}
		}
	}
	return best.to
}

// changes gives the changes of one year, or before it those that still hold.
func (c *observances) changes(year int) []change {
	if known, ok := c.years[year]; ok {
		return known
	}
	from, to := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(year, 12, 31, 23, 59, 59, 0, time.UTC)
	var list []change
	for _, o := range c.list {
		add := func(wall time.Time) {
			list = append(list, change{at: wall.Add(-time.Duration(o.from) * time.Second), to: o.to})
		}
		if !o.start.After(to) {
			add(o.start)
		}
		for _, d := range o.dates {
			if !d.After(to) {
				add(d)
			}
		}
		if o.rule != nil {
			o.rule.between(o.start, from, to, c.budget, func(wall time.Time) bool {
				add(wall)
				return true
			})
		}
	}
	if len(c.years) < 1000 {
		c.years[year] = list
	}
	return list
}
