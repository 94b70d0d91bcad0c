package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	nbsp       = "\u00a0" // no-break space
	narrowNBSP = "\u202f" // narrow no-break space: groups of digits, before ; ! ? in French
)

// Translator speaks one language, in one time zone. Immutable and safe for concurrent use.
type Translator struct {
	Language  string // "fr" or "en"
	catalogue *Catalogue
	location  *time.Location
	now       func() time.Time
}

// T returns the text of a key. args are pairs of placeholder name and value; the pair "n" also chooses the
// plural form. Numbers and times are formatted in the language. An unknown key or an odd number of args is an error
// of the program: the key itself is returned so that the page still stands.
func (t *Translator) T(key string, args ...any) string {
	values := make(map[string]string, len(args)/2)
	var count float64
	counted := false
	for i := 0; i+1 < len(args); i += 2 {
		name := fmt.Sprint(args[i])
		values[name] = t.format(args[i+1])
		if n, ok := toFloat(args[i+1]); ok && name == "n" {
			count, counted = n, true
		}
	}
	return fill(t.catalogue.text(t.Language, key, count, counted), values)
}

func (t *Translator) format(value any) string {
	if n, ok := toFloat(value); ok {
		return t.Number(n)
	}
	if when, ok := value.(time.Time); ok {
		return t.DateTime(when)
	}
	return fmt.Sprint(value)
}

func toFloat(value any) (float64, bool) {
	switch n := value.(type) {
	case int:
		return float64(n), true
	case int32:
		return float64(n), true
	case int64:
		return float64(n), true
	case uint:
		return float64(n), true
	case uint32:
		return float64(n), true
	case uint64:
		return float64(n), true
	case float32:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

// Number writes a number with at most two decimals: "1 234,5" in French, "1,234.5" in English.
// Anything that is not a number is written as it is.
func (t *Translator) Number(value any) string {
	n, ok := toFloat(value)
	if !ok {
		return fmt.Sprint(value)
	}
	return t.decimals(n, -1)
}

// decimals writes n with a fixed number of decimals, or up to two when places is -1.
func (t *Translator) decimals(n float64, places int) string {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return "–"
	}
	digits := strconv.FormatFloat(math.Abs(n), 'f', max(places, 2), 64)
	if places >= 0 {
		digits = strconv.FormatFloat(math.Abs(n), 'f', places, 64)
	} else {
		digits = strings.TrimSuffix(strings.TrimRight(digits, "0"), ".")
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	separator, point := ",", "."
	if t.Language == "fr" {
		separator, point = narrowNBSP, ","
	}
	out := group(whole, separator)
	if fraction != "" {
		out += point + fraction
	}
	if n < 0 && strings.Trim(digits, "0.") != "" {
		out = "−" + out
	}
	return out
}

func group(digits, separator string) string {
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(separator)
		}
		b.WriteRune(d)
	}
	return b.String()
}

// Percent writes a ratio of 0 to 1: "12,5 %" in French, "12.5%" in English, with one decimal at most.
func (t *Translator) Percent(ratio float64) string {
	n := t.decimals(math.Round(ratio*1000)/10, -1)
	if t.Language == "fr" {
		return n + nbsp + "%"
	}
	return n + "%"
}

// Euros writes an amount given in millionths of a euro (costMicroEUR), to the cent, or to four decimals under ten cents.
func (t *Translator) Euros(microEUR int64) string {
	places := 2
	if abs := max(microEUR, -microEUR); abs != 0 && abs < 100_000 {
		places = 4
	}
	n := t.decimals(float64(microEUR)/1e6, places)
	if t.Language == "fr" {
		return n + nbsp + "€"
	}
	return "€" + n
}

// Date is "lundi 23 novembre 2026" in French ("1er" on the first of a month), "Monday 23 November 2026" in English.
func (t *Translator) Date(when time.Time) string {
	when = when.In(t.location)
	if t.Language != "fr" {
		return when.Format("Monday 2 January 2006")
	}
	day := strconv.Itoa(when.Day())
	if when.Day() == 1 {
		day = "1er"
	}
	return FrenchDay(when.Weekday()) + " " + day + nbsp + FrenchMonth(when.Month()) + " " + strconv.Itoa(when.Year())
}

// ShortDate is "23/11/2026".
func (t *Translator) ShortDate(when time.Time) string {
	return when.In(t.location).Format("02/01/2006")
}

// Clock is "20 h 15" or "9 h" in French, "20:15" in English.
func (t *Translator) Clock(when time.Time) string {
	when = when.In(t.location)
	if t.Language != "fr" {
		return when.Format("15:04")
	}
	hour := strconv.Itoa(when.Hour()) + nbsp + "h"
	if when.Minute() == 0 {
		return hour
	}
	return hour + nbsp + fmt.Sprintf("%02d", when.Minute())
}

// DateTime is "lundi 23 novembre 2026 à 20 h 15".
func (t *Translator) DateTime(when time.Time) string {
	if t.Language != "fr" {
		return t.Date(when) + " at " + t.Clock(when)
	}
	return t.Date(when) + " à " + t.Clock(when)
}

// Ago is the distance from now: "il y a 5 min", "dans 2 h", and the date beyond thirty days.
func (t *Translator) Ago(when time.Time) string {
	distance := t.now().Sub(when)
	direction := "time.ago"
	if distance < 0 {
		distance, direction = -distance, "time.in"
	}
	switch {
	case distance < 45*time.Second:
		return t.T("time.now")
	case distance > 30*24*time.Hour:
		return t.Date(when)
	}
	return t.T(direction, "duration", t.Duration(distance))
}

// Duration is rounded to its largest unit: "40 s", "5 min", "3 h", "2 j" ("2 d" in English).
func (t *Translator) Duration(d time.Duration) string {
	unit := func(key string, size time.Duration) string {
		return t.Number(math.Round(float64(d)/float64(size))) + nbsp + t.T(key)
	}
	switch {
	case d < time.Second:
		return unit("unit.milliseconds", time.Millisecond)
	case d < time.Minute-time.Second/2:
		return unit("unit.seconds", time.Second)
	case d < time.Hour-time.Minute/2:
		return unit("unit.minutes", time.Minute)
	case d < 36*time.Hour:
		return unit("unit.hours", time.Hour)
	}
	return unit("unit.days", 24*time.Hour)
}

// NoBreaks sets text as French is printed: with a space that no line breaks at before : ; ? ! » % and €, and after «.
// A text that already has them, or whose language puts no space there, is left as it is.
func NoBreaks(text string) string {
	if !strings.ContainsAny(text, ":;?!«»%€") {
		return text
	}
	return strings.NewReplacer(
		" :", nbsp+":", " »", nbsp+"»", "« ", "«"+nbsp, " %", nbsp+"%", " €", nbsp+"€",
		" ;", narrowNBSP+";", " ?", narrowNBSP+"?", " !", narrowNBSP+"!",
	).Replace(text)
}

// FrenchDay is "lundi": days are written without a capital.
func FrenchDay(d time.Weekday) string {
	return [...]string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"}[d]
}

// FrenchMonth is "janvier": months are written without a capital.
func FrenchMonth(m time.Month) string {
	return [...]string{
		"janvier", "février", "mars", "avril", "mai", "juin", "juillet",
		"août", "septembre", "octobre", "novembre", "décembre",
	}[m-1]
}

// Capital begins a label as a sentence does.
func Capital(label string) string {
	first, size := utf8.DecodeRuneInString(label)
	return string(unicode.ToUpper(first)) + label[size:]
}
