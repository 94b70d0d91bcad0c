package when

import (
	"strings"
	"time"
)

// day reads a day with its month.
func (p *parser) day() (day, bool) {
	save := p.i
	d, ok := p.dayLoose()
	if !ok || d.m == 0 {
		p.i = save
		return day{}, false
	}
	return d, true
}

// dayLoose reads a day whose month may come later: "3" in "du 3 au 5 mai".
func (p *parser) dayLoose() (day, bool) {
	save := p.i
	d := day{weekday: weekday(strings.TrimSuffix(p.at(p.i).word, "s"))}
	if d.weekday < 0 {
		d.weekday = weekday(p.at(p.i - 1).word)
	} else {
		p.i++
		if p.at(p.i).mark == '.' || p.at(p.i).mark == ',' {
			p.i++
		}
		p.word("le")
	}
	t := p.at(p.i)
	if t.n < 1 || t.n > 31 || t.wide > 2 {
		p.i = save
		return day{}, false
	}
	d.d = t.n
	p.i++
	if w := p.at(p.i).word; d.d == 1 && (w == "er" || w == "ier") {
		p.i++
	}
	if w := p.at(p.i).word; month(w) > 0 {
		d.m = month(w)
		p.i++
		if p.at(p.i).mark == '.' && (abbreviated(w) || p.at(p.i+1).wide == 4) {
			p.i++
		}
		switch y := p.at(p.i); {
		case y.wide == 4 && y.n >= 1990 && y.n < 2200:
			d.y = y.n
			p.i++
		case y.wide == 4 && y.n > 1000 && y.n < 1990: // history, or a street's name
			p.i = save
			return day{}, false
		}
		return d, true
	}
	sep := p.at(p.i).mark
	if sep == '/' || sep == '.' || sep == '-' {
		if p.numeric(&d, sep) {
			return d, true
		}
		if sep == '/' {
			p.i = save
			return day{}, false
		}
	}
	if w := p.at(p.i).word; w == "h" || w == "heures" || w == "heure" || w == "ans" || w == "euros" || w == "km" || w == "min" {
		p.i = save
		return day{}, false
	}
	return d, true
}

// numeric reads the rest of 23/11/2026, 23/11/26 or 23/11, and of the first
// with full stops or hyphens.
func (p *parser) numeric(d *day, sep rune) bool {
	m := p.at(p.i + 1)
	if m.n < 1 || m.n > 12 || m.wide > 2 {
		return false
	}
	y := p.at(p.i + 3)
	full := p.at(p.i+2).mark == sep && (y.wide == 4 && y.n >= 1990 && y.n < 2200 || y.wide == 2)
	if !full && (sep != '/' || p.at(p.i+2).mark == '/') {
		return false
	}
	d.m = m.n
	p.i += 2
	if full {
		d.y = y.n
		if y.wide == 2 {
			d.y += 2000
		}
		p.i += 2
	}
	return true
}

// date resolves a day; zero when it does not exist.
func (p *parser) date(d day) time.Time {
	if d.m == 0 {
		return time.Time{}
	}
	if d.y != 0 {
		return p.make(d.y, d.m, d.d)
	}
	// Between this year, the next and the last, that which is not more than four
	// months before the writing, and has the weekday.
	year := p.ref.Year()
	for _, y := range []int{year, year + 1, year - 1} {
		t := p.make(y, d.m, d.d)
		if t.IsZero() {
			continue
		}
		recent := t.After(p.ref.AddDate(0, -4, 0)) && t.Before(p.ref.AddDate(0, 10, 0))
		if recent && (d.weekday < 0 || int(t.Weekday()) == d.weekday) {
			return t
		}
	}
	return time.Time{}
}

// dateAfter is date, not before start when the year is missing.
func (p *parser) dateAfter(d day, start time.Time) time.Time {
	t := p.date(d)
	if d.y == 0 && !t.IsZero() {
		t = p.make(start.Year(), d.m, d.d)
		if t.Before(start) {
			t = p.make(start.Year()+1, d.m, d.d)
		}
	}
	return t
}

func (p *parser) make(y, m, d int) time.Time {
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, p.loc)
	if t.Day() != d {
		return time.Time{}
	}
	return t
}

// hours reads "à 20h30", "de 9h à 17 h", "20:30 - 22:00", "de midi à minuit",
// after a date. The second is -1 when there is one hour only.
func (p *parser) hours() (from, to [2]int, ok bool) {
	save := p.i
	to[0] = -1
	for range 3 {
		t := p.at(p.i)
		if t.mark == ',' || t.mark == '-' || t.mark == ':' || t.mark == '(' {
			p.i++
			continue
		}
		switch t.word {
		case "a", "de", "des", "entre", "vers", "partir", "matin", "soir", "apres", "midi":
			if t.word == "midi" && p.at(p.i-1).word != "apres" {
				break
			}
			p.i++
			continue
		}
		break
	}
	from[0], from[1], ok = p.hour()
	if !ok {
		p.i = save
		return from, to, false
	}
	save = p.i
	if p.word("a") || p.word("et") || p.word("jusqu", "a") || p.at(p.i).mark == '-' {
		if p.at(p.i).mark == '-' {
			p.i++
		}
		if h, m, ok := p.hour(); ok {
			return from, p.slots([2]int{h, m}), true
		}
	}
	p.i = save
	return from, to, true
}

// slots reads the further hours of a day, "et de 13h45 à 16h", and returns the end
// of the last.
func (p *parser) slots(to [2]int) [2]int {
	for range 4 {
		save := p.i
		if m := p.at(p.i).mark; m == ',' || m == '/' || m == ';' {
			p.i++
		}
		_ = p.word("et") || p.word("puis") || p.word("ou")
		_ = p.word("de") || p.word("entre")
		_, _, ok := p.hour()
		if ok {
			if p.at(p.i).mark == '-' {
				p.i++
			} else {
				ok = p.word("a") || p.word("et") || p.word("jusqu", "a")
			}
		}
		h, m, last := p.hour()
		if p.i == save || !ok || !last {
			p.i = save
			return to
		}
		to = [2]int{h, m}
	}
	return to
}

// after reads an hour that follows a word.
func (p *parser) after(w string) (h, m int, ok bool) {
	save := p.i
	if p.at(p.i).mark == ',' {
		p.i++
	}
	if p.word(w) {
		if h, m, ok = p.hour(); ok {
			return h, m, true
		}
	}
	p.i = save
	return 0, 0, false
}

// oClock reads an hour that a day may have: "à 14 h", ", 14 h" or "14 h".
func (p *parser) oClock() (h, m int, ok bool) {
	if h, m, ok = p.after("a"); ok {
		return h, m, true
	}
	save := p.i
	if p.at(p.i).mark == ',' {
		p.i++
	}
	if h, m, ok = p.hour(); !ok {
		p.i = save
	}
	return h, m, ok
}

// hour reads 20h30, 20 h, 20:30, midi or minuit.
func (p *parser) hour() (h, m int, ok bool) {
	switch {
	case p.word("midi"):
		return 12, 0, true
	case p.word("minuit"):
		return 23, 59, true
	}
	t := p.at(p.i)
	if t.n < 0 || t.n > 24 || t.wide > 2 {
		return 0, 0, false
	}
	sep := p.at(p.i + 1)
	minutes := p.at(p.i + 2)
	has := minutes.wide == 2 && minutes.n < 60
	switch {
	case sep.word == "h", sep.word == "heures", sep.word == "heure":
		p.i += 2
		if has && !(p.at(p.i+1).mark == '/' || month(p.at(p.i+1).word) > 0) {
			m = minutes.n
			p.i++
		}
	case sep.mark == ':' && has:
		m = minutes.n
		p.i += 3
	default:
		return 0, 0, false
	}
	if t.n == 24 {
		return 23, 59, true
	}
	return t.n, m, true
}
