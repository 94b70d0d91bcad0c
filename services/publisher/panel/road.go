package panel

import (
	"strings"
	"unicode"
)

// A driver reads at most three units of information and seven words.
const (
	maxRoadUnits = 3
	maxRoadWords = 7
)

// load counts the units of information (title, time, place, each sentence) and
// the words; a number and its unit are one word.
func (d draft) load() (units, words int) {
	for _, field := range [][]string{d.title, d.when, d.place, d.text} {
		for _, s := range field {
			units++
			words += roadWords(s)
		}
	}
	return units, words
}

func roadWords(s string) int {
	n := 0
	for _, w := range strings.Fields(strings.ReplaceAll(s, string(strongGlue), "_")) {
		if strings.ContainsFunc(w, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			n++
		}
	}
	return n
}
