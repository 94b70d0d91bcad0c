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
	weekday func(time.Weekday) string // with what parts it from the day, empty when left out
	ordinal func(int) string
	month   func(time.Month) string // with what is before it
	year    func(int) string        // the same
	hour    func(time.Time) string
	days    [2]string // before the first and the last of several days
	hours   [2]string // the same of hours
	comma   string    // between a day and its hours
	among   string    // the same among several days

	until    string // before a last day alone
	since    string // before a first day alone, when it was
	starting string // the same, when it will be
	by       string // before a last hour alone
	nights   string // before several days of which the nights are meant
	midnight string // where a day ends
}

// calendarsIn are a language's, from the fullest to the shortest.
func calendarsIn(language string) []calendar {
	switch spoken := wording(language); spoken {
	case "fr":
		return french(events.IsPlainLanguage(language))
	case "en":
		return english()
	default:
		return foreign(spoken)
	}
}

func french(plain bool) []calendar {
	full := calendar{
		weekday: func(d time.Weekday) string { return web.FrenchDay(d) + " " },
		month:   func(m time.Month) string { return " " + web.FrenchMonth(m) },
		ordinal: frenchOrdinal, year: yearAfter(" "), hour: frenchHour,
		days: [2]string{"du ", " au "}, hours: [2]string{"", " – "}, comma: ", ", among: " à ",
		until: "jusqu’au ", since: "depuis le ", starting: "à partir du ", by: "jusqu’à ", nights: "les nuits ", midnight: "minuit",
	}
	if plain {
		full.hours = [2]string{"de ", " à "} // plain language avoids signs, and what is abbreviated
		return []calendar{full, full.bare()}
	}
	short := full
	short.weekday = func(d time.Weekday) string { return web.FrenchDay(d)[:3] + ". " }
	short.month = func(m time.Month) string { return " " + shortMonth(m) }
	short.hour, short.hours = compactHour, [2]string{"", "-"}
	short.starting, short.nights = "dès le ", "nuits "
	return []calendar{full, short, short.bare(), short.digits(" au ")}
}

func english() []calendar {
	full := calendar{
		weekday: func(d time.Weekday) string { return d.String() + " " },
		month:   func(m time.Month) string { return " " + m.String() },
		ordinal: strconv.Itoa, year: yearAfter(" "), hour: clock,
		days: [2]string{"from ", " to "}, hours: [2]string{"", " – "}, comma: ", ", among: ", ",
		until: "until ", since: "since ", starting: "from ", by: "until ", nights: "nights ", midnight: "midnight",
	}
	short := full
	short.weekday = func(d time.Weekday) string { return d.String()[:3] + " " }
	short.month = func(m time.Month) string { return " " + m.String()[:3] }
	short.hours = [2]string{"", "-"}
	return []calendar{full, short, short.bare()} // no digits: 12/05 is in December for some
}

// bare leaves the weekday out.
func (c calendar) bare() calendar {
	c.weekday = func(time.Weekday) string { return "" }
	return c
}

// digits writes no word that can do without: "04/05 9h-17h".
func (c calendar) digits(to string) calendar {
	c = c.bare()
	c.month = func(m time.Month) string { return fmt.Sprintf("/%02d", m) }
	c.ordinal = func(n int) string { return fmt.Sprintf("%02d", n) }
	c.year = func(n int) string { return fmt.Sprintf("/%02d", n%100) }
	c.days, c.comma, c.among = [2]string{"", to}, " ", " "
	return c
}

// day writes a day, with its year where it is needed.
func (c calendar) day(t time.Time, year bool) string {
	s := c.weekday(t.Weekday()) + c.ordinal(t.Day()) + c.month(t.Month())
	if year {
		s += c.year(t.Year())
	}
	return s
}

// at is the hour of a moment behind a sign; midnight, or the minute before, is a
// date without an hour.
func (c calendar) at(sign string, t time.Time) string {
	if endOfDay(t) {
		return ""
	}
	return sign + c.hour(t)
}

func yearAfter(sign string) func(int) string {
	return func(n int) string { return sign + strconv.Itoa(n) }
}

func clock(t time.Time) string { return t.Format("15:04") }

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
