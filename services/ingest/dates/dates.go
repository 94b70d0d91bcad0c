package dates

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// What patterns share: words before a date; the hours after it, or what cannot be
// theirs ("3 mars 20h" names no year); a zone.
const (
	before = `(?i)^(?:\pL+\.?,?\s+){0,3}`
	after  = `(?:[^\d:h]\D{0,4}` + oclock + `|[^\d:h]|$)` + named
	oclock = `(\d{1,2})\s?(?:[:h]\s?(\d{2})?(?::(\d{2})(?:[.,]\d+)?)?|heures?)(?:\s?([ap])\.?m\b)?`
	named  = `\s*([+-]\d{2}(?::?\d{2})?\b|(?:GMT|UTC)[+-]\d{1,2}\b|(?:Z|UTC?|GMT|CES?T|MES?Z|WES?T)\b)?`
)

var (
	iso        = regexp.MustCompile(`(?i)^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})` + after)
	compact    = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2}))?()` + named + `$`)
	slashed    = regexp.MustCompile(before + `(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})` + after)
	worded     = regexp.MustCompile(before + `(\d{1,2})(?:er|º)?[ \-]+(?:de )?(\pL{3,9})\.?,?[ \-]+(?:de )?(\d{4}|\d{2})` + after)
	monthFirst = regexp.MustCompile(before + `(\pL{3,9})\.? +(\d{1,2})(?:st|nd|rd|th)?,? +(\d{4})` + after)
	unix       = regexp.MustCompile(before + `(\pL{3,9})\.? +(\d{1,2}) +` + oclock + named + ` +(\d{4})$`)
	digits     = regexp.MustCompile(`^\d{9,13}$`)
	serial     = regexp.MustCompile(`^\d{5}(?:[.,]\d+)?$`)
)

// Read reads a date in UTC; its wall time is zone's where the text names none:
// ISO 8601, 31/12/2026, 31/12/26, "1er août 2026 à 10h30" in the languages of
// month, "Nov 23, 2026 8:00 PM", Unix seconds or milliseconds, a spreadsheet's
// days of 2009 to 2064, and the given layouts of package time, tried first. Up to
// three words may stand before ("publié le mardi").
//
// day is true for a date without time, or at midnight of no zone. ok is false
// where nothing can be read or the year is not between 1900 and 2200.
func Read(text string, zone *time.Location, layouts ...string) (t time.Time, day, ok bool) {
	text = spaced(text)
	if text == "" || len(text) > 100 {
		return time.Time{}, false, false
	}
	if zone == nil {
		zone = time.UTC
	}
	t, day, ok = read(text, zone, layouts)
	if !ok || t.Year() < 1900 || t.Year() > 2200 {
		return time.Time{}, false, false
	}
	return t.UTC(), day, true
}

// spaced puts plain spaces for those that do not break.
func spaced(text string) string {
	return strings.TrimSpace(strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(text))
}

func read(text string, zone *time.Location, layouts []string) (t time.Time, day, ok bool) {
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, !strings.Contains(layout, "15") && !strings.Contains(layout, "03"), true
		}
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil { // with its fractions
		return t, false, true
	}
	for _, form := range []struct {
		pattern                       *regexp.Regexp
		year, month, date, clock, tag int // their groups
	}{
		{iso, 1, 2, 3, 4, 8},
		{compact, 1, 2, 3, 4, 8},
		{slashed, 3, 2, 1, 4, 8},
		{worded, 3, 2, 1, 4, 8},
		{monthFirst, 3, 1, 2, 4, 8},
		{unix, 8, 1, 2, 3, 7},
	} {
		m := form.pattern.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		t, day, ok := build(m[form.year], m[form.month], m[form.date], m[form.clock:form.clock+4], offset(m[form.tag], zone))
		if ok {
			// A data base writes a day as its midnight; no one means midnight itself.
			day = day || m[form.tag] == "" && strings.Contains(text, "00:00") && t.Hour()+t.Minute()+t.Second() == 0
			return t, day, true
		}
	}
	if digits.MatchString(text) {
		n, _ := strconv.ParseInt(text, 10, 64) // digits by the pattern
		if len(text) > 10 {
			return time.UnixMilli(n), false, true
		}
		return time.Unix(n, 0), false, true
	}
	if serial.MatchString(text) {
		return sheet(strings.Replace(text, ",", ".", 1), zone)
	}
	return time.Time{}, false, false
}

// sheet reads the days since 30 December 1899 that spreadsheets count. Others than
// those of our time are numbers of something else.
func sheet(text string, zone *time.Location) (t time.Time, day, ok bool) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n < 40_000 || n >= 60_000 {
		return time.Time{}, false, false
	}
	whole, part := math.Modf(n)
	minutes := int(math.Round(part * 24 * 60))
	return time.Date(1899, time.December, 30+int(whole), 0, minutes, 0, 0, zone), minutes == 0, true
}

// offset reads +0200, +02, Z, UTC, CET and their like; zone where text is none.
func offset(text string, zone *time.Location) *time.Location {
	text = strings.ToUpper(strings.ReplaceAll(text, ":", ""))
	if hours := strings.TrimPrefix(strings.TrimPrefix(text, "GMT"), "UTC"); hours != "" && len(hours) < len(text) { // GMT+1
		n, _ := strconv.Atoi(hours) // a sign and digits by the pattern
		return time.FixedZone(text, n*3600)
	}
	switch text {
	case "":
		return zone
	case "CET", "MEZ", "WEST":
		return time.FixedZone(text, 3600)
	case "CEST", "MESZ":
		return time.FixedZone(text, 2*3600)
	}
	for _, layout := range []string{"-0700", "-07"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Location()
		}
	}
	return time.UTC
}

// build makes a date of digits and a month's number or name; it refuses the 31st
// of a month of thirty days. clock is hour, minute, second and a or p, or four "".
func build(year, name, date string, clock []string, zone *time.Location) (t time.Time, day, ok bool) {
	n := func(s string) int { v, _ := strconv.Atoi(s); return v } // digits by the patterns, "" is 0
	y, d, m := n(year), n(date), n(name)
	if m == 0 {
		m = month(name)
	}
	if len(year) == 2 {
		// 01/01/32 is the end of a permission, not a date of 1932.
		if y += 2000; y >= 2070 {
			y -= 100
		}
	}
	hour, minute, second := n(clock[0]), n(clock[1]), n(clock[2])
	switch strings.ToLower(clock[3]) {
	case "p":
		hour = hour%12 + 12
	case "a":
		hour %= 12
	}
	ok = m >= 1 && m <= 12 && time.Date(y, time.Month(m), d, 0, 0, 0, 0, zone).Day() == d &&
		(hour < 24 || hour == 24 && minute+second == 0) && minute < 60 && second < 61
	return time.Date(y, time.Month(m), d, hour, minute, second, 0, zone), clock[0] == "", ok
}

// month reads a month's name by its first letters, in French, English,
// Portuguese, Spanish, Italian or German; 0 for none.
func month(word string) int {
	word = strings.NewReplacer("é", "e", "û", "u", "ä", "a", "ç", "c").Replace(strings.ToLower(word))
	for i, names := range [][]string{
		{"jan", "gen", "ene"},
		{"fev", "feb"},
		{"mar", "mrz"},
		{"avr", "apr", "abr"},
		{"mai", "may", "mag"},
		{"juin", "jun", "giu"},
		{"juil", "jul", "lug"},
		{"aou", "aug", "ago"},
		{"sep", "set"},
		{"oct", "okt", "out", "ott"},
		{"nov"},
		{"dec", "dez", "dic"},
	} {
		for _, name := range names {
			if strings.HasPrefix(word, name) {
				return i + 1
			}
		}
	}
	return 0
}
