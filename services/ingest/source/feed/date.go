package feed

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// zoned matches the end of a date that says its zone.
var zoned = regexp.MustCompile(`(?:Z|[+-]\d{1,2}:?\d{2}|\b(?:UT|[A-Z]{2,4}T|UTC|GMT))\s*(?:\([^)]*\))?$`)

// date gives a feed's date in UTC. parsed is gofeed's reading of text: it takes a
// date without zone for UTC, while a town site means its own wall time, and it
// knows English only. Zero where nothing can be read or the year is absurd.
func date(text string, parsed *time.Time, zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	text = strings.TrimSpace(text)
	var t time.Time
	switch {
	case parsed != nil && zoned.MatchString(text):
		t = *parsed
	case parsed != nil:
		p := parsed.UTC()
		t = time.Date(p.Year(), p.Month(), p.Day(), p.Hour(), p.Minute(), p.Second(), 0, zone)
	default:
		t = foreignDate(text, zone)
	}
	if t.Year() < 1990 || t.Year() > 2100 {
		return time.Time{}
	}
	return t.UTC()
}

// Date reads a date that a person wrote, in French or another language seen in
// feeds, in UTC; the wall time is zone's where the text names none. Zero where
// nothing can be read.
func Date(text string, zone *time.Location) time.Time {
	if t, err := time.Parse(time.RFC3339, strings.TrimSpace(text)); err == nil {
		return date(text, &t, zone)
	}
	return date(text, nil, zone)
}

// month reads the first letters of a month's name, in the languages seen, to its number.
func month(word string) time.Month {
	word = strings.ToLower(strings.Trim(word, "."))
	word = strings.NewReplacer("é", "e", "û", "u", "ä", "a", "ç", "c").Replace(word)
	for _, m := range []struct {
		prefix string
		month  time.Month
	}{
		{"jan", 1},
		{"gen", 1},
		{"ene", 1},
		{"fev", 2},
		{"feb", 2},
		{"mar", 3},
		{"mrz", 3},
		{"avr", 4},
		{"apr", 4},
		{"abr", 4},
		{"mai", 5},
		{"may", 5},
		{"mag", 5},
		{"juin", 6},
		{"jun", 6},
		{"giu", 6},
		{"juil", 7},
		{"jul", 7},
		{"lug", 7},
		{"aou", 8},
		{"aug", 8},
		{"ago", 8},
		{"sep", 9},
		{"set", 9},
		{"oct", 10},
		{"okt", 10},
		{"out", 10},
		{"ott", 10},
		{"nov", 11},
		{"dec", 12},
		{"dez", 12},
		{"dic", 12},
	} {
		if strings.HasPrefix(word, m.prefix) {
			return m.month
		}
	}
	return 0
}

var (
	dayMonthYear = regexp.MustCompile(`(?i)\b(\d{1,2})(?:er)?[ \-]+(?:de )?(\pL{3,9})\.?[ \-]+(?:de )?(\d{4})(?:\D{1,4}(\d{1,2})[:h](\d{2})(?::(\d{2}))?)?\s*([+-]\d{4}|Z|GMT|UTC)?`)
	slashed      = regexp.MustCompile(`^(\d{1,2})/(\d{1,2})/(\d{4})(?:\D{1,4}(\d{1,2})[:h](\d{2})(?::(\d{2}))?)?`)
	loneSeconds  = regexp.MustCompile(`^\d{9,10}$`)
)

// foreignDate reads a date with its month named in French, Portuguese, Spanish,
// Italian or German, a French 31/12/2026, an ISO date, or Unix seconds.
func foreignDate(text string, zone *time.Location) time.Time {
	if text == "" || len(text) > 100 {
		return time.Time{}
	}
	if loneSeconds.MatchString(text) {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return time.Unix(n, 0)
		}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02", "20060102"} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t
		}
	}
	var m []string
	var mon time.Month
	if m = dayMonthYear.FindStringSubmatch(text); m != nil {
		mon = month(m[2])
	} else if m = slashed.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[2])
		mon = time.Month(n)
		m = append(m, "")
	}
	if m == nil || mon < 1 || mon > 12 {
		return time.Time{}
	}
	n := func(s string) int { v, _ := strconv.Atoi(s); return v } // digits by the pattern, "" is 0
	switch offset := strings.ToUpper(m[7]); offset {
	case "":
	case "Z", "GMT", "UTC":
		zone = time.UTC
	default:
		seconds := n(offset[1:3])*3600 + n(offset[3:5])*60
		if offset[0] == '-' {
			seconds = -seconds
		}
		zone = time.FixedZone("", seconds)
	}
	return time.Date(n(m[3]), mon, n(m[1]), n(m[4]), n(m[5]), n(m[6]), 0, zone)
}
