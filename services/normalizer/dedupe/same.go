package dedupe

import (
	"math"
	"time"

	"github.com/crieur/crieur/events"
)

// same reports whether two sightings, whose areas and times meet and whose marks
// do not differ, are one thing, and how sure that is, 0 to 1. What names a thing
// counts first; words decide where nothing does.
func (s *sighting) same(o *sighting) (float64, bool) {
	common, text, title := likeness(s.print, o.print)
	score := (text + title) / 2
	samePlace, otherPlace := s.marks.street(o.marks)
	switch s.family {
	case weather:
		// A département has one vigilance of a phenomenon at a time.
		if s.marks.phenomenon != "" && s.marks.phenomenon == o.marks.phenomenon && s.marks.warned && o.marks.warned {
			return 0.9 + score/10, true
		}
	case roads:
		if far(s.point, o.point) {
			return 0, false
		}
		if meet(s.marks.numbers, o.marks.numbers) && (s.marks.causes&o.marks.causes != 0 || title >= sameInPlace) {
			return 0.8 + score/10, true
		}
	}
	sameDays := s.sameDays(o)
	switch {
	case otherPlace && s.family != outings && s.family != council:
		return 0, false
	case samePlace && sameDays && (common >= 2 || s.family == roads && s.marks.causes&o.marks.causes != 0):
		return min(1, 0.7+score/4), true
	case samePlace && common >= 2:
		return min(1, score+0.2), text >= sameInPlace && title >= sameInPlace
	case common < enoughWords:
		return 0, false
	case meet(s.marks.names, o.marks.names) && sameDays:
		return score, text >= sameByName && title >= sameByName
	}
	return score, text >= sameText && title >= sameTitle
}

// sameDays allows a day and a half at either end, for one source counts the night
// before or after and another does not.
func (s *sighting) sameDays(o *sighting) bool {
	const slack = 36 * time.Hour
	return s.from.Sub(o.from).Abs() <= slack && s.to.Sub(o.to).Abs() <= slack
}

// far reports whether two known positions are more than 15 km apart: one account
// of trouble on a road may point at its start and another at its end.
func far(a, b *events.Point) bool {
	if a == nil || b == nil {
		return false
	}
	const kmPerDegree, limit = 111.2, 15
	dy := (a.Lat - b.Lat) * kmPerDegree
	dx := (a.Lon - b.Lon) * kmPerDegree * math.Cos(a.Lat*math.Pi/180)
	return math.Hypot(dx, dy) > limit
}
