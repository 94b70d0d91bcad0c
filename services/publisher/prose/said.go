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
	days    = `((?:` + named + space + `*(?:,|-|–|&|et|au|ou|to|and)` + space + `*)*` + named + `)` + space + `(` + month + `)(?:` + space + `(\d{4}))?\b`
	slashed = `\b(\d{1,2})/(\d{1,2})\b(?:/\d{2,4})?`
	hour    = `\b(?:(\d{1,2})` + space + `?(?:heures?|h)(?:` + space + `?(\d{2}))?\b|(\d{1,2}):(\d{2})\b|midi\b|minuit\b)`
	joins   = `(?:[\s\x{A0}\x{202F},–/-]|à|au|et|de|du|le|dès|to|from)*`
	moment  = `(?i)(?:\b(?:du|de|le|les|au|dès|entre|from|on|until)` + space + `+)?(?:` + days + `|` + slashed + `|` + hour + `)(?:` + joins + `(?:` + days + `|` + slashed + `|` + hour + `))*`
)

var (
	momentRe  = regexp.MustCompile(moment)
	daysRe    = regexp.MustCompile(`(?i)\b` + days)
	numberRe  = regexp.MustCompile(`\d{1,2}`)
	slashedRe = regexp.MustCompile(slashed)
	hourRe    = regexp.MustCompile(`(?i)` + hour)
)

// moments are where a text says when, each with all its days and hours.
func moments(text string) [][]int { return momentRe.FindAllStringIndex(text, -1) }

// day is a day of any year.
type day struct{ month, day int }

func daysIn(text string) []day {
	var list []day
	for _, m := range daysRe.FindAllStringSubmatch(text, -1) {
		if year := m[3]; year != "" && year < "2000" {
			continue // a street's: "place du 8 mai 1945"
		}
		for _, n := range numberRe.FindAllString(m[1], -1) {
			list = append(list, day{monthOf(m[2]), atoi(n)})
		}
	}
	for _, m := range slashedRe.FindAllStringSubmatch(text, -1) {
		list = append(list, day{atoi(m[2]), atoi(m[1])})
	}
	return list
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

func within[T comparable](part, all []T) bool {
	return len(part) > 0 && !slices.ContainsFunc(part, func(v T) bool { return !slices.Contains(all, v) })
}

// UnsaidWhen is what a title does not say of a time in words: all of it, only
// its days or its hours, or nothing. "12 mai de 8h30 à 12h" says "mardi 12 mai,
// 8 h 30 – 12 h".
func UnsaidWhen(title, when string) string {
	days, hours := daysIn(when), hoursIn(when)
	saysDays, saysHours := within(days, daysIn(title)), within(hours, hoursIn(title))
	first := hourRe.FindStringIndex(when)
	switch {
	case contains(title, when), saysDays && (saysHours || len(hours) == 0):
		return ""
	case first == nil, len(daysIn(when[first[0]:])) > 0:
		return when // its days and hours are mixed
	case saysDays:
		if _, rest, ok := strings.Cut(when, ", "); ok {
			return rest
		}
		return when[first[0]:]
	case saysHours && len(days) > 0:
		return strings.TrimRight(strings.TrimSuffix(strings.TrimRight(when[:first[0]], " "), ", de"), ", ")
	}
	return when
}

// UnsaidWhere is a place that a title does not say, empty when it does. A title
// that names the street says "Rue Pasteur, Pessac (33600)": residents know their
// town.
func UnsaidWhere(title, place string) string {
	street, town, _ := strings.Cut(place, ", ")
	if contains(title, place) || townRe.MatchString(town) && len(strings.Fields(street)) > 1 && contains(title, street) {
		return ""
	}
	return place
}

var townRe = regexp.MustCompile(`^(?:\d{5} )?\p{Lu}[\p{L}’' -]*(?: \(\d+\))?$`)

// contains reports whether a text says another, whatever its capitals and signs.
func contains(text, other string) bool {
	return strings.Contains(plain(text), plain(other))
}

func plain(s string) string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return " " + strings.Join(words, " ") + " "
}
