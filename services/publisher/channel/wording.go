package channel

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/web"
)

// When says when something is: "lundi 4 mai, 9 h – 17 h", "du lundi 4 au
// mercredi 6 mai", "jusqu’au 6 mai"; in English "Monday 4 May, 9:00 – 17:00".
// Empty without onset and end. The wall clock is the profile's.
func (p Profile) When(onset, ends *time.Time) string {
	loc, err := time.LoadLocation(p.TimeZone)
	if err != nil || p.TimeZone == "" {
		loc = time.UTC
	}
	c := calendarIn(p.Language)
	switch {
	case onset == nil && ends == nil:
		return ""
	case onset == nil:
		return c.until + c.day(lastDay(ends.In(loc)))
	}
	from := onset.In(loc)
	if ends == nil || !ends.After(*onset) {
		return c.day(from) + c.at(from)
	}
	end := ends.In(loc)
	to := lastDay(end)
	switch {
	case sameDay(from, to) && endOfDay(end):
		return c.day(from) + c.at(from) // an end at midnight is mostly one that nobody gave
	case sameDay(from, to), oneNight(from, end):
		return c.day(from) + ", " + c.hours[0] + c.hour(from) + c.hours[1] + c.hour(end)
	}
	if from.Month() == to.Month() && from.Year() == to.Year() {
		return c.days[0] + c.weekday(from.Weekday()) + " " + c.ordinal(from.Day()) + c.days[1] + c.day(to)
	}
	return c.days[0] + c.day(from) + c.days[1] + c.day(to)
}

// lastDay is the day that an end belongs to: nobody calls the midnight between
// Friday and Saturday Saturday's.
func lastDay(end time.Time) time.Time {
	if midnight(end) {
		return end.AddDate(0, 0, -1)
	}
	return end
}

func midnight(t time.Time) bool { return t.Hour() == 0 && t.Minute() == 0 }

// endOfDay is midnight, or the last minute before, as calendars write it.
func endOfDay(t time.Time) bool { return midnight(t) || t.Hour() == 23 && t.Minute() == 59 }

// oneNight is an evening that ends before the morning: people take it for one
// day, and want its hours.
func oneNight(from, to time.Time) bool {
	const evening, morning = 17, 7
	return from.Hour() >= evening && to.Hour() < morning && sameDay(from.AddDate(0, 0, 1), to)
}

// Unsaid is a place or a date that a title has not already, empty when it has: a
// text that has little room says it once.
func Unsaid(title, fact string) string {
	plain := func(s string) string {
		return " " + strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ") + " "
	}
	if strings.Contains(plain(title), plain(fact)) {
		return ""
	}
	return fact
}

// Moment writes a time in full on the profile's wall clock: "lundi 4 mai 2026,
// 17 h".
func (p Profile) Moment(t time.Time) string {
	loc, err := time.LoadLocation(p.TimeZone)
	if err != nil {
		loc = time.UTC
	}
	t, c := t.In(loc), calendarIn(p.Language)
	return fmt.Sprintf("%s %d%s", c.day(t), t.Year(), c.at(t))
}

// calendar is how a language writes dates.
type calendar struct {
	weekday func(time.Weekday) string
	month   func(time.Month) string
	ordinal func(int) string
	hour    func(time.Time) string
	until   string
	days    [2]string // before the first and the last of several days
	hours   [2]string // the same of hours
}

func calendarIn(language string) calendar {
	if !french(language) {
		return calendar{
			weekday: time.Weekday.String, month: time.Month.String, ordinal: strconv.Itoa,
			hour:  func(t time.Time) string { return t.Format("15:04") },
			until: "until ", days: [2]string{"from ", " to "}, hours: [2]string{"", " – "},
		}
	}
	c := calendar{
		weekday: web.FrenchDay, month: web.FrenchMonth, ordinal: frenchOrdinal, hour: frenchHour,
		until: "jusqu’au ", days: [2]string{"du ", " au "}, hours: [2]string{"", " – "},
	}
	if events.IsPlainLanguage(language) {
		c.hours = [2]string{"de ", " à "} // plain language avoids signs
	}
	return c
}

func sameDay(a, b time.Time) bool { return a.YearDay() == b.YearDay() && a.Year() == b.Year() }

func (c calendar) day(t time.Time) string {
	return c.weekday(t.Weekday()) + " " + c.ordinal(t.Day()) + " " + c.month(t.Month())
}

func frenchOrdinal(n int) string {
	if n == 1 {
		return "1er"
	}
	return strconv.Itoa(n)
}

// at is the hour of a moment; midnight sharp is a date without an hour.
func (c calendar) at(t time.Time) string {
	if midnight(t) {
		return ""
	}
	return ", " + c.hour(t)
}

func frenchHour(t time.Time) string {
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
