package channel

import (
	"fmt"
	"time"
)

// Weekdays and months as French writes them: without a capital.
func frenchDay(d time.Weekday) string {
	return [...]string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"}[d]
}

func frenchMonth(m time.Month) string {
	return [...]string{
		"janvier", "février", "mars", "avril", "mai", "juin", "juillet",
		"août", "septembre", "octobre", "novembre", "décembre",
	}[m-1]
}

// When says in French when something is: "lundi 4 mai, 9 h – 17 h", "du lundi 4
// au mercredi 6 mai", "jusqu’au 6 mai". Empty without onset and end. The wall
// clock is the profile's.
func (p Profile) When(onset, ends *time.Time) string {
	loc, err := time.LoadLocation(p.TimeZone)
	if err != nil || p.TimeZone == "" {
		loc = time.UTC
	}
	switch {
	case onset == nil && ends == nil:
		return ""
	case onset == nil:
		return "jusqu’au " + day(ends.In(loc))
	}
	from := onset.In(loc)
	if ends == nil || !ends.After(*onset) {
		return day(from) + at(from)
	}
	to := ends.In(loc)
	if sameDay(from, to) {
		return day(from) + ", " + hour(from) + " – " + hour(to)
	}
	if from.Month() == to.Month() && from.Year() == to.Year() {
		return fmt.Sprintf("du %s %s au %s", frenchDay(from.Weekday()), ordinal(from.Day()), day(to))
	}
	return "du " + day(from) + " au " + day(to)
}

// Moment writes a time in full on the profile's wall clock: "lundi 4 mai 2026,
// 17 h".
func (p Profile) Moment(t time.Time) string {
	loc, err := time.LoadLocation(p.TimeZone)
	if err != nil {
		loc = time.UTC
	}
	t = t.In(loc)
	return fmt.Sprintf("%s %d%s", day(t), t.Year(), at(t))
}

func sameDay(a, b time.Time) bool { return a.YearDay() == b.YearDay() && a.Year() == b.Year() }

func day(t time.Time) string {
	return fmt.Sprintf("%s %s %s", frenchDay(t.Weekday()), ordinal(t.Day()), frenchMonth(t.Month()))
}

func ordinal(n int) string {
	if n == 1 {
		return "1er"
	}
	return fmt.Sprint(n)
}

// at is the hour of a moment; midnight sharp is a date without an hour.
func at(t time.Time) string {
	if t.Hour() == 0 && t.Minute() == 0 {
		return ""
	}
	return ", " + hour(t)
}

func hour(t time.Time) string {
	if t.Minute() == 0 {
		return fmt.Sprintf("%d h", t.Hour())
	}
	return fmt.Sprintf("%d h %02d", t.Hour(), t.Minute())
}

// linkChars of a publication's identifier are in its address: 60 bits, so that
// an SMS stays short and no two publications share one.
const linkChars = 12

// Link is the address of a publication's public page.
func Link(publicURL, publication string) string {
	return publicURL + "/p/" + publication[:min(len(publication), linkChars)]
}
