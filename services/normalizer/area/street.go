package area

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/crieur/crieur/events/territory"
)

// Street returns the first street a text names, as it is written: "rue
// Nationale", "12 avenue de la République", "place du marché". The streets of a
// diversion are not where something is. The empty string when there is none.
func Street(text string) string {
	if len(text) > 4000 {
		text = text[:4000]
	}
	for at := 0; at < len(text); {
		start, end := nextWord(text, at)
		if start < 0 {
			return ""
		}
		if way(territory.Fold(text[start:end])) {
			if stop := nameEnd(text, end); stop > end && !puts(text[start:stop]) && !diversion(text[:start]) {
				return strings.Join(strings.Fields(text[number(text, start):stop]), " ")
			}
		}
		at = end
	}
	return ""
}

// puts reports whether "place" is the verb: "Météo-France place la Gironde en
// vigilance". Squares are named without article, or after "de".
func puts(name string) bool {
	words := strings.Fields(name)
	return words[0] == "place" && len(words) > 1 && (words[1] == "la" || words[1] == "le" || words[1] == "les")
}

// diversion reports whether what ends a text is the way round: "déviation par",
// "emprunter", in the same sentence.
func diversion(before string) bool {
	sentence := territory.Fold(before[strings.LastIndexAny(before, ".!?;\n")+1:])
	if strings.Contains(sentence, "emprunt") {
		return true
	}
	for _, w := range []string{"devi", "itineraire", "contourn"} {
		if _, after, ok := strings.Cut(" "+sentence, " "+w); ok && strings.Contains(after+" ", " par ") {
			return true
		}
	}
	return false
}

func way(w string) bool {
	switch w {
	case "rue", "avenue", "boulevard", "bd", "place", "chemin", "route", "impasse", "allee", "allees", "quai", "cours", "square",
		"esplanade", "passage", "venelle", "ruelle", "faubourg", "promenade", "sentier", "montee", "mail", "rond":
		return true
	}
	return false
}

// nextWord returns the bounds of the next run of letters and digits, hyphens
// and apostrophes inside it included.
func nextWord(s string, at int) (int, int) {
	start := -1
	for i, r := range s[at:] {
		letter := unicode.IsLetter(r) || unicode.IsDigit(r)
		if start < 0 {
			if letter {
				start = at + i
			}
			continue
		}
		if !letter && r != '-' && r != '\'' && r != '’' {
			return start, at + i
		}
	}
	if start < 0 {
		return -1, -1
	}
	return start, len(s)
}

// nameEnd returns where the name of a way that ends at end stops; end when no
// name follows. A name goes on over small words as long as capitals or numbers
// follow; after "du" or "de la", one common noun is a name too.
func nameEnd(text string, end int) int {
	stop, at, words := end, end, 0
	linked, dated := false, false
	for words < 7 {
		start, next := nextWord(text, at)
		if start < 0 || strings.TrimLeft(text[at:start], " \u00a0\t") != "" && !initial(text[:at], text[at:start]) {
			break
		}
		w := text[start:next]
		r, _ := utf8.DecodeRuneInString(w)
		switch {
		case link(w):
			linked = true
			at = next
			words++
			continue
		case unicode.IsDigit(r) && (linked && stop == end || dated && len(w) == 4): // rue du 8 Mai 1945
			dated = true
			stop = next
		case w == "1er" && !linked && stop > end && !month(text, next): // boulevard Albert 1er
			stop = next
		case unicode.IsUpper(r), elided(w):
			stop = next
		case linked && stop == end && !joined(text[end:at]) && !common(text[max(0, end-len("passage")):end]):
			return next // place du marché
		default:
			return stop
		}
		linked = false
		at = next
		words++
	}
	return stop
}

// initial reports whether a text ends with a capital, and between is its full stop:
// "rue A. Briand", "rue J.-J. Rousseau".
func initial(text, between string) bool {
	r, n := utf8.DecodeLastRuneInString(text)
	before, _ := utf8.DecodeLastRuneInString(text[:len(text)-n])
	mark := strings.TrimRight(between, " \u00a0")
	return unicode.IsUpper(r) && (before == '-' || unicode.IsSpace(before)) && (mark == "." || mark == ".-")
}

// common reports whether the way that a text ends with is one before a name alone:
// "passage du jury", "montée des eaux", "cours de la séance" are none.
func common(text string) bool {
	text = territory.Fold(text)
	return strings.HasSuffix(text, "cours") || strings.HasSuffix(text, "passage") || strings.HasSuffix(text, "montee")
}

// month reports whether the next word is one of the twelve months.
func month(text string, at int) bool {
	start, end := nextWord(text, at)
	if start < 0 {
		return false
	}
	switch territory.Fold(text[start:end]) {
	case "janvier", "fevrier", "mars", "avril", "mai", "juin", "juillet", "aout", "septembre", "octobre", "novembre", "decembre":
		return true
	}
	return false
}

func link(w string) bool {
	switch strings.ToLower(w) {
	case "de", "du", "des", "la", "le", "les", "et", "sur", "aux", "au", "en":
		return true
	}
	return false
}

// joined reports whether small words only go on with a sentence: "au détour
// d'une allée et peut-être", "rue en travaux" name no street.
func joined(between string) bool {
	first, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(between)), " ")
	return first == "et" || first == "en" || first == "sur" || first == "le"
}

// elided is a word such as "l'Église" or "d’Alsace".
func elided(w string) bool {
	for _, p := range []string{"l'", "l’", "d'", "d’", "L'", "L’", "D'", "D’"} {
		if rest, ok := strings.CutPrefix(w, p); ok {
			r, _ := utf8.DecodeRuneInString(rest)
			return unicode.IsLetter(r) && !counted(rest)
		}
	}
	return false
}

// number steps back over a house number before a way: "12 bis, ".
func number(text string, start int) int {
	head := strings.TrimRight(text[:start], " \u00a0,")
	i := len(head)
	for _, again := range []string{" bis", " ter"} {
		if n := i - len(again); n >= 0 && strings.EqualFold(head[n:], again) {
			i = n
			break
		}
	}
	j := i
	for j > 0 && head[j-1] >= '0' && head[j-1] <= '9' {
		j--
	}
	if j == i || i-j > 4 || j > 0 && head[j-1] != ' ' && head[j-1] != '\n' && head[j-1] != '(' {
		return start
	}
	return j
}

// counted are words after an elision that name nothing: "à la place d’un arbre".
func counted(rest string) bool {
	switch strings.ToLower(rest) {
	case "un", "une", "autres", "autre", "ici", "où":
		return true
	}
	return false
}
