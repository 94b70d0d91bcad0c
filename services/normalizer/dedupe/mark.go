package dedupe

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/normalizer/area"
)

// marks are what names one thing among its like, as far as a message tells it.
type marks struct {
	phenomenon string
	reach      []string // of a river under vigilance: "garonne", "girondine"
	warned     bool     // it speaks of a vigilance or a warning
	numbers    []string // roads "n10", lines "ligne 5"
	causes     cause    // of what troubles traffic
	streets    []string // folded
	hours      []int    // minutes of the day
	names      []string // folded proper names
}

// maxMarked is how much of a text marks are looked for in, in bytes.
const maxMarked = 1000

func marksOf(f family, m *events.Message) marks {
	text := m.Content.Text
	if text == "" {
		text = m.Content.Summary
	}
	text = text[:min(len(text), maxMarked)] // Fold drops half a rune
	title, folded := territory.Fold(m.Content.Title), territory.Fold(text)
	whole := strings.Fields(title + " " + folded)
	found := marks{names: properNames(m.Content.Title, text)}
	switch f {
	case weather:
		found.warned = m.Topic == "meteo" || slices.Contains(whole, "vigilance") || slices.Contains(whole, "warning")
		found.phenomenon = phenomenon(title)
		if found.phenomenon == "" {
			found.phenomenon = phenomenon(afterVigilance(folded))
		}
		found.reach = reach(m.Content.Title)
	case roads:
		found.numbers, found.causes = numbersOf(strings.Fields(title)), causesOf(whole)
		found.streets = streetsOf(m, text)
	default:
		found.hours = hoursOf(whole)
		found.streets = streetsOf(m, text)
	}
	return found
}

// afterVigilance is what a text says after the word: "vigilance orange vent
// violent par Météo-France".
func afterVigilance(folded string) string {
	_, after, _ := strings.Cut(folded, "vigilance ")
	words := strings.Fields(after)
	return strings.Join(words[:min(len(words), 6)], " ")
}

// reach is the part of a river that a title of Vigicrues names: "Vigilance jaune
// crues : Isle aval".
func reach(title string) []string {
	what, where, ok := strings.Cut(title, ":")
	if what = territory.Fold(what); !ok || !strings.HasPrefix(what, "vigilance") || !strings.Contains(what, "crue") {
		return nil
	}
	if _, whole := territory.France().DepartementByName(strings.TrimSpace(where)); whole {
		return nil
	}
	return strings.Fields(territory.Fold(where))
}

func numbersOf(words []string) []string {
	var numbers []string
	for i, w := range words {
		if n := road(w); n != "" {
			numbers = append(numbers, n)
		}
		if i+1 == len(words) {
			break
		}
		next := words[i+1]
		switch w {
		case "a", "n", "rn", "d", "rd", "departementale", "nationale", "autoroute":
			if number(next) && (w != "a" || i == 0) { // "à 9 h"
				numbers = append(numbers, strings.TrimPrefix(w, "r")[:1]+next)
			}
		case "ligne", "lignes":
			if len(next) <= 3 {
				numbers = append(numbers, "ligne "+next)
			}
		case "tram", "tramway", "metro":
			if len(next) == 1 {
				numbers = append(numbers, "ligne "+next)
			}
		}
	}
	return numbers
}

// road is the usual form of "rn10", "d936" or "a630", empty for other words.
func road(w string) string {
	for _, p := range []string{"rn", "rd", "a", "n", "d"} {
		if rest, ok := strings.CutPrefix(w, p); ok && number(rest) {
			return p[len(p)-1:] + rest
		}
	}
	return ""
}

func number(w string) bool {
	return w != "" && len(w) <= 4 && strings.Trim(w, "0123456789") == ""
}

// cause is a set of what may trouble traffic.
type cause uint8

const (
	works cause = 1 << iota
	accident
	breakdown
	obstacle
	snow
	demonstration
	strike
)

func causesOf(words []string) cause {
	var c cause
	for _, w := range words {
		switch w {
		case "travaux", "chantier", "refection", "entretien", "maintenance", "branchement", "raccordement", "assainissement", "elargissement":
			c |= works
		case "accident", "accidents", "collision":
			c |= accident
		case "panne":
			c |= breakdown
		case "arbre", "arbres", "eboulement", "obstacle", "animaux", "glissement":
			c |= obstacle
		case "neige", "verglas", "deneigement":
			c |= snow
		case "manifestation", "marathon", "defile", "cortege", "course", "braderie", "carnaval":
			c |= demonstration
		case "greve", "preavis":
			c |= strike
		}
	}
	return c
}

// streetsOf are the streets that a message names: resolved, in its title, first
// in its text.
func streetsOf(m *events.Message, text string) []string {
	var list []string
	add := func(s string) {
		if f := territory.Fold(s); f != "" && road(f) == "" && !slices.Contains(list, f) {
			list = append(list, f)
		}
	}
	for _, a := range m.Areas {
		add(a.Place)
	}
	add(area.Street(m.Content.Title))
	add(area.Street(text))
	return list
}

// hoursOf are the times of day in folded words: "20 h 30", "17h", "midi".
func hoursOf(words []string) []int {
	var list []int
	for i, w := range words {
		switch {
		case w == "midi":
			list = append(list, 12*60)
		case w == "minuit":
			list = append(list, 0)
		case w == "h" && i > 0 && number(words[i-1]):
			list = append(list, clock(words[i-1], at(words, i+1)))
		default:
			if hour, minute, ok := strings.Cut(w, "h"); ok && number(hour) && (minute == "" || number(minute)) {
				list = append(list, clock(hour, minute))
			}
		}
	}
	return list
}

func at(words []string, i int) string {
	if i < len(words) && len(words[i]) == 2 && number(words[i]) && words[i] < "60" {
		return words[i]
	}
	return ""
}

// clock is minutes of the day; both are digits, at most four.
func clock(hour, minute string) int {
	n := 0
	for _, r := range hour {
		n = n*10 + int(r-'0')
	}
	m := 0
	for _, r := range minute {
		m = m*10 + int(r-'0')
	}
	return n%24*60 + m
}

// properNames are the words written with a capital inside a sentence, but for
// those of everybody, folded and sorted.
func properNames(title, text string) []string {
	var list []string
	for _, s := range []string{title, text} {
		start := true
		for _, w := range strings.Fields(s) {
			bare := strings.TrimFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
			for _, p := range []string{"l'", "l’", "d'", "d’"} {
				bare = strings.TrimPrefix(bare, p)
			}
			first, _ := utf8.DecodeRuneInString(bare)
			if !start && unicode.IsUpper(first) {
				for n := range strings.FieldsSeq(territory.Fold(bare)) {
					if len(n) > 3 && !everybody(n) {
						list = append(list, n)
					}
				}
			}
			last, _ := utf8.DecodeLastRuneInString(w)
			start = strings.ContainsRune(".:!?«–—-•", last)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// everybody reports whether a name says nothing of which thing it is: feasts and
// those who work everywhere.
func everybody(name string) bool {
	switch name {
	case "noel", "paques", "toussaint", "halloween", "saint", "sainte", "france", "meteo", "etat", "mairie", "ville",
		"enedis", "grdf", "sncf", "veolia", "suez", "departement", "metropole", "prefecture", "maison", "salle", "place", "eglise", "gymnase":
		return true
	}
	return false
}

// phenomenon names that of a vigilance, in French or in MeteoAlarm's English;
// empty when a text tells none.
func phenomenon(folded string) string {
	for _, p := range []struct{ name, words string }{
		{"pluie-inondation", "pluie inondation|pluies inondations|rain flood|rain"},
		{"crues", "crues|crue|flood"},
		{"orages", "orages|orage|thunderstorm"},
		{"vent", "vent violent|vents violents|wind|gusts"},
		{"neige-verglas", "neige verglas|neige|verglas|snow"},
		{"canicule", "canicule|high temperature"},
		{"grand froid", "grand froid|low temperature"},
		{"avalanches", "avalanches|avalanche"},
		{"vagues-submersion", "vagues submersion|coastal"},
	} {
		for w := range strings.SplitSeq(p.words, "|") {
			if strings.Contains(" "+folded+" ", " "+w+" ") {
				return p.name
			}
		}
	}
	return ""
}

// differ reports whether marks say that two things are not the same.
func (m marks) differ(o marks) bool {
	switch {
	case m.phenomenon != "" && o.phenomenon != "" && m.phenomenon != o.phenomenon,
		m.causes != 0 && o.causes != 0 && m.causes&o.causes == 0:
		return true
	}
	return apart(m.numbers, o.numbers) || apart(m.reach, o.reach) || apart(m.hours, o.hours)
}

// apart reports whether two lists say something, and nothing in common.
func apart[T comparable](a, b []T) bool {
	return len(a) > 0 && len(b) > 0 && !slices.ContainsFunc(a, func(x T) bool { return slices.Contains(b, x) })
}

func meet[T comparable](a, b []T) bool { return len(a) > 0 && len(b) > 0 && !apart(a, b) }

// streets tells what is known of the streets of two things: the same, others.
func (m marks) street(o marks) (same, other bool) {
	for _, a := range m.streets {
		if slices.ContainsFunc(o.streets, func(b string) bool { return near(a, b) }) {
			return true, false
		}
	}
	return false, len(m.streets) > 0 && len(o.streets) > 0
}
