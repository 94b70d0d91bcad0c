package when

import "time"

// single reads "lundi 23 novembre à 20h30" or "3, 4 et 5 décembre". Days that
// do not follow one another are spans of their own.
func (p *parser) single() (Span, bool) {
	from := p.i
	first, ok := p.dayLoose()
	if !ok {
		return Span{}, false
	}
	days := []day{first}
	for len(days) < 10 && !(first.m == 0 && first.weekday < 0 && p.numbered(from)) {
		save := p.i
		comma := p.at(p.i).mark == ','
		if comma || p.at(p.i).word == "et" || p.at(p.i).word == "ou" {
			p.i++
			_ = p.word("le") || p.word("du")
			if d, ok := p.dayLoose(); ok {
				days = append(days, d)
				continue
			}
		}
		p.i = save
		break
	}
	for len(days) > 1 && days[len(days)-1].m == 0 { // "23 novembre, 20 ..." is not a list
		days = days[:len(days)-1]
		p.i = from
		if _, ok := p.dayLoose(); !ok {
			return Span{}, false
		}
	}
	if len(days) == 1 {
		return p.alone(days[0])
	}
	return p.list(days)
}

// numbered reports whether the words before i make a number that of a house:
// "n° 12", "12 à 24".
func (p *parser) numbered(i int) bool {
	switch p.at(i - 1).word {
	case "a", "au", "aux", "n", "no", "numero", "numeros":
		return true
	}
	return false
}

// list resolves several days, the month and year of which may come with the last.
func (p *parser) list(days []day) (Span, bool) {
	end := p.date(days[len(days)-1])
	if end.IsZero() {
		return Span{}, false
	}
	starts := make([]time.Time, len(days))
	month := days[len(days)-1].m
	next := end
	runs := true
	for i := len(days) - 1; i >= 0; i-- {
		d := days[i]
		if d.m == 0 {
			d.m = month
		}
		if d.y == 0 {
			d.y = end.Year()
			if d.m > int(end.Month()) {
				d.y--
			}
		}
		month, starts[i] = d.m, p.date(d)
		if starts[i].IsZero() || starts[i].After(next) {
			return Span{}, false
		}
		runs = runs && (i == len(days)-1 || !starts[i].AddDate(0, 0, 1).Before(next))
		next = starts[i]
	}
	if runs {
		s := p.clocked(starts[0], end)
		s.Until = true
		return s, true
	}
	from, to, clocked := p.hours()
	spans := make([]Span, len(starts))
	for i, start := range starts {
		spans[i] = Span{Start: start, End: endOf(start)}
		if clocked {
			spans[i] = spans[i].at(from, to)
		}
	}
	p.rest = append(p.rest, spans[1:]...)
	return spans[0], true
}

// alone resolves one day. "mercredi 25" is that of the month in which it fits.
func (p *parser) alone(d day) (Span, bool) {
	var t time.Time
	switch {
	case d.m != 0:
		t = p.date(d)
	case d.weekday >= 0:
		for k := -3; k < 35 && t.IsZero(); k++ {
			if c := p.today().AddDate(0, 0, k); c.Day() == d.d && int(c.Weekday()) == d.weekday {
				t = c
			}
		}
	}
	if t.IsZero() {
		return Span{}, false
	}
	s := p.clocked(t, t)
	if save := p.i; s.Clock && !s.Until { // "26/11 08:30 - 26/11 11:30"
		if p.at(p.i).mark == '-' {
			p.i++
		} else {
			_ = p.word("jusqu", "au") || p.word("au")
		}
		end, ok := p.day()
		h, m, clocked := p.oClock()
		if last := p.date(end); p.i > save && ok && clocked && clock(last, h, m).After(s.Start) {
			s.End, s.Until = clock(last, h, m), true
		} else {
			p.i = save
		}
	}
	return s, true
}
