package channel

import (
	"regexp"
	"slices"
	"strings"
	"time"

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
			list = append(list, prose.Capital(fact))
		}
	}
	return list
}

// Circumstances are why it is withdrawn, when and where.
func (p Profile) Circumstances(pub events.Publication) []string {
	list := p.Facts(pub)
	if why := Why(pub); why != "" {
		list = append([]string{why}, list...)
	}
	return list
}

// When says when something is: "lundi 4 mai, 9 h – 17 h", "du lundi 4 au
// mercredi 6 mai", "jusqu’au 6 mai"; in English "Monday 4 May, 9:00 – 17:00".
// Empty without onset and end. The wall clock is the profile's.
func (p Profile) When(pub events.Publication) string {
	return strings.Join(p.written(pub, calendarsIn(p.Language)[:1]), "")
}

// Whens are the writings of When that say the same, from the fullest to the
// shortest: "lundi 4 mai, 9 h – 17 h", "lun. 4 mai, 9h-17h", "04/05 9h-17h".
func (p Profile) Whens(pub events.Publication) []string {
	return slices.Compact(p.written(pub, calendarsIn(p.Language)))
}

func (p Profile) written(pub events.Publication, calendars []calendar) []string {
	if pub.Onset == nil && pub.Ends == nil {
		return nil
	}
	in := func(t *time.Time) time.Time {
		if t == nil {
			return time.Time{}
		}
		return p.local(*t)
	}
	t := period{from: in(pub.Onset), end: in(pub.Ends), said: p.local(pub.At), alert: pub.Class == events.ClassAlert, title: pub.Content.Title}
	var list []string
	for _, c := range calendars {
		list = append(list, c.span(t))
	}
	return list
}

// nightRe finds a title that says that the nights are meant, and not all that is
// between the first and the last, in the languages that we date in.
var nightRe = regexp.MustCompile(`(?i)(?:^|\PL)(?:nuits?|nocturnes?|nights?|overnight|noites?|noches?|no[ct]?turn[aeio]s?|nits?|nott[ei]|tous les soirs|chaque soir|nachts?|nachtarbeit(?:en)?|nächt(?:e|en|lich|liche)|(?:ال)?(?:ليل(?:ا|ي|ية)?|ليالي))(?:\PL|$)`)

// goesOnRe finds a title that says that something lasts: its first day is no day
// that it is on alone.
var goesOnRe = regexp.MustCompile(`(?i)jusqu[’']à nouvel(?:le)? (?:ordre|avis|information|consigne)|pour une durée indéterminée|until further notice|até (?:nova ordem|novo aviso|aviso em contrário)|hasta nuevo aviso|fins a nou avís|fino a nuovo (?:ordine|avviso)|bis auf weiteres|حتى إشعار آخر`)

// period is when something is, on a wall clock.
type period struct {
	from, end time.Time // one may be zero
	said      time.Time // when the message was; zero when nobody knows
	alert     bool
	title     string
}

// nights tells that only the nights are meant.
func (p period) nights() bool { return nightRe.MatchString(p.title) }

// goesOn tells that it is until further notice.
func (p period) goesOn() bool { return goesOnRe.MatchString(p.title) }

// hoursMatter is up to how long people want to know the hours at which
// something starts and ends; those of an alert, and of what ends in the morning
// after a night, always matter.
const hoursMatter = 48 * time.Hour

// span writes a period.
func (c calendar) span(p period) string {
	from, end, to := p.from, p.end, lastDay(p.end)
	switch {
	case from.IsZero():
		return c.until + c.day(to, p.far(to)) + c.at(c.among, end)
	case end.IsZero() && (p.alert || p.goesOn()):
		return c.opening(p) + c.day(from, p.far(from)) + c.at(c.among, from)
	case !end.After(from):
		return c.day(from, p.far(from)) + c.at(c.comma, from)
	case sameDay(from, to) && endOfDay(end) && p.alert && !midnight(from):
		return c.day(from, p.far(from)) + c.comma + c.hours[0] + c.hour(from) + c.hours[1] + c.midnight
	case sameDay(from, to) && endOfDay(end):
		return c.day(from, p.far(from)) + c.at(c.comma, from) // an end at midnight is mostly one that nobody gave
	case sameDay(from, to) && midnight(from):
		return c.day(from, p.far(from)) + c.comma + c.by + c.hour(end)
	case sameDay(from, to), overnight(from, end) && sameDay(from.AddDate(0, 0, 1), end):
		return c.day(from, p.far(from)) + c.comma + c.hours[0] + c.hour(from) + c.hours[1] + c.hour(end)
	case overnight(from, end) && !p.alert && p.nights():
		return c.nights + c.between(p, end.AddDate(0, 0, -1)) + c.comma + c.hours[0] + c.hour(from) + c.hours[1] + c.hour(end)
	case (p.alert || overnight(from, end) || end.Sub(from) <= hoursMatter) && !(midnight(from) && endOfDay(end)):
		first, last := p.years(to)
		return c.days[0] + c.day(from, first) + c.at(c.among, from) + c.days[1] + c.day(to, last) + c.at(c.among, end)
	}
	return c.between(p, to)
}

// opening is before the start of what has no end.
func (c calendar) opening(p period) string {
	if p.from.After(p.said) {
		return c.starting
	}
	return c.since
}

// between writes the days from the first to the last.
func (c calendar) between(p period, last time.Time) string {
	firstYear, lastYear := p.years(last)
	if p.from.Month() == last.Month() && p.from.Year() == last.Year() {
		return c.days[0] + c.weekday(p.from.Weekday()) + c.ordinal(p.from.Day()) + c.days[1] + c.day(last, lastYear)
	}
	return c.days[0] + c.day(p.from, firstYear) + c.days[1] + c.day(last, lastYear)
}

// nearby is how far from the message people take a day of another year for what
// it is without its year: in December, "mardi 5 janvier" is the next.
const nearby = 90 * 24 * time.Hour

// far tells whether a day needs its year: it is in another than the message, and
// not just before or after it.
func (p period) far(day time.Time) bool {
	return !p.said.IsZero() && day.Year() != p.said.Year() && day.Sub(p.said).Abs() > nearby
}

// years tells whether the first and the last day need theirs: both, when the
// days alone would read as less than a year.
func (p period) years(last time.Time) (first, end bool) {
	if !p.from.AddDate(1, 0, 0).After(p.end) {
		return true, true
	}
	apart := p.from.Year() != last.Year()
	return apart && p.far(p.from), p.far(last) || p.far(p.from)
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

// overnight tells that something begins in an evening and ends before a morning:
// the last day is the night's before.
func overnight(from, end time.Time) bool {
	const evening, morning = 17, 7
	return from.Hour() >= evening && end.Hour() < morning && !endOfDay(end)
}

// Moment writes a time in full on the profile's wall clock: "lundi 4 mai 2026,
// 17 h".
func (p Profile) Moment(t time.Time) string {
	t, c := p.local(t), calendarsIn(p.Language)[0]
	return c.day(t, true) + c.at(c.comma, t)
}

// local is t on the profile's wall clock.
func (p Profile) local(t time.Time) time.Time {
	if p.Zone == nil {
		return t.UTC()
	}
	return t.In(p.Zone)
}

func sameDay(a, b time.Time) bool { return a.YearDay() == b.YearDay() && a.Year() == b.Year() }

// linkChars of a publication's identifier are in its address: 60 bits, so that
// an SMS stays short and no two publications share one.
const linkChars = 12

// Link is the address of a publication's public page.
func Link(publicURL, publication string) string {
	return publicURL + "/p/" + publication[:min(len(publication), linkChars)]
}
