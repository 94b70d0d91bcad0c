package panel

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// wrap fills lines of at most columns characters with text whose words are
// separated by spaces and kept together by glue.
func wrap(text string, columns int) []string {
	var lines []string
	for _, paragraph := range strings.Split(text, "\n") {
		lines = append(lines, fill(strings.Fields(plainSpaces(paragraph)), columns)...)
	}
	return lines
}

// plainSpaces keeps strings.Fields from splitting at the glue, which Unicode
// counts as space: it is swapped for private characters until the line is made.
func plainSpaces(s string) string {
	return strings.NewReplacer(string(weakGlue), weakMark, string(strongGlue), strongMark).Replace(s)
}

const weakMark, strongMark = "\uE0A0", "\uE02F"

func marked(line string) string {
	return strings.NewReplacer(weakMark, " ", strongMark, " ").Replace(line)
}

func fill(words []string, columns int) []string {
	var lines []string
	line, width := "", 0
	flush := func() {
		if line != "" {
			lines = append(lines, marked(line))
		}
		line, width = "", 0
	}
	for len(words) > 0 {
		word := words[0]
		n := utf8.RuneCountInString(word)
		switch {
		case line == "" && n <= columns:
			line, width, words = word, n, words[1:]
		case line != "" && width+1+n <= columns:
			line, width, words = line+" "+word, width+1+n, words[1:]
		case n > columns && strings.Contains(word, weakMark):
			words = append(strings.Split(word, weakMark), words[1:]...)
		case n > columns && strings.Contains(word, strongMark):
			words = append(strings.Split(word, strongMark), words[1:]...)
		case line != "":
			flush()
		default:
			head, tail := hyphenate(word, columns)
			line = head
			flush()
			words = append([]string{tail}, words[1:]...)
		}
	}
	flush()
	return lines
}

// hyphenate cuts a word longer than the line: after a hyphen or an apostrophe it
// has, else between syllables, else at the line's end. head has at most columns
// characters; a web address gets no hyphen that would be typed with it.
func hyphenate(word string, columns int) (head, tail string) {
	runes := []rune(word)
	if isAddress(word) {
		at, ok := lastOf(runes, columns, "/.-?&=_@")
		if !ok {
			at = columns
		}
		return string(runes[:at]), string(runes[at:])
	}
	if at, ok := lastOf(runes, columns, "-/'’"); ok && at > 2 {
		return string(runes[:at]), string(runes[at:])
	}
	for at := min(columns-1, len(runes)-2); at >= 2; at-- {
		if syllable(runes, at) {
			return string(runes[:at]) + "-", string(runes[at:])
		}
	}
	if columns < 3 || !unicode.IsLetter(runes[columns-2]) {
		return string(runes[:columns]), string(runes[columns:])
	}
	return string(runes[:columns-1]) + "-", string(runes[columns-1:])
}

// lastOf returns the length of the longest head of at most columns characters
// that ends with one of marks, and whether there is one.
func lastOf(runes []rune, columns int, marks string) (int, bool) {
	for at := columns; at > 1; at-- {
		if strings.ContainsRune(marks, runes[at-1]) {
			return at, true
		}
	}
	return 0, false
}

// syllable reports whether French allows a cut before runes[at]: a consonant
// followed by a vowel starts a syllable, with the consonant it cannot leave
// ("br", "ch", "gn"…), and something pronounced stays before it.
func syllable(runes []rune, at int) bool {
	if at+1 >= len(runes) || !consonant(runes[at]) || !unicode.IsLetter(runes[at-1]) || inseparable(runes[at-1], runes[at]) {
		return false
	}
	next := runes[at+1]
	if inseparable(runes[at], next) {
		if at+2 >= len(runes) {
			return false
		}
		next = runes[at+2]
	}
	if !vowel(next) {
		return false
	}
	for _, r := range runes[:at] {
		if vowel(r) {
			return true
		}
	}
	return false
}

func vowel(r rune) bool {
	return strings.ContainsRune("aeiouyàâäéèêëîïôöùûüÿœæ", unicode.ToLower(r))
}

func consonant(r rune) bool { return unicode.IsLetter(r) && !vowel(r) }

func inseparable(a, b rune) bool {
	switch string([]rune{unicode.ToLower(a), unicode.ToLower(b)}) {
	case "bl", "cl", "fl", "gl", "pl", "br", "cr", "dr", "fr", "gr", "pr", "tr", "vr", "ch", "ph", "th", "gn", "qu", "gu":
		return true
	}
	return false
}
