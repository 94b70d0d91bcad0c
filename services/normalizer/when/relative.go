package when

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
