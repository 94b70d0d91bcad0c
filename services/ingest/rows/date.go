package rows

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	slashed = regexp.MustCompile(`^(?:\pL+\s+)?(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})(?:\D{1,4}(\d{1,2})[:hH](\d{2})?(?::(\d{2}))?)?`)
	worded  = regexp.MustCompile(`(?i)^(?:\pL+\.?\s+)?(\d{1,2})(?:er)?\s+(\pL{3,9})\.?\s+(\d{4})(?:\D{1,4}(\d{1,2})[:h](\d{2})?)?`)
	between = regexp.MustCompile(`(?i)^(?:du|de|from|à partir du)?\s*(.{6,40}?)\s+(?:au|à|to|jusqu'au|-|–)\s+(.{6,40})$`)
	digits  = regexp.MustCompile(`^\d{9,13}$`)
)

// Date reads a date as portals write it, in zone where it names none: ISO 8601,
// 31/12/2026, 31/12/26, "1er août 2026 à 10h30", Unix seconds or milliseconds,
// and the given layouts of package time, tried first. day is true for a date
// without time, or at midnight of no zone. ok is false where nothing can be read or the year is absurd.
func Date(text string, zone *time.Location, layouts ...string) (t time.Time, day, ok bool) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > 100 {
		return time.Time{}, false, false
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
	for _, layout := range []string{"2006-01-02", "20060102", "2006/01/02"} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, true, true
		}
	}
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05Z07:00",
		"2006-01-02 15:04:05Z07", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006/01/02 15:04:05", "20060102T150405Z0700", "20060102T150405", "20060102150405", time.RFC1123Z, time.RFC1123,
	} {
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
		return build(m[3], m[2], m[1], m[4:], zone)
	}
	if m := worded.FindStringSubmatch(text); m != nil {
		if month := monthOf(m[2]); month > 0 {
			return build(m[3], strconv.Itoa(month), m[1], m[4:], zone)
		}
	}
	return time.Time{}, false, false
}

// build makes a date of digits; it refuses the 31st of a month of thirty days.
func build(year, month, date string, clock []string, zone *time.Location) (time.Time, bool, bool) {
	n := func(s string) int { v, _ := strconv.Atoi(s); return v } // digits by the patterns, "" is 0
	y, m, d := n(year), n(month), n(date)
	if len(year) == 2 {
		// 01/01/32 is the end of a permission, not a date of 1932.
		if y += 2000; y >= 2070 {
			y -= 100
		}
	}
	hour, minute, second := 0, 0, 0
	for i, part := range []*int{&hour, &minute, &second} {
		if i < len(clock) {
			*part = n(clock[i])
		}
	}
	t := time.Date(y, time.Month(m), d, hour, minute, second, 0, zone)
	ok := m >= 1 && m <= 12 && hour < 24 && minute < 60 && second < 61 && t.Day() == d
	return t, clock[0] == "", ok
}

// Period reads "du 01/01/20 au 01/01/32"; ok is false for what is not two dates.
func Period(text string, zone *time.Location) (from, to time.Time, day, ok bool) {
	m := between.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return from, to, false, false
	}
	from, _, okFrom := Date(m[1], zone)
	to, day, okTo := Date(m[2], zone)
	return from, to, day, okFrom && okTo && !to.Before(from)
}

// monthOf reads a French or English month by its first letters, 0 for none.
func monthOf(word string) int {
	word = strings.NewReplacer("é", "e", "û", "u").Replace(strings.ToLower(word))
	for i, names := range [][]string{
		{"jan"},
		{"fev", "feb"},
		{"mar"},
		{"avr", "apr"},
		{"mai", "may"},
		{"juin", "jun"},
		{"juil", "jul"},
		{"aou", "aug"},
		{"sep"},
		{"oct"},
		{"nov"},
		{"dec"},
	} {
		for _, name := range names {
			if strings.HasPrefix(word, name) {
				return i + 1
			}
		}
	}
	return 0
}
