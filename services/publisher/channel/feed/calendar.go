package feed

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// writeCalendar writes the entries that say when as iCalendar events (RFC 5545,
// with the calendar properties of RFC 7986). Those without a date are no
// events, and are left to the other formats: few programs show a VJOURNAL.
func writeCalendar(d document) (string, []byte, error) {
	c := &calendar{}
	c.line("BEGIN", "VCALENDAR")
	c.line("VERSION", "2.0")
	c.line("PRODID", "-//"+generator+"//feed//FR")
	c.line("METHOD", "PUBLISH")
	for _, name := range []string{"NAME", "X-WR-CALNAME"} { // RFC 7986, and what came before it
		c.text(name, d.Title)
	}
	for _, name := range []string{"DESCRIPTION", "X-WR-CALDESC"} {
		c.text(name, d.Description)
	}
	c.line("URL", d.Home)
	c.line("SOURCE;VALUE=URI", d.Self)
	c.line("REFRESH-INTERVAL;VALUE=DURATION", "PT1H")
	c.line("LAST-MODIFIED", utc(d.Updated))
	var dated []entry
	for _, e := range d.Entries {
		if e.Start != nil || e.End != nil {
			dated = append(dated, e)
		}
	}
	c.zones(dated)
	for _, e := range dated {
		c.event(e)
	}
	c.line("END", "VCALENDAR")
	return "text/calendar; charset=utf-8", []byte(c.b.String()), nil
}

// calendar writes content lines.
type calendar struct{ b strings.Builder }

// maxLineBytes of a content line, without its end (RFC 5545, 3.1).
const maxLineBytes = 75

// line writes a property, folded between characters.
func (c *calendar) line(name, value string) {
	value = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(value, "\uFFFD"))
	rest, room := name+":"+value, maxLineBytes
	for len(rest) > room {
		cut := room
		for !utf8.RuneStart(rest[cut]) {
			cut--
		}
		c.b.WriteString(rest[:cut] + "\r\n ")
		rest, room = rest[cut:], maxLineBytes-1
	}
	c.b.WriteString(rest + "\r\n")
}

// text writes a property of type TEXT, escaped (RFC 5545, 3.3.11).
func (c *calendar) text(name, value string) {
	if value != "" {
		c.line(name, escapeText(value))
	}
}

func escapeText(s string) string {
	return strings.NewReplacer("\\", "\\\\", ";", "\\;", ",", "\\,", "\r\n", "\\n", "\n", "\\n", "\r", "\\n").Replace(s)
}

func (c *calendar) event(e entry) {
	c.line("BEGIN", "VEVENT")
	c.line("UID", e.ID)
	c.line("DTSTAMP", utc(e.Updated))
	c.line("CREATED", utc(e.Published))
	c.line("LAST-MODIFIED", utc(e.Updated))
	c.line("SEQUENCE", fmt.Sprint(max(0, e.revision-1)))
	c.when(e)
	c.text("SUMMARY", cmp.Or(e.Event, e.Title))
	c.text("DESCRIPTION", e.Text)
	c.text("LOCATION", e.Place)
	if e.Point != nil {
		c.line("GEO", fmt.Sprintf("%.6f;%.6f", e.Point.Lat, e.Point.Lon))
	}
	if len(e.Categories) > 0 && e.Categories[0] != "" {
		c.text("CATEGORIES", e.Categories[0])
	}
	if e.URL != "" {
		c.line("URL", e.URL)
	}
	c.line("STATUS", "CONFIRMED")
	c.line("TRANSP", "TRANSPARENT") // it takes nobody's time
	c.line("END", "VEVENT")
}

// when writes whole days as dates: DTEND is the day after the last one
// (RFC 5545, 3.6.1). What has an end only is that day.
func (c *calendar) when(e entry) {
	loc := location(e.TimeZone)
	start, end := e.Start, e.End
	if start == nil {
		day := midnight(end.In(loc).Add(-time.Nanosecond))
		start = &day
	}
	from := start.In(loc)
	switch {
	case isMidnight(from) && (end == nil || !end.After(*start)):
		c.line("DTSTART;VALUE=DATE", from.Format("20060102"))
	case isMidnight(from) && wholeDay(end.In(loc)):
		c.line("DTSTART;VALUE=DATE", from.Format("20060102"))
		c.line("DTEND;VALUE=DATE", dayAfter(end.In(loc)).Format("20060102"))
	default:
		c.moment("DTSTART", from)
		if end != nil && end.After(*start) {
			c.moment("DTEND", end.In(loc))
		}
	}
}

func isMidnight(t time.Time) bool { return t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 }

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// wholeDay: until midnight, or until the minute before as many sources write.
func wholeDay(t time.Time) bool { return isMidnight(t) || t.Hour() == 23 && t.Minute() == 59 }

// dayAfter is the day on which a whole day's end is past.
func dayAfter(t time.Time) time.Time {
	if isMidnight(t) {
		return t
	}
	return midnight(t).AddDate(0, 0, 1)
}

func (c *calendar) moment(name string, t time.Time) {
	if t.Location() == time.UTC {
		c.line(name, utc(t))
		return
	}
	c.line(name+";TZID="+t.Location().String(), t.Format("20060102T150405"))
}

func utc(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

// location is a time zone by name, UTC when there is none.
func location(name string) *time.Location {
	if loc, err := time.LoadLocation(name); err == nil {
		return loc
	}
	return time.UTC
}

// zones writes a VTIMEZONE for each zone in use, with every change of offset
// from before the first of its events until after the last (RFC 5545, 3.6.5).
func (c *calendar) zones(list []entry) {
	type span struct{ from, to time.Time }
	var names []string
	spans := map[string]span{}
	for _, e := range list {
		loc := location(e.TimeZone)
		for _, t := range []*time.Time{e.Start, e.End} {
			if t == nil || loc == time.UTC {
				continue
			}
			s, ok := spans[loc.String()]
			if !ok {
				names = append(names, loc.String())
				s = span{*t, *t}
			}
			s.from, s.to = earlier(s.from, *t), later(s.to, *t)
			spans[loc.String()] = s
		}
	}
	for _, name := range names {
		c.zone(location(name), spans[name].from, spans[name].to)
	}
}

// maxChanges of offset are written of one zone: 50 years of summer time.
const maxChanges = 100

func (c *calendar) zone(loc *time.Location, from, to time.Time) {
	c.line("BEGIN", "VTIMEZONE")
	c.line("TZID", loc.String())
	at := from.In(loc)
	for range maxChanges {
		begin, end := at.ZoneBounds()
		name, offset := at.Zone()
		before := offset
		if begin.IsZero() {
			begin = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
		} else {
			_, before = begin.Add(-time.Second).Zone()
		}
		kind := "STANDARD"
		if at.IsDST() {
			kind = "DAYLIGHT"
		}
		c.line("BEGIN", kind)
		// On the clock that was right until then.
		c.line("DTSTART", begin.UTC().Add(time.Duration(before)*time.Second).Format("20060102T150405"))
		c.line("TZOFFSETFROM", offsetOf(before))
		c.line("TZOFFSETTO", offsetOf(offset))
		c.text("TZNAME", name)
		c.line("END", kind)
		if end.IsZero() || end.After(to) {
			break
		}
		at = end
	}
	c.line("END", "VTIMEZONE")
}

// offsetOf writes seconds east of UTC as +0200.
func offsetOf(seconds int) string {
	sign := '+'
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	text := fmt.Sprintf("%c%02d%02d", sign, seconds/3600, seconds/60%60)
	if s := seconds % 60; s != 0 {
		text += fmt.Sprintf("%02d", s)
	}
	return text
}
