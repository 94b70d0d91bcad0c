package prose

import (
	"iter"
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

// Cuts lists the beginnings of text that end where a reader can stop, the
// longest first: at a word, neither behind one that wants the next ("avant",
// "Dr") nor inside a date, an hour, or a number with what it counts. Text
// itself is none of them.
func Cuts(text string) iter.Seq[string] { return stops(text, wordEnds(text)) }

func stops(text string, ends []int) iter.Seq[string] {
	return func(yield func(string) bool) {
		whole := moments(text)
		for i := len(ends) - 1; i >= 0; i-- {
			for len(whole) > 0 && whole[len(whole)-1][0] >= ends[i] {
				whole = whole[:len(whole)-1]
			}
			inside := len(whole) > 0 && ends[i] < whole[len(whole)-1][1]
			if i > 0 && (inside || wantsMore(text[:ends[i]], text[ends[i]:])) {
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

// wantsMore reports beginnings that say nothing without the next word.
func wantsMore(text, rest string) bool {
	switch {
	case strings.HasPrefix(rest, "\n"):
		return false
	case opened(text):
		return true
	}
	last, next := lastWord(text), strings.TrimLeftFunc(rest, unicode.IsSpace)
	if stem, dot := strings.CutSuffix(last, "."); dot && (utf8.RuneCountInString(stem) <= 3 || Shortened(last)) {
		return true
	}
	last = lastWord(Trim(text))
	first, _ := utf8.DecodeRuneInString(next)
	switch {
	case toolWord(last):
		return true
	case strings.Trim(last, "0123456789") == "":
		return !unicode.IsUpper(first)
	}
	// "RD 936", "salle 3"
	return unicode.IsDigit(first) && utf8.RuneCountInString(last) <= 3
}

// opened reports an end inside a quotation or a parenthesis.
func opened(text string) bool {
	return strings.Count(text, "«") > strings.Count(text, "»") || strings.Count(text, "(") > strings.Count(text, ")") ||
		strings.Count(text, "“") > strings.Count(text, "”") || strings.Count(text, `"`)%2 > 0
}

func lastWord(s string) string {
	at := strings.LastIndexFunc(s, unicode.IsSpace)
	if at < 0 {
		return s
	}
	_, n := utf8.DecodeRuneInString(s[at:])
	return s[at+n:]
}

// toolWord reports words that a text should not end with.
func toolWord(w string) bool {
	switch strings.TrimLeft(strings.ToLower(strings.ReplaceAll(w, "’", "'")), "(«\"") {
	case "à", "a", "au", "aux", "de", "des", "du", "d'", "en", "et", "l'", "la", "le", "les", "ou", "où", "un", "une", "d'un", "d'une",
		"par", "pour", "sur", "avec", "dans", "sous", "entre", "vers", "depuis", "chez", "sans", "avant", "après", "pendant", "dès", "lors",
		"contre", "selon", "hors", "près", "afin", "jusqu'à", "jusqu'au", "jusqu'aux",
		"ce", "cet", "cette", "ces", "son", "sa", "ses", "leur", "leurs", "votre", "vos", "notre", "nos",
		"que", "qui", "dont", "ne", "se", "est", "sont", "sera", "seront", "il", "elle", "ils", "elles", "on", "nous", "vous",
		"m", "mm", "mme", "mmes", "mlle", "dr", "me", "st", "ste", "n°", "no", "n",
		"the", "an", "of", "at", "in", "to", "from", "for", "and", "or", "by", "with", "until", "is", "are":
		return true
	}
	return false
}
