package channel

import (
	"fmt"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/prose"
)

// Facts are when and where something is, each with a capital, but for what the
// title says already.
func (p Profile) Facts(pub events.Publication) []string {
	var list []string
	for _, fact := range []string{
		prose.UnsaidWhen(pub.Content.Title, p.When(pub)), prose.UnsaidWhere(pub.Content.Title, pub.Content.Place),
	} {
		if fact != "" {
			list = append(list, capital(fact))
		}
	}
	return list
}

func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// When says when something is: "lundi 4 mai, 9 h – 17 h", "du lundi 4 au
// mercredi 6 mai", "jusqu’au 6 mai"; in English "Monday 4 May, 9:00 – 17:00".
// Empty without onset and end. The wall clock is the profile's.
func (p Profile) When(pub events.Publication) string {
	for _, w := range p.Whens(pub) {
		return w
	}
	return ""
}

// Whens are the writings of When that say the same, from the fullest to the
// shortest: "lundi 4 mai, 9 h – 17 h", "lun. 4 mai, 9h-17h", "04/05 9h-17h".
func (p Profile) Whens(pub events.Publication) []string {
	if pub.Onset == nil && pub.Ends == nil {
		return nil
	}
	loc, err := time.LoadLocation(p.TimeZone)
	if err != nil || p.TimeZone == "" {
		loc = time.UTC
	}
	in := func(t *time.Time) time.Time {
		if t == nil {
			return time.Time{}
		}
		return t.In(loc)
	}
	var list []string
	for _, c := range calendarsIn(p.Language) {
		list = append(list, c.span(in(pub.Onset), in(pub.Ends), pub.Class == events.ClassAlert))
	}
	return slices.Compact(list)
}

// hoursMatter is up to how long people want to know the hours at which
// something starts and ends; those of an alert always matter.
const hoursMatter = 48 * time.Hour

// span writes the time from onset to end, of which one may be zero.
func (c calendar) span(from, end time.Time, alert bool) string {
	to := lastDay(end)
	switch {
	case from.IsZero():
		return c.until + c.day(to) + c.at(c.among, end)
	case !end.After(from):
		return c.day(from) + c.at(c.comma, from)
	case sameDay(from, to) && endOfDay(end):
		return c.day(from) + c.at(c.comma, from) // an end at midnight is mostly one that nobody gave
	case sameDay(from, to), oneNight(from, end):
		return c.day(from) + c.comma + c.hours[0] + c.hour(from) + c.hours[1] + c.hour(end)
	case (alert || end.Sub(from) <= hoursMatter) && !(midnight(from) && endOfDay(end)):
		return c.days[0] + c.day(from) + c.at(c.among, from) + c.days[1] + c.day(to) + c.at(c.among, end)
	case from.Month() == to.Month() && from.Year() == to.Year():
		return c.days[0] + c.weekday(from.Weekday()) + c.ordinal(from.Day()) + c.days[1] + c.day(to)
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

// Moment writes a time in full on the profile's wall clock: "lundi 4 mai 2026,
// 17 h".
func (p Profile) Moment(t time.Time) string {
	loc, err := time.LoadLocation(p.TimeZone)
	if err != nil {
		loc = time.UTC
	}
	t, c := t.In(loc), calendarsIn(p.Language)[0]
	return fmt.Sprintf("%s %d%s", c.day(t), t.Year(), c.at(c.comma, t))
}

func sameDay(a, b time.Time) bool { return a.YearDay() == b.YearDay() && a.Year() == b.Year() }

// linkChars of a publication's identifier are in its address: 60 bits, so that
// an SMS stays short and no two publications share one.
const linkChars = 12

// Link is the address of a publication's public page.
func Link(publicURL, publication string) string {
	return publicURL + "/p/" + publication[:min(len(publication), linkChars)]
}
