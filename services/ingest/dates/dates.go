package dates

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	slashed = regexp.MustCompile(`^(?:\pL+\.?,?\s+){0,3}(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})(?:\D{1,4}(\d{1,2})[:hH](\d{2})?(?::(\d{2}))?)?`)
	worded  = regexp.MustCompile(`(?i)^(?:\pL+\.?,?\s+){0,3}(\d{1,2})(?:er|º)?[ \-]+(?:de )?(\pL{3,9})\.?[ \-]+(?:de )?(\d{4})(?:\D{1,4}(\d{1,2})[:h](\d{2})?(?::(\d{2}))?)?\s*([+-]\d{4}|Z|GMT|UTC)?`)
	between = regexp.MustCompile(`(?i)^(?:du|de|from|à partir du)?\s*(.{6,40}?)\s+(?:au|à|to|jusqu'au|-|–)\s+(.{6,40})$`)
	digits  = regexp.MustCompile(`^\d{9,13}$`)
)

var (
	dayLayouts  = []string{"2006-01-02", "20060102", "2006/01/02"}
	timeLayouts = []string{
		time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05Z07:00",
		"2006-01-02 15:04:05Z07", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006/01/02 15:04:05", "20060102T150405Z0700", "20060102T150405", "20060102150405", time.RFC1123Z, time.RFC1123,
	}
)

// Read reads a date in UTC; its wall time is zone's where the text names none:
// ISO 8601, 31/12/2026, 31/12/26, "1er août 2026 à 10h30" in the languages of
// month, Unix seconds or milliseconds, and the given layouts of package time,
// tried first. Up to three words may stand before ("publié le mardi").
//
// day is true for a date without time, or at midnight of no zone. ok is false
// where nothing can be read or the year is not between 1900 and 2200.
func Read(text string, zone *time.Location, layouts ...string) (t time.Time, day, ok bool) {
	text = strings.TrimSpace(text)
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

func read(text string, zone *time.Location, layouts []string) (t time.Time, day, ok bool) {
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, !strings.Contains(layout, "15") && !strings.Contains(layout, "03"), true
		}
	}
	for _, layout := range dayLayouts {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, true, true
		}
	}
	for _, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			// A data base writes a day as its midnight; no one means midnight itself.
			midnight := strings.HasSuffix(text, "00:00:00") && !strings.Contains(layout, "Z07")
			return t, midnight, true
		}
	}
	if digits.MatchString(text) {
		n, _ := strconv.ParseInt(text, 10, 64) // digits by the pattern
		if len(text) > 10 {
			return time.UnixMilli(n), false, true
		}
		return time.Unix(n, 0), false, true
	}
	if m := slashed.FindStringSubmatch(text); m != nil {
		month, _ := strconv.Atoi(m[2]) // digits by the pattern
		return build(m[3], month, m[1], m[4:7], zone)
	}
	if m := worded.FindStringSubmatch(text); m != nil {
		return build(m[3], month(m[2]), m[1], m[4:7], offset(m[7], zone))
	}
	return time.Time{}, false, false
}

// offset reads +0200, Z, GMT or UTC; zone where text is none of them.
func offset(text string, zone *time.Location) *time.Location {
	if text == "" {
		return zone
	}
	if t, err := time.Parse("-0700", text); err == nil {
		return t.Location()
	}
	return time.UTC
}

// build makes a date of digits; it refuses the 31st of a month of thirty days.
func build(year string, month int, date string, clock []string, zone *time.Location) (time.Time, bool, bool) {
	n := func(s string) int { v, _ := strconv.Atoi(s); return v } // digits by the patterns, "" is 0
	y, d := n(year), n(date)
	if len(year) == 2 {
		// 01/01/32 is the end of a permission, not a date of 1932.
		if y += 2000; y >= 2070 {
			y -= 100
		}
	}
	hour, minute, second := n(clock[0]), n(clock[1]), n(clock[2])
	t := time.Date(y, time.Month(month), d, hour, minute, second, 0, zone)
	ok := month >= 1 && month <= 12 && hour < 24 && minute < 60 && second < 61 && t.Day() == d
	return t, clock[0] == "", ok
}

// Period reads "du 01/01/20 au 01/01/32"; ok is false for what is not two dates.
func Period(text string, zone *time.Location) (from, to time.Time, day, ok bool) {
	m := between.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return from, to, false, false
	}
	from, _, okFrom := Read(m[1], zone)
	to, day, okTo := Read(m[2], zone)
	return from, to, day, okFrom && okTo && !to.Before(from)
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
