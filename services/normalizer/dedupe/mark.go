package dedupe

import (
	"slices"
	"strings"
)

// marks are what names one thing among its like: the phenomenon of a
// vigilance, the number of a road or of a line. title is folded.
type marks struct {
	phenomenon string
	numbers    []string // roads "n10", lines "ligne 5"
}

func marksOf(f family, title string) marks {
	m := marks{}
	words := strings.Fields(title)
	if f == 1 {
		m.phenomenon = phenomenon(title)
	}
	if f != 2 {
		return m
	}
	for i, w := range words {
		switch {
		case road(w) != "":
			m.numbers = append(m.numbers, road(w))
		case i+1 < len(words) && number(words[i+1]):
			switch w {
			case "a", "n", "rn", "d", "rd", "departementale", "nationale", "autoroute":
				if w == "a" && i > 0 {
					continue // "à 9 h"
				}
				m.numbers = append(m.numbers, strings.TrimPrefix(w, "r")[:1]+words[i+1])
			case "ligne", "lignes":
				m.numbers = append(m.numbers, "ligne "+words[i+1])
			}
		}
	}
	return m
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

// phenomenon names that of a vigilance, in French or in MeteoAlarm's English;
// empty when a title tells none.
func phenomenon(title string) string {
	for _, p := range []struct{ name, words string }{
		{"pluie-inondation", "pluie inondation|pluies inondations|rain flood|rain"},
		{"crues", "crues|crue|flood"},
		{"orages", "orages|orage|thunderstorm"},
		{"vent", "vent violent|vents violents|wind"},
		{"neige-verglas", "neige verglas|neige|verglas|snow"},
		{"canicule", "canicule|high temperature"},
		{"grand froid", "grand froid|low temperature"},
		{"avalanches", "avalanches|avalanche"},
		{"vagues-submersion", "vagues submersion|coastal"},
	} {
		for w := range strings.SplitSeq(p.words, "|") {
			if strings.Contains(" "+title+" ", " "+w+" ") {
				return p.name
			}
		}
	}
	return ""
}

// differ reports whether marks say that two things are not the same.
func (m marks) differ(o marks) bool {
	if m.phenomenon != "" && o.phenomenon != "" && m.phenomenon != o.phenomenon {
		return true
	}
	return len(m.numbers) > 0 && len(o.numbers) > 0 &&
		!slices.ContainsFunc(m.numbers, func(n string) bool { return slices.Contains(o.numbers, n) })
}
