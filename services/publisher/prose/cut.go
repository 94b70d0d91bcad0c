package prose

import (
	"iter"
	"regexp"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Cut is CutAtWord, and where no word fits as many letters as do.
func Cut(text, mark string, fits func(string) bool) string {
	if kept := CutAtWord(text, mark, fits); kept != "" {
		return kept
	}
	runes := []rune(text)
	long := sort.Search(len(runes), func(n int) bool { return !fits(string(runes[:n])) })
	for n := long - 1; n > 0; n-- {
		if kept := string(runes[:n]) + mark; fits(kept) {
			return kept
		}
	}
	return ""
}

// CutAtWord returns the longest beginning of text that ends where a reader can
// stop and fits with mark; empty when none does. A text that fits is no
// beginning: it is returned as it is.
//
// What is longer must not fit better, or only nearly: fits is asked for words
// by bisection first.
func CutAtWord(text, mark string, fits func(string) bool) string {
	if fits(text) {
		return text
	}
	ends := wordEnds(text)
	within := sort.Search(len(ends), func(i int) bool { return !fits(text[:ends[i]]) })
	near := text // what follows a cut decides on it, not the rest of a long text
	if beyond := within + 8; beyond < len(ends) {
		near = text[:ends[beyond]]
	}
	for kept := range stops(near, ends[:within]) {
		if fits(kept + mark) {
			return kept + mark
		}
	}
	return ""
}

// ReadablePlace is the length, in characters, under which the rest of a place
// that is cut inside a part of it says nothing: "Av.", "8, r.".
const ReadablePlace = 10

// CutPlace is CutAtWord for a place: empty, too, when what fits says no longer
// where.
func CutPlace(place, mark string, fits func(string) bool) string {
	if fits(place) {
		return place
	}
	parts := Clauses(place)
	for kept := range Cuts(place) {
		if (utf8.RuneCountInString(kept) >= ReadablePlace || slices.Contains(parts, kept)) && fits(kept+mark) {
			return kept + mark
		}
	}
	return ""
}

// Clauses are the beginnings of a place up to its commas, dashes and
// parentheses, the longest first: "Mairie, 1 place Foch" has the name of a place
// before its address.
func Clauses(place string) []string {
	words := strings.Fields(place)
	var list []string
	for n := len(words) - 1; n > 0; n-- {
		if words[n-1][0] >= '0' && words[n-1][0] <= '9' {
			continue // "8, rue Foch"
		}
		if strings.HasSuffix(words[n-1], ",") || strings.Trim(words[n], "-–—") == "" || words[n][0] == '(' {
			list = append(list, Trim(strings.Join(words[:n], " ")))
		}
	}
	return list
}

// Cuts lists the beginnings of text that end where a reader can stop, the
// longest first: at a word, neither behind one that wants the next ("avant",
// "Dr", "rue") nor inside a negation, a date, an hour, or a number with what it
// counts. Text itself is none of them.
func Cuts(text string) iter.Seq[string] { return stops(text, wordEnds(text)) }

func stops(text string, ends []int) iter.Seq[string] {
	return func(yield func(string) bool) {
		whole := moments(text)
		for i := len(ends) - 1; i >= 0; i-- {
			for len(whole) > 0 && whole[len(whole)-1][0] >= ends[i] {
				whole = whole[:len(whole)-1]
			}
			inside := len(whole) > 0 && ends[i] < whole[len(whole)-1][1]
			first := i == 0 && !pending(text[:ends[i]])
			if !first && (inside || wantsMore(text[:ends[i]], text[ends[i]:])) {
				continue
			}
			if kept := Trim(text[:ends[i]]); kept != "" && !yield(kept) {
				return
			}
		}
	}
}

// wordEnds are where the words of a text end, but for the last.
func wordEnds(text string) []int {
	var ends []int
	text = strings.TrimRightFunc(text, unicode.IsSpace)
	word := false
	for i, r := range text {
		if unicode.IsSpace(r) && word {
			ends = append(ends, i)
		}
		word = !unicode.IsSpace(r)
	}
	return ends
}

// Trim takes off the end what does not end a cut text: spaces, punctuation, what
// opens.
func Trim(text string) string { return strings.TrimRightFunc(text, trailing) }

func trailing(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune(".,;:…!?/-–—(«&+", r)
}

// wantsMore reports beginnings that say nothing without the next word, or the
// contrary of the whole.
func wantsMore(text, rest string) bool {
	switch {
	case strings.HasPrefix(rest, "\n"):
		return false
	case opened(text), pending(text):
		return true
	}
	next := strings.TrimLeftFunc(rest, unicode.IsSpace)
	last, _ := lastWords(text)
	if stem, dot := strings.CutSuffix(last, "."); dot && (utf8.RuneCountInString(stem) <= 3 || Shortened(last)) {
		return true
	}
	last, before := lastWords(Trim(text))
	first, _ := utf8.DecodeRuneInString(next)
	switch {
	case forbids(text):
		return false
	case toolWord(last), qualifies(before, last), leans(last) && complement.MatchString(next):
		return true
	case strings.Trim(last, "0123456789") == "":
		return !unicode.IsUpper(first)
	case wantsName(last):
		return unicode.IsDigit(first) || unicode.IsUpper(first) || complement.MatchString(next) && !strings.HasSuffix(last, "s") // "tous les quartiers | de la ville"
	}
	return unicode.IsDigit(first) && utf8.RuneCountInString(last) <= 3 // "RD 936"
}

// opened reports an end inside a quotation or a parenthesis.
func opened(text string) bool {
	return strings.Count(text, "«") > strings.Count(text, "»") || strings.Count(text, "(") > strings.Count(text, ")") ||
		strings.Count(text, "“") > strings.Count(text, "”") || strings.Count(text, `"`)%2 > 0
}

// pending reports an end inside what goes in pairs: "ne … pas", without which a
// text says the contrary, and "entre … et".
func pending(text string) bool {
	words, joined := lastClause(text), false
	for i, w := range slices.Backward(words) {
		switch {
		case w == "et":
			joined = true
		case w == "entre" && !joined:
			return true
		case denial(w):
			return false
		case w == "ne" || strings.HasPrefix(w, "n'"):
			return !slices.ContainsFunc(words[:i], denial) // "aucun bus ne circule"
		}
	}
	return false
}

// forbids reports an order that ends with its negation: "Ne buvez pas".
func forbids(text string) bool {
	words := lastClause(text)
	switch last := len(words) - 1; last {
	case 1:
		return strings.HasPrefix(words[0], "n'") && denial(words[last])
	case 2:
		return words[0] == "ne" && denial(words[last])
	}
	return false
}

// lastClause are the last words of a text, from the last of its signs.
func lastClause(text string) []string {
	words := strings.Fields(plainWords(text))
	for i := len(words) - 2; i >= 0; i-- {
		switch w := words[i]; w[len(w)-1] {
		case ',', ':', ';', '!', '?', ')':
			return words[i+1:]
		case '.':
			if !Shortened(w) {
				return words[i+1:]
			}
		}
		if words[i] == "–" || words[i] == "—" {
			return words[i+1:]
		}
	}
	return words
}

func denial(w string) bool {
	switch w {
	case "pas", "plus", "jamais", "ni", "aucun", "aucune", "que", "personne", "rien", "nul", "nulle", "guère":
		return true
	}
	return strings.HasPrefix(w, "qu'")
}

func plainWords(s string) string { return strings.ToLower(strings.ReplaceAll(s, "’", "'")) }

// lastWords are the last word of a text and the one before.
func lastWords(s string) (last, before string) {
	cut := func() (word string) {
		s = strings.TrimRightFunc(s, unicode.IsSpace)
		at := strings.LastIndexFunc(s, unicode.IsSpace)
		if at < 0 {
			word, s = s, ""
			return word
		}
		_, n := utf8.DecodeRuneInString(s[at:])
		word, s = s[at+n:], s[:at]
		return word
	}
	last = cut()
	return last, cut()
}

// complement begins what other words lean on.
var complement = regexp.MustCompile(`(?i)^(?:(?:de|du|des|à|au|aux)[\s\x{A0}\x{202F}]|d['’])`)

// leans reports words that have a complement in "en raison de", "suite à"…
func leans(w string) bool {
	switch plainWords(w) {
	case "raison", "cause", "cas", "partir", "compter", "suite", "face", "grâce", "auprès", "autour", "lieu", "cadre", "occasion", "l'occasion",
		"proximité", "hauteur", "attente", "l'attente", "exception", "l'exception", "faute", "direction", "long", "niveau", "abords":
		return true
	}
	return false
}

// wantsName reports what has a name or a number: "rue | Foch", "sortie | 14".
func wantsName(w string) bool {
	switch strings.TrimPrefix(strings.TrimPrefix(plainWords(w), "l'"), "d'") {
	case "rue", "rues", "avenue", "boulevard", "place", "route", "chemin", "impasse", "allée", "allées", "quai", "quais", "cours", "square", "esplanade",
		"quartier", "quartiers", "résidence", "secteur", "zone", "école", "écoles", "collège", "lycée", "salle", "gymnase", "stade", "parc", "pont", "lac",
		"sortie", "sorties", "ligne", "lignes", "bus", "tram", "porte", "phase", "bâtiment", "rocade", "sens", "za", "zac", "zi":
		return true
	}
	return false
}

// qualifies reports adjectives and participles that come before what they say:
// "le prochain | conseil", "n’a pas été | coupée".
func qualifies(before, w string) bool {
	switch before, w = plainWords(before), plainWords(w); w {
	case "été":
		switch before {
		case "a", "ont", "pas", "plus", "jamais":
			return true
		}
	case "prochain", "prochaine", "prochains", "prochaines", "dernier", "dernière", "derniers", "dernières", "premier", "première", "premiers", "premières",
		"grand", "grande", "grands", "grandes", "petit", "petite", "petits", "petites", "ancien", "ancienne", "deuxième", "troisième":
		switch before {
		case "le", "la", "les", "au", "aux", "du", "des", "un", "une", "ce", "cette", "ces":
			return true
		}
	case "l'ancien", "l'ancienne":
		return true
	}
	return false
}

// toolWord reports words that a text should not end with.
func toolWord(w string) bool {
	switch strings.TrimLeft(plainWords(w), "(«\"") {
	case "à", "a", "au", "aux", "de", "des", "du", "d'", "en", "et", "l'", "la", "le", "les", "ou", "où", "un", "une", "d'un", "d'une",
		"par", "pour", "sur", "avec", "dans", "sous", "entre", "vers", "depuis", "chez", "sans", "avant", "après", "pendant", "dès", "lors",
		"contre", "selon", "hors", "près", "afin", "jusqu'à", "jusqu'au", "jusqu'aux",
		"ce", "cet", "cette", "ces", "son", "sa", "ses", "leur", "leurs", "votre", "vos", "notre", "nos",
		"que", "qui", "dont", "ne", "se", "est", "sont", "sera", "seront", "il", "elle", "ils", "elles", "on", "nous", "vous",
		"pas", "plus", "jamais", "non", "ni", "aucun", "aucune", "nul", "nulle", "très", "trop", "moins", "encore", "y",
		"sauf", "excepté", "hormis", "comme", "puis", "devant", "derrière", "côté", "durant", "malgré", "nouvel", "nouveau", "nouveaux", "nouvelle", "nouvelles", "tard", "tôt",
		"chaque", "tout", "toute", "tous", "toutes", "plusieurs", "quelques", "certains", "certaines", "autre", "autres", "deux", "trois", "quatre", "cinq", "six",
		"ont", "va", "vont", "s'agit", "doit", "doivent", "peut", "peuvent", "devra", "devront", "pourra", "pourront", "faut", "reste", "restent", "était", "étaient", "soit", "être", "avoir",
		"m", "mm", "mme", "mmes", "mlle", "dr", "me", "st", "ste", "n°", "no", "n",
		"the", "an", "of", "at", "in", "to", "from", "for", "and", "or", "by", "with", "until", "is", "are",
		"will", "be", "not", "never", "except", "unless", "cannot",
		"na", "da", "do", "nas", "das", "dos", "em", "para", "por", "com", "até", "el", "los", "las", "del", "al", "con", "di", "della", "per",
		"der", "die", "und", "im", "am", "auf", "für", "von", "vom", "mit":
		return true
	}
	return false
}
