package channel

import (
	"strconv"
	"strings"
	"time"
)

// foreign are the calendars of a language that is neither French nor English: a
// full writing, and digits.
func foreign(language string) []calendar {
	c := calendar{
		ordinal: strconv.Itoa, year: yearAfter(" "), hour: clock,
		hours: [2]string{"", " – "}, comma: ", ", among: ", ",
	}
	to := " - "
	switch language {
	case "pt":
		c.weekday = weekdays("domingo segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado", " ")
		c.month = months("de janeiro|de fevereiro|de março|de abril|de maio|de junho|de julho|de agosto|de setembro|de outubro|de novembro|de dezembro")
		c.year, c.among = yearAfter(" de "), " às "
		c.days = [2]string{"de ", " a "}
		c.until, c.since, c.starting, c.by, c.nights, c.midnight = "até ", "desde ", "a partir de ", "até às ", "noites ", "meia-noite"
	case "es":
		c.weekday = weekdays("domingo lunes martes miércoles jueves viernes sábado", " ")
		c.month = months("de enero|de febrero|de marzo|de abril|de mayo|de junio|de julio|de agosto|de septiembre|de octubre|de noviembre|de diciembre")
		c.year = yearAfter(" de ")
		c.days = [2]string{"del ", " al "}
		c.until, c.since, c.starting, c.by, c.nights, c.midnight = "hasta el ", "desde el ", "a partir del ", "hasta las ", "noches ", "medianoche"
	case "ca":
		c.weekday = weekdays("diumenge dilluns dimarts dimecres dijous divendres dissabte", " ")
		c.month = months("de gener|de febrer|de març|d’abril|de maig|de juny|de juliol|d’agost|de setembre|d’octubre|de novembre|de desembre")
		c.year = yearAfter(" de ")
		c.days = [2]string{"de ", " a "}
		c.until, c.since, c.starting, c.by, c.nights, c.midnight = "fins a ", "des de ", "a partir de ", "fins a les ", "nits ", "mitjanit"
	case "it":
		c.weekday = weekdays("domenica lunedì martedì mercoledì giovedì venerdì sabato", " ")
		c.month = months("gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre|novembre|dicembre")
		c.days = [2]string{"da ", " a "}
		c.until, c.since, c.starting, c.by, c.nights, c.midnight = "fino a ", "da ", "a partire da ", "fino alle ", "notti ", "mezzanotte"
	case "de":
		c.weekday = weekdays("Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag", ", ")
		c.month = months("Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember")
		c.ordinal = func(n int) string { return strconv.Itoa(n) + "." }
		c.hour = func(t time.Time) string { return clock(t) + " Uhr" }
		c.days = [2]string{"von ", " bis "}
		c.until, c.since, c.starting, c.by, c.nights, c.midnight = "bis ", "seit ", "ab ", "bis ", "nachts ", "Mitternacht"
	case "ar":
		c.weekday = weekdays("الأحد الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت", " ")
		c.month = months("يناير|فبراير|مارس|أبريل|مايو|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر")
		c.days = [2]string{"من ", " إلى "}
		c.hours, to = c.days, c.days[1] // which side of a dash comes first depends on who lays the line out
		c.comma, c.among = "، ", "، "
		c.until, c.since, c.starting, c.by, c.nights, c.midnight = "حتى ", "منذ ", "ابتداءً من ", "حتى ", "ليلاً ", "منتصف الليل"
	}
	digits := c.digits(to)
	digits.hour = clock
	return []calendar{c, digits}
}

// weekdays are named from Sunday.
func weekdays(names, sign string) func(time.Weekday) string {
	return func(d time.Weekday) string { return strings.Fields(names)[d] + sign }
}

func months(names string) func(time.Month) string {
	return func(m time.Month) string { return " " + strings.Split(names, "|")[m-1] }
}
