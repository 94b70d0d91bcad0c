package when

import "time"

// relative reads "demain", "aujourd'hui", "ce soir", "mercredi prochain", "ce samedi".
func (p *parser) relative() (Span, bool) {
	today := p.today()
	switch {
	case p.word("apres", "demain"):
		return p.clocked(today.AddDate(0, 0, 2), today.AddDate(0, 0, 2)), true
	case p.word("demain"):
		return p.clocked(today.AddDate(0, 0, 1), today.AddDate(0, 0, 1)), true
	case p.word("aujourd", "hui"), p.word("ce", "jour"), p.word("cet", "apres", "midi"):
		return p.clocked(today, today), true
	case p.word("ce", "soir"):
		s := p.clocked(today, today)
		if !s.Clock {
			s.Start = clock(today, 18, 0)
		}
		return s, true
	case p.at(p.i).word == "cette" && p.at(p.i+1).word == "nuit":
		return p.tonight()
	}
	save := p.i
	this := p.word("ce")
	if name := dayName(p.at(p.i).word); name >= 0 {
		p.i++
		if day := today.AddDate(0, 0, (name-int(today.Weekday())+7)%7); p.word("prochain") {
			if day.Equal(today) {
				day = day.AddDate(0, 0, 7)
			}
			return p.clocked(day, day), true
		} else if t := p.at(p.i); this && t.n < 0 || p.moment() && p.only == name && !habit(p.at(save-1).word) {
			return p.clocked(day, day), true
		}
	}
	p.i = save
	return Span{}, false
}

// tonight reads "cette nuit de 21h à 5h". Without hours, it is as often the night
// before.
func (p *parser) tonight() (Span, bool) {
	save := p.i
	p.i += 2
	s := p.clocked(p.today(), p.today())
	if !s.Clock {
		p.i = save
		return Span{}, false
	}
	if s.Until && !s.End.After(p.ref) {
		s.Start, s.End = s.Start.AddDate(0, 0, 1), s.End.AddDate(0, 0, 1)
	}
	return s, true
}

// lasting reads how long what begins lasts: "et pour une durée de 3 semaines",
// "pendant 15 jours", or, before the words at from, "2 mois à compter du".
func (p *parser) lasting(s Span, from int) Span {
	save := p.i
	if p.at(from).word == "a" {
		p.i = from - 2
		if end, ok := p.duration(s.Start); ok && p.i == from {
			p.i = save
			s.End, s.Until = end, true
			return s
		}
		p.i = save
	}
	if p.at(p.i).mark == ',' {
		p.i++
	}
	p.word("et")
	if p.word("pour") || p.word("pendant") || p.word("durant") {
		for range 5 { // "une durée prévisionnelle d'environ"
			switch p.at(p.i).word {
			case "une", "duree", "de", "d", "a", "environ", "previsionnelle", "previsible", "prevue", "estimee", "totale", "maximale":
				p.i++
			}
		}
		if end, ok := p.duration(s.Start); ok {
			s.End, s.Until = end, true
			return s
		}
	}
	p.i = save
	return s
}

// duration reads "3 semaines", and returns the end of the last day of as much from
// start on.
func (p *parser) duration(start time.Time) (end time.Time, ok bool) {
	n := p.count()
	if n == 0 {
		return end, false
	}
	switch p.at(p.i).word {
	case "jour", "jours":
		end = start.AddDate(0, 0, n)
	case "semaine", "semaines":
		end = start.AddDate(0, 0, 7*n)
	case "mois":
		end = start.AddDate(0, n, 0)
	default:
		return end, false
	}
	p.i++
	return endOf(end.AddDate(0, 0, -1)), true
}

// count steps over a number, written or in figures; 0 for none. "une" is read as
// the article before it.
func (p *parser) count() int {
	t := p.at(p.i)
	n := 0
	switch t.word {
	case "un":
		n = 1
	case "deux":
		n = 2
	case "trois":
		n = 3
	case "quatre":
		n = 4
	case "cinq":
		n = 5
	case "six":
		n = 6
	case "huit":
		n = 8
	case "dix":
		n = 10
	case "quinze":
		n = 15
	case "semaine": // "une semaine"
		return 1
	case "":
		if t.n > 0 && t.wide <= 3 {
			n = t.n
		}
	}
	if n > 0 {
		p.i++
	}
	return n
}

// moment reports whether a part of a day comes next: of one day, not of every week.
func (p *parser) moment() bool {
	switch p.at(p.i).word {
	case "matin", "midi", "soir":
		return true
	}
	return p.at(p.i).word == "apres" && p.at(p.i+1).word == "midi"
}

// habit reports whether a weekday after w is that of every week.
func habit(w string) bool {
	return w == "le" || w == "les" || w == "chaque" || w == "tous" || w == "du" || w == "au"
}

// week reads the number of a week of the year (ISO 8601), after its word.
func (p *parser) week() (Span, bool) {
	n := p.at(p.i)
	if w := p.at(p.i + 1); n.n < 1 || n.n > 53 || n.wide > 2 || w.word == "h" || w.mark == '/' {
		return Span{}, false
	}
	monday := p.today().AddDate(0, 0, -(int(p.ref.Weekday())+6)%7).AddDate(0, 0, -7*16)
	for range 52 {
		if _, w := monday.ISOWeek(); w == n.n {
			p.i++
			return Span{Start: monday, End: endOf(monday.AddDate(0, 0, 6)), Until: true}, true
		}
		monday = monday.AddDate(0, 0, 7)
	}
	return Span{}, false
}
