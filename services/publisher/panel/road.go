package panel

import (
	"slices"
	"strings"
	"unicode"

	"github.com/crieur/crieur/services/publisher/prose"
)

// A driver reads at most three units of information and seven words.
const (
	maxRoadUnits = 3
	maxRoadWords = 7
)

// load counts the units of information (title, time, place, each sentence) that
// the sign would show, and the words; a number and its unit are one word.
func (d draft) load() (units, words int) {
	when, place := d.unsaid()
	for _, field := range [][]string{d.title, when, place, d.text} {
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

// forDrivers keeps what happens, and beside it what can be read of where and
// when: both, if need be the place cut and the time in figures, or one of them.
func (d draft) forDrivers() draft {
	whole := d
	d.text = nil
	for i, title := range d.title {
		d.title = []string{prose.Cut(title, "…", func(s string) bool { return roadWords(s) <= maxRoadWords })}
		if d.title[i] != title {
			d.clipped = append(d.clipped, "title")
		}
	}
	d = d.beside(whole.when, whole.shortWhen, whole.place)
	for _, field := range []struct {
		name        string
		kept, whole []string
	}{{"text", nil, whole.text}, {"when", d.when, whole.when}, {"place", d.place, whole.place}} {
		if len(field.whole) > 0 && (len(field.kept) == 0 || field.name == "place" && field.kept[0] != field.whole[0]) {
			d.clipped = append(d.clipped, field.name)
		}
	}
	return d
}

// beside is the title with as much of time and place as a driver reads.
func (d draft) beside(when, figures, place []string) draft {
	if len(figures) == 0 {
		figures = when
	}
	for _, try := range []struct {
		when, place []string
		cut         bool
	}{{when, place, false}, {figures, place, true}, {nil, place, false}, {figures, nil, false}, {nil, place, true}} {
		d.when, d.place = try.when, try.place
		if try.cut && len(place) > 0 {
			d.place = []string{prose.CutPlace(place[0], "…", func(s string) bool {
				fitting := d
				fitting.place = []string{s}
				return !fitting.tooMuch()
			})}
		}
		if !d.tooMuch() && !slices.Contains(d.place, "") {
			return d
		}
	}
	d.when, d.place = nil, nil
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
