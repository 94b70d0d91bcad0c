package feed

import (
	"regexp"
	"strings"
	"time"

	"github.com/crieur/crieur/services/ingest/dates"
)

// zoned matches the end of a date that says its zone, which Unix follows by the year.
var zoned = regexp.MustCompile(`(?:Z|[+-]\d{1,2}:?\d{2}|\b(?:UT|[A-Z]{2,4}T|UTC|GMT))\s*(?:\([^)]*\)|\s\d{4})?$`)

// inTag matches the date that Drupal writes as HTML: <time datetime="…">lun 23/11</time>.
var inTag = regexp.MustCompile(`<time[^>]*\sdatetime="([^"]*)"`)

// date gives a feed's date in UTC. parsed is gofeed's reading of text, nil for
// none: it takes a date without zone for UTC, while a town site means its own
// wall time, and it knows English only. Zero where nothing can be read or the
// year is absurd.
func date(text string, parsed *time.Time, zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	text = strings.TrimSpace(text)
	if m := inTag.FindStringSubmatch(text); m != nil {
		text = m[1]
	}
	var t time.Time
	switch {
	case parsed != nil && zoned.MatchString(text):
		t = *parsed
	case parsed != nil:
		p := parsed.UTC()
		t = time.Date(p.Year(), p.Month(), p.Day(), p.Hour(), p.Minute(), p.Second(), 0, zone)
	default:
		t, _, _ = dates.Read(text, zone)
	}
	if t.Year() < 1990 || t.Year() > 2100 {
		return time.Time{}
	}
	return t.UTC()
}
