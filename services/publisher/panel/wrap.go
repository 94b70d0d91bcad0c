package panel

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// wrap fills lines of at most columns characters with text whose words are
// separated by spaces and kept together by glue. A sign that would stand alone
// on the next line is left out.
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
	address := false // the word is the rest of one
	for len(words) > 0 {
		word := words[0]
		n := utf8.RuneCountInString(word)
		switch {
		case line == "" && n <= columns:
			line, width, words, address = word, n, words[1:], false
		case line != "" && width+1+n <= columns:
			line, width, words, address = line+" "+word, width+1+n, words[1:], false
		case n > columns && strings.ContainsAny(word, weakMark+strongMark):
			words = append(part(word, columns), words[1:]...)
		case line != "" && closing.MatchString(word):
			words = words[1:] // the line's end stands for it
		case line != "":
			flush()
		default:
			address = address || isAddress(word)
			head, tail := hyphenate(word, columns, address)
			line = head
			flush()
			words = append([]string{tail}, words[1:]...)
		}
	}
	flush()
	return lines
}

var (
	betweenHours  = regexp.MustCompile(`(?i)h(?:` + strongMark + `?\d\d)?[-–]\d`)
	betweenTimes  = regexp.MustCompile(`(?i)h(?:` + strongMark + `?\d\d)?/\d`)
	betweenDigits = regexp.MustCompile(`\d` + strongMark + `\d{3}`)
	beforeSign    = regexp.MustCompile(strongMark + `[:;?!%€»–—-]`)
	aroundSigns   = regexp.MustCompile(`((?:^|` + strongMark + `)«)` + strongMark + `|` + strongMark + `([:;?!%€»]+(?:` + strongMark + `|$))`)
	closing       = regexp.MustCompile(`^[»:;?!–—-]{1,2}$`) // more stand for what the sign lacks
)

// part splits a group longer than a line where it hurts least: at its weak glue,
// between times, between the hours of one, then at its strong glue, in a number
// or before a sign last. Signs close up first.
func part(group string, columns int) []string {
	if strings.Contains(group, weakMark) {
		return strings.Split(group, weakMark)
	}
	if tight := aroundSigns.ReplaceAllString(group, "$1$2"); utf8.RuneCountInString(tight) <= columns {
		return []string{tight}
	}
	for _, between := range []*regexp.Regexp{betweenTimes, betweenHours} {
		for _, m := range slices.Backward(between.FindAllStringIndex(group, -1)) {
			if at := m[1] - 1; utf8.RuneCountInString(group[:at]) <= columns {
				return []string{group[:at], group[at:]}
			}
		}
	}
	for _, whole := range [][]*regexp.Regexp{{betweenDigits, betweenDigits, beforeSign}, {betweenDigits, betweenDigits}} {
		kept := group
		for _, re := range whole { // twice: neighbours share a digit
			kept = re.ReplaceAllStringFunc(kept, func(s string) string { return strings.ReplaceAll(s, strongMark, held) })
		}
		if pieces := strings.Split(kept, strongMark); len(pieces) > 1 {
			for i, p := range pieces {
				pieces[i] = strings.ReplaceAll(p, held, strongMark)
			}
			return unopened(pieces)
		}
	}
	return unopened(strings.Split(group, strongMark))
}

// unopened leaves out what would open a quotation at a line's end.
func unopened(pieces []string) []string {
	if pieces[0] == "«" {
		return pieces[1:]
	}
	return pieces
}

// held stands for strong glue that does not part yet.
const held = "\uE1FF"

// minTail is the fewest letters that French leaves behind a hyphen.
const minTail = 3

// hyphenate cuts a word longer than the line: after a hyphen or an apostrophe it
// has, else between syllables, else at the line's end. head has at most columns
// characters; a web address gets no hyphen that would be typed with it.
func hyphenate(word string, columns int, address bool) (head, tail string) {
	runes := []rune(word)
	if address {
		at, ok := lastOf(runes, columns, "/.-?&=_@")
		if !ok {
			at = columns
		}
		return string(runes[:at]), string(runes[at:])
	}
	if at, ok := lastOf(runes, columns, "-/'’"); ok && at > 2 {
		return string(runes[:at]), string(runes[at:])
	}
	for at := min(columns-1, len(runes)-minTail); at >= 2; at-- {
		if syllable(runes, at) {
			return string(runes[:at]) + "-", string(runes[at:])
		}
	}
	for at := min(columns, len(runes)-minTail); at >= 2; at-- {
		if unicode.IsDigit(runes[at]) && unicode.IsLetter(runes[at-1]) {
			return string(runes[:at]), string(runes[at:])
		}
	}
	if at := min(columns-1, len(runes)-minTail); at >= 2 && unicode.IsLetter(runes[at-1]) {
		return string(runes[:at]) + "-", string(runes[at:])
	}
	return string(runes[:columns]), string(runes[columns:])
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
