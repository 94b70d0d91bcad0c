package panel

import (
	"strings"
	"unicode"

	"github.com/crieur/crieur/services/publisher/prose"
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

func (d draft) tooMuch() bool {
	units, words := d.load()
	return units > maxRoadUnits || words > maxRoadWords
}

// forDrivers leaves out the text, then the time, and cuts the title, until what
// and where can be read.
func (d draft) forDrivers() draft {
	for _, field := range []struct {
		name string
		of   *[]string
	}{{"text", &d.text}, {"when", &d.when}} {
		if d.tooMuch() && len(*field.of) > 0 {
			*field.of, d.clipped = nil, append(d.clipped, field.name)
		}
	}
	if d.tooMuch() && len(d.title) > 0 {
		title := prose.CutAtWord(d.title[0], "…", func(s string) bool {
			try := d
			try.title = []string{s}
			return !try.tooMuch()
		})
		if title != "" {
			d.title, d.clipped = []string{title}, append(d.clipped, "title")
		}
	}
	return d
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
