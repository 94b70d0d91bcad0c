package prose

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Days and hours as people write them, in French and English.
const (
	space   = `[\s\x{A0}\x{202F}]`
	weekday = `(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|(?:lun|mar|mer|jeu|ven|sam|dim)\.|(?:mon|tues|wednes|thurs|fri|satur|sun)day)`
	month   = `(?:janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre|(?:janv|févr|avr|juil|sept|oct|nov|déc)\.?|january|february|march|april|may|june|july|august|september|october|november|december)`
	number  = `(?:1er|\d{1,2})`
	named   = `(?:` + weekday + space + `)?` + number
	numbers = `(` + number + `(?:` + space + `*(?:,|-|–|&|et|au|ou|to|and)` + space + `*` + named + `)*)` + space + `(` + month + `)(?:` + space + `(\d{4}))?\b`
	days    = `(?:` + weekday + space + `)?` + numbers
	slashed = `\b((?:\d{1,2}(?:-| ?(?:et|au|à|to|&) ?))*\d{1,2})/(\d{1,2})\b(?:/(\d{4}|\d{2})\b)?`
	hour    = `\b(?:(\d{1,2})` + space + `?(?:heures?|h)(?:` + space + `?(\d{2}))?\b|(\d{1,2}):(\d{2})\b|midi\b|minuit\b)`
	joins   = `(?:[\s\x{A0}\x{202F},–/-]|à|au|et|de|du|le|dès|to|from)*`
	moment  = `(?i)(?:\b(?:du|de|le|les|au|dès|entre|from|on|until)` + space + `+)?(?:` + days + `|` + slashed + `|` + hour + `)(?:` + joins + `(?:` + days + `|` + slashed + `|` + hour + `))*`
)

var (
	momentRe  = regexp.MustCompile(moment)
	daysRe    = regexp.MustCompile(`(?i)\b` + numbers)
	numberRe  = regexp.MustCompile(`\d{1,2}`)
	slashedRe = regexp.MustCompile(slashed)
	hourRe    = regexp.MustCompile(`(?i)` + hour)
)

// moments are where a text says when, each with all its days and hours.
func moments(text string) [][]int {
	if timeless(text) {
		return nil
	}
	return momentRe.FindAllStringIndex(text, -1)
}

// timeless reports at little cost that a text says no day and no hour: none is
// without a digit, but for noon and midnight.
func timeless(text string) bool {
	lower := strings.ToLower(text)
	return !strings.ContainsAny(text, "0123456789") && !strings.Contains(lower, "midi") && !strings.Contains(lower, "minuit")
}

// day is a day, of any year when that is 0.
type day struct{ year, month, day int }

func daysIn(text string) []day {
	var list []day
	add := func(year, month int, days string) {
		for _, n := range numberRe.FindAllString(days, -1) {
			list = append(list, day{year, month, atoi(n)})
		}
	}
	for _, m := range daysRe.FindAllStringSubmatch(text, -1) {
		if year := atoi(m[3]); year == 0 || year >= 2000 { // else a street's: "place du 8 mai 1945"
			add(year, monthOf(m[2]), m[1])
		}
	}
	for _, at := range slashedRe.FindAllStringSubmatchIndex(text, -1) {
		of := func(i int) string { return text[max(0, at[2*i]):max(0, at[2*i+1])] }
		if year := atoi(of(3)); isDate(text[:at[0]], of(1), of(2)) {
			if year > 0 && year < 100 {
				year += 2000
			}
			add(year, atoi(of(2)), of(1))
		}
	}
	return list
}

var (
	beforeDate   = regexp.MustCompile(`(?i)(?:` + weekday + `|\b(?:le|les|du|au|aux|dès|on|from|until|avant|après|jusqu[’']au))` + space + `*$`)
	beforeNumber = regexp.MustCompile(`(?i)(?:\b(?:R?[DNM]|A|lots?|lignes?|bus|dossiers?|arrêtés?)|n[°ºo]s?|/)` + space + `*$`)
)

// isDate tells "le 5/6" and "12/05" from "24/7" and the road "RD 12/05".
func isDate(before, days, month string) bool {
	if m := atoi(month); m < 1 || m > 12 {
		return false
	}
	for _, n := range numberRe.FindAllString(days, -1) {
		if d := atoi(n); d < 1 || d > 31 {
			return false
		}
	}
	inFull := len(days) > 1 && len(month) == 2
	return beforeDate.MatchString(before) || inFull && !beforeNumber.MatchString(before)
}

// monthOf is 1 to 12.
func monthOf(name string) int {
	name = strings.NewReplacer("é", "e", "û", "u", "É", "e", "Û", "u").Replace(strings.ToLower(name))
	for i, starts := range [][]string{
		{"jan"},
		{"fev", "feb"},
		{"mar"},
		{"avr", "apr"},
		{"mai", "may"},
		{"juin", "june"},
		{"jui", "jul"},
		{"aou", "aug"},
		{"sep"},
		{"oct"},
		{"nov"},
		{"dec"},
	} {
		if slices.ContainsFunc(starts, func(s string) bool { return strings.HasPrefix(name, s) }) {
			return i + 1
		}
	}
	return 0
}

func atoi(digits string) int {
	n, _ := strconv.Atoi(digits) // matched, and few
	return n
}

// hoursIn are the minutes of the day that a text says.
func hoursIn(text string) []int {
	var list []int
	for _, m := range hourRe.FindAllStringSubmatch(text, -1) {
		switch h := m[1] + m[3]; {
		case h != "":
			list = append(list, 60*atoi(h)+atoi(m[2]+m[4]))
		case strings.EqualFold(m[0], "midi"):
			list = append(list, 12*60)
		default:
			list = append(list, 0)
		}
	}
	return list
}

func within[T any](part, all []T, same func(said, meant T) bool) bool {
	return len(part) > 0 && !slices.ContainsFunc(part, func(meant T) bool {
		return !slices.ContainsFunc(all, func(said T) bool { return same(said, meant) })
	})
}

func sameHour(said, meant int) bool { return said == meant }

// sameDay takes a year that is not meant as said.
func sameDay(said, meant day) bool {
	return said.month == meant.month && said.day == meant.day && (meant.year == 0 || said.year == meant.year)
}

// UnsaidWhen is what a title does not say of a time in words: all of it, only
// its days or its hours, or nothing. "12 mai de 8h30 à 12h" says "mardi 12 mai,
// 8 h 30 – 12 h". Hours alone would be those of whatever day the title says.
func UnsaidWhen(title, when string) string {
	switch {
	case contains(title, when):
		return ""
	case timeless(title):
		return when // as most titles are, and dates are dear to find
	}
	days, hours, titles := daysIn(when), hoursIn(when), daysIn(title)
	saysDays, saysHours := within(days, titles, sameDay), within(hours, hoursIn(title), sameHour)
	switch {
	case saysDays && (saysHours || len(hours) == 0):
		return ""
	case !saysDays && !saysHours, saysDays && !within(titles, days, func(said, meant day) bool { return sameDay(meant, said) }):
		return when // the title's days are others, or more
	}
	first := hourRe.FindStringIndex(when)
	switch {
	case len(daysIn(when[first[0]:])) > 0:
		return when // its days and hours are mixed
	case saysDays:
		if _, rest, ok := strings.Cut(when, ", "); ok {
			return rest
		}
		return when[first[0]:]
	case len(days) > 0:
		return toHour.ReplaceAllString(when[:first[0]], "")
	}
	return when
}

// toHour leads from a day to its hour.
var toHour = regexp.MustCompile(`(?:,|` + space + `|` + space + `(?:de|à|jusqu’à|until)` + space + `)+$`)

// UnsaidWhere is what a title does not say of a place. A title that names the
// street says "Rue Pasteur, Pessac (33600)", since residents know their town, and
// of "RD 1010, PR 12 à 14" the beginning.
func UnsaidWhere(title, place string) string {
	street, rest := clause(place)
	switch {
	case contains(title, place), contains(title, street) && postcodeRe.MatchString(rest):
		return ""
	case rest == "", len(strings.Fields(street)) < 2, !contains(title, street):
		return place
	case townRe.MatchString(rest) && !streetRe.MatchString(rest):
		return ""
	}
	return rest
}

// clause parts a place from its address, what is in brackets, or its town.
func clause(place string) (name, rest string) {
	at := strings.IndexAny(place, ",(")
	if at < 0 {
		return place, ""
	}
	rest = strings.TrimSpace(place[at+1:])
	if place[at] == '(' {
		rest = strings.Replace(rest, ")", "", 1)
	}
	return strings.TrimSpace(place[:at]), rest
}

var (
	postcodeRe = regexp.MustCompile(`^\d{2,5}$`)
	townRe     = regexp.MustCompile(`^(?:\d{5} )?\p{Lu}[\p{L}’' -]*(?: \(\d+\))?$`)
	streetRe   = regexp.MustCompile(`(?i)^(?:all(?:ée)?|av(?:enue)?|b(?:oulevar)?d|chemin|cours|impasse|passage|place|quai|quartier|route|rue|square)\b`)
)

// contains reports whether a text says another, whatever its capitals, signs and
// abbreviations.
func contains(text, other string) bool {
	return strings.Contains(plain(text), plain(other))
}

// spelledOut are words of addresses, from their abbreviations.
var spelledOut = strings.NewReplacer(
	" all ", " allée ", " av ", " avenue ", " bd ", " boulevard ", " ch ", " chemin ", " imp ", " impasse ", " pl ", " place ",
	" quart ", " quartier ", " r ", " rue ", " rte ", " route ", " sq ", " square ", " st ", " saint ", " ste ", " sainte ",
)

func plain(s string) string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return spelledOut.Replace(" " + strings.Join(words, "  ") + " ")
}
