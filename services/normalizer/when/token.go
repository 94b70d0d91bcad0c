package when

import "github.com/crieur/crieur/events/territory"

// token is a word (folded), a number or a mark.
type token struct {
	word string // folded; empty for numbers and marks
	n    int    // of a number, -1 otherwise
	wide int    // digits of a number
	mark rune
}

// tokens cuts a text. Apostrophes and hyphens between letters part words.
func tokens(text string) []token {
	list := make([]token, 0, 128)
	var word []byte
	number, wide := 0, 0
	hyphen := -1 // index of one that a word has just met
	flush := func() {
		if len(word) > 0 {
			list = append(list, token{word: string(word), n: -1})
			word = word[:0]
		}
		if wide > 0 {
			list = append(list, token{n: number, wide: wide})
			number, wide = 0, 0
		}
	}
	for _, r := range text {
		met := hyphen
		hyphen = -1
		if r >= '0' && r <= '9' {
			if len(word) > 0 {
				flush()
			}
			if wide < 9 {
				number = number*10 + int(r-'0')
				wide++
			}
			continue
		}
		if r >= 0x300 && r <= 0x36f {
			continue
		}
		plain := ""
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
			plain = string(r | 0x20)
		case r >= 0x80:
			plain = territory.FoldRune(r)
		}
		if plain != "" {
			if wide > 0 {
				flush()
			}
			if met >= 0 {
				list = list[:met]
			}
			word = append(word, plain...)
			continue
		}
		hyphened := r == '-' && len(word) > 0 && string(word) != "h" // "9h-midi" is no word
		flush()
		if hyphened {
			hyphen = len(list)
		}
		switch r {
		case '/', '.', '-', ':', ',', '\n', ';', '!', '?', '(', ')':
			list = append(list, token{n: -1, mark: r})
		case '–', '—':
			list = append(list, token{n: -1, mark: '-'})
		case '&':
			list = append(list, token{word: "et", n: -1})
		}
	}
	flush()
	return list
}

func month(w string) int {
	switch w {
	case "janvier", "janv", "jan":
		return 1
	case "fevrier", "fevr", "fev":
		return 2
	case "mars":
		return 3
	case "avril", "avr":
		return 4
	case "mai":
		return 5
	case "juin":
		return 6
	case "juillet", "juil":
		return 7
	case "aout":
		return 8
	case "septembre", "sept":
		return 9
	case "octobre", "oct":
		return 10
	case "novembre", "nov":
		return 11
	case "decembre", "dec":
		return 12
	}
	return 0
}

// abbreviated reports whether a month is cut short, so that a full stop ends no
// sentence.
func abbreviated(w string) bool {
	return len(w) <= 4 && w != "mars" && w != "mai" && w != "juin" && w != "aout"
}

// weekday returns 0 for Sunday as time.Weekday, -1 when w is none.
func weekday(w string) int {
	switch w {
	case "dimanche", "dim":
		return 0
	case "lundi", "lun":
		return 1
	case "mardi", "mar":
		return 2
	case "mercredi", "mer":
		return 3
	case "jeudi", "jeu":
		return 4
	case "vendredi", "ven":
		return 5
	case "samedi", "sam":
		return 6
	}
	return -1
}

// dayName is weekday without the abbreviations: "mer" and "jeu" are words too.
func dayName(w string) int {
	if len(w) < len("lundi") {
		return -1
	}
	return weekday(w)
}
