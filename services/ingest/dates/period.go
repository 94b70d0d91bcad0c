package dates

import (
	"regexp"
	"strings"
	"time"
)

var (
	opening = regexp.MustCompile(`^(?:du|de|des|les?|from|à partir du|entre le)\s+`)
	// partial is a date whose month, or year, is that of another after it.
	partial = regexp.MustCompile(before + `(\d{1,2})(?:er|º)?(?:[ \-]+(\pL{3,9})\.?|[/.](\d{1,2}))?` + after)
	until   = regexp.MustCompile(`^` + oclock + `$`)
)

// Period reads "du 01/01/20 au 01/01/32", "du 3 au 5 mars 2026", "les 3, 4 et 5
// mars 2026", "3 mars 2026 de 8h à 10h" and ISO 8601's "2026-03-03/2026-03-05". day
// is true for whole days, the last included. ok is false for what is not two dates.
func Period(text string, zone *time.Location) (from, to time.Time, day, ok bool) {
	text = opening.ReplaceAllString(strings.ToLower(spaced(text)), "")
	if len(text) > 100 {
		return from, to, false, false
	}
	if m := iso.FindStringSubmatch(text); m != nil && m[8] != "" && len(m[0]) == len(text) {
		return from, to, false, false // its -05:00 is a zone, not an hour
	}
	if zone == nil {
		zone = time.UTC
	}
	for _, between := range []string{" au ", " jusqu'au ", " jusqu’au ", " to ", " et le ", " à ", " et ", " & ", " - ", " – ", "–", "/", "-"} {
		for at := 0; ; at++ {
			next := strings.Index(text[at:], between)
			if next < 0 {
				break
			}
			at += next
			if from, to, day, ok = period(strings.TrimSpace(text[:at]), strings.TrimSpace(text[at+len(between):]), zone); ok {
				return from, to, day, true
			}
		}
	}
	return time.Time{}, time.Time{}, false, false
}

func period(first, last string, zone *time.Location) (from, to time.Time, day, ok bool) {
	if m := until.FindStringSubmatch(last); m != nil { // hours of one day
		from, day, ok = Read(first, zone)
		if !ok || day {
			return from, to, false, false
		}
		local := from.In(zone)
		to, _, ok = build(local.Format("2006"), local.Format("01"), local.Format("02"), m[1:5], zone)
		if to.Before(from) {
			to = to.AddDate(0, 0, 1)
		}
		return from, to.UTC(), false, ok
	}
	to, lastDay, ok := Read(last, zone)
	if !ok {
		return from, to, false, false
	}
	from, firstDay, ok := Read(first, zone)
	if !ok {
		from, firstDay, ok = completed(first, to, zone)
	}
	if !firstDay && lastDay {
		to = to.In(zone).AddDate(0, 0, 1).UTC()
	}
	return from, to, firstDay && lastDay, ok && !to.Before(from)
}

// completed reads a date that leaves its month or year to the one that follows.
func completed(text string, to time.Time, zone *time.Location) (t time.Time, day, ok bool) {
	m := partial.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, false, false
	}
	local := to.In(zone)
	name := m[2] + m[3]
	if name == "" {
		name = local.Format("01")
	}
	if t, day, ok = build(local.Format("2006"), name, m[1], m[4:8], zone); ok && t.After(to) && name == m[2]+m[3] {
		t, day, ok = build(local.AddDate(-1, 0, 0).Format("2006"), name, m[1], m[4:8], zone)
	}
	return t.UTC(), day, ok
}
