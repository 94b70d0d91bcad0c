package rewrite

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/crieur/crieur/events/territory"
)

//go:embed words.txt
var commonWords string

// common gives the usual form of a folded word.
var common = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(commonWords) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for w := range strings.FieldsSeq(line) {
			m[territory.Fold(w)] = w
		}
	}
	return m
})

// Calm gives its usual case and accents to what is written all in capitals:
// "TRAVAUX RUE VICTOR HUGO" is "Travaux rue Victor Hugo". Words that are not
// common ones keep a capital, acronyms and numbers of roads stay. A text of
// which less than half the words are common stays as it is: it is a name.
func Calm(s string) string {
	if !shouted(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	first, way := true, false // at the beginning of a sentence, after "rue"
	for _, part := range pieces(s) {
		if r, _ := utf8.DecodeRuneInString(part); !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			first = first || strings.ContainsAny(part, ".!?\n|") || strings.Contains(part, " - ") || strings.Contains(part, " – ")
			way = way && strings.TrimSpace(part) == ""
			b.WriteString(part)
			continue
		}
		w := calm(part, way)
		way = named(w) || way && (linking(w) || titled(w))
		if first {
			w = capital(w)
		}
		first = false
		b.WriteString(w)
	}
	return b.String()
}

// shouted reports whether a text is in capitals, and of common words.
func shouted(s string) bool {
	upper, lower := 0, 0
	for _, r := range s {
		switch {
		case unicode.IsUpper(r):
			upper++
		case unicode.IsLower(r):
			lower++
		}
	}
	if upper < 7 || lower*4 > upper {
		return false
	}
	known, words := 0, 0
	for _, part := range pieces(s) {
		if utf8.RuneCountInString(part) < 2 || !unicode.IsLetter([]rune(part)[0]) {
			continue
		}
		words++
		if _, ok := common()[territory.Fold(part)]; ok {
			known++
		}
	}
	return known*2 >= words
}

// pieces parts a text in words, as common holds them, and what is between.
func pieces(s string) []string {
	var list []string
	start, word := 0, false
	for i, r := range s {
		letter := unicode.IsLetter(r) || unicode.IsDigit(r)
		if letter != word && i > start {
			list = append(list, s[start:i])
			start = i
		}
		word = letter
	}
	if start < len(s) {
		list = append(list, s[start:])
	}
	return list
}

// calm is the usual form of one word in capitals. name says that it is part
// of the name of a street.
func calm(w string, name bool) string {
	n := utf8.RuneCountInString(w)
	folded := territory.Fold(w)
	known, ok := common()[folded]
	if strings.IndexFunc(w, func(r rune) bool { return r > unicode.MaxASCII }) >= 0 {
		known = strings.ToLower(w) // it has its accents
	}
	switch {
	case strings.IndexFunc(w, unicode.IsDigit) >= 0, strings.IndexFunc(w, unicode.IsLower) >= 0, acronym(folded), roman(w):
		return w
	case n == 1: // l', d', y
		return strings.ToLower(w)
	case ok && name && !linking(known) && !state(known):
		return capital(known)
	case ok:
		return known
	case n > 1 && n < 6 && !strings.ContainsAny(folded, "aeiouy"):
		return w
	}
	return capital(strings.ToLower(w))
}

// named reports whether the words after w are a name.
func named(w string) bool {
	switch w {
	case "rue", "avenue", "boulevard", "place", "quai", "square", "allée", "allées", "impasse", "chemin", "école", "collège", "lycée", "stade":
		return true
	}
	return false
}

func linking(w string) bool {
	switch strings.ToLower(w) {
	case "de", "du", "des", "la", "le", "les", "d", "l", "et", "à", "au", "aux", "en", "sur":
		return true
	}
	return false
}

// titled reports whether a name of a street goes on after w: rue des Frères Lumière.
func titled(w string) bool {
	switch strings.ToLower(w) {
	case "frères", "soeurs", "sœurs", "docteur", "général", "maréchal", "président", "capitaine", "colonel", "commandant", "amiral", "abbé", "professeur", "père":
		return true
	}
	return false
}

// state is what is said of a street rather than its name.
func state(w string) bool {
	switch w {
	case "barrée", "barrées", "fermée", "fermées", "coupée", "interdite", "départementale", "nationale", "municipal", "municipale", "maternelle",
		"élémentaire", "primaire", "public", "publique", "communal", "communale", "handicap", "pour", "par", "dans", "avec", "travaux", "fermeture", "circulation", "stationnement":
		return true
	}
	return false
}

func acronym(folded string) bool {
	switch folded {
	case "sncf", "ter", "tgv", "edf", "enedis", "grdf", "suez", "veolia", "caf", "cpam", "msa", "ccas", "cias", "ehpad", "plu", "plui", "scot", "ppri", "pcs",
		"rer", "ratp", "tcl", "tbm", "onf", "ars", "insee", "covid", "rsa", "bafa", "smic", "dicrim", "ademe", "anct", "asl", "aep", "cm", "cm1", "cm2", "ce1",
		"ce2", "cp", "ram", "rpe", "pmi", "pmr", "ulis", "usep", "unss", "ag", "am", "sos", "samu", "sdis", "stib", "spanc", "rd", "rn", "vc", "pv", "odj", "cr", "dj", "tv", "vtt", "vae", "bcd", "alsh", "sivom", "sivu", "epci":
		return true
	}
	return false
}

func roman(w string) bool {
	return len(w) > 1 && strings.Trim(w, "IVX") == ""
}

func capital(w string) string {
	r, n := utf8.DecodeRuneInString(w)
	return string(unicode.ToUpper(r)) + w[n:]
}
