package channel

import (
	"fmt"
	"strconv"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/web"
)

// calendar is a way to write days and hours.
type calendar struct {
	weekday func(time.Weekday) string // with a space behind, empty when left out
	ordinal func(int) string
	month   func(time.Month) string // with what is before it
	hour    func(time.Time) string
	until   string
	days    [2]string // before the first and the last of several days
	hours   [2]string // the same of hours
	comma   string    // between a day and its hours
	among   string    // the same among several days
}

// calendarsIn are a language's, from the fullest to the shortest.
func calendarsIn(language string) []calendar {
	if !french(language) {
		return english()
	}
	full := calendar{
		weekday: func(d time.Weekday) string { return web.FrenchDay(d) + " " },
		month:   func(m time.Month) string { return " " + web.FrenchMonth(m) },
		ordinal: frenchOrdinal, hour: frenchHour,
		until: "jusqu’au ", days: [2]string{"du ", " au "}, hours: [2]string{"", " – "}, comma: ", ", among: " à ",
	}
	if events.IsPlainLanguage(language) {
		full.hours = [2]string{"de ", " à "} // plain language avoids signs, and what is abbreviated
		bare := full
		bare.weekday = noWeekday
		return []calendar{full, bare}
	}
	short := full
	short.weekday = func(d time.Weekday) string { return web.FrenchDay(d)[:3] + ". " }
	short.month = func(m time.Month) string { return " " + shortMonth(m) }
	short.hour, short.hours = compactHour, [2]string{"", "-"}
	bare := short
	bare.weekday = noWeekday
	digits := bare
	digits.month = func(m time.Month) string { return fmt.Sprintf("/%02d", m) }
	digits.ordinal = func(n int) string { return fmt.Sprintf("%02d", n) }
	digits.days, digits.comma, digits.among = [2]string{"", " au "}, " ", " "
	return []calendar{full, short, bare, digits}
}

func english() []calendar {
	full := calendar{
		weekday: func(d time.Weekday) string { return d.String() + " " },
		month:   func(m time.Month) string { return " " + m.String() },
		ordinal: strconv.Itoa, hour: func(t time.Time) string { return t.Format("15:04") },
		until: "until ", days: [2]string{"from ", " to "}, hours: [2]string{"", " – "}, comma: ", ", among: ", ",
	}
	short := full
	short.weekday = func(d time.Weekday) string { return d.String()[:3] + " " }
	short.month = func(m time.Month) string { return " " + m.String()[:3] }
	short.hours = [2]string{"", "-"}
	bare := short
	bare.weekday = noWeekday
	return []calendar{full, short, bare}
}

func (c calendar) day(t time.Time) string {
	return c.weekday(t.Weekday()) + c.ordinal(t.Day()) + c.month(t.Month())
}

// at is the hour of a moment behind a sign; midnight, or the minute before, is a
// date without an hour.
func (c calendar) at(sign string, t time.Time) string {
	if endOfDay(t) {
		return ""
	}
	return sign + c.hour(t)
}

func noWeekday(time.Weekday) string { return "" }

func frenchOrdinal(n int) string {
	if n == 1 {
		return "1er"
	}
	return strconv.Itoa(n)
}

// shortMonth is "janv.": months of up to four letters stay whole.
func shortMonth(m time.Month) string {
	name := []rune(web.FrenchMonth(m))
	switch {
	case len(name) <= 4:
		return string(name)
	case m == time.September || m == time.January || m == time.July || m == time.February:
		return string(name[:4]) + "."
	}
	return string(name[:3]) + "."
}

func frenchHour(t time.Time) string {
	if t.Minute() == 0 {
		return fmt.Sprintf("%d h", t.Hour())
	}
	return fmt.Sprintf("%d h %02d", t.Hour(), t.Minute())
}

func compactHour(t time.Time) string {
	if t.Minute() == 0 {
		return fmt.Sprintf("%dh", t.Hour())
	}
	return fmt.Sprintf("%dh%02d", t.Hour(), t.Minute())
}
