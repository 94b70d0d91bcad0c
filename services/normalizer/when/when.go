package when

import (
	"time"
)

// MaxRead is how many bytes of a text are read.
const MaxRead = 6000

// Span is a time that a text names. Start is zero for "jusqu'au 5 mai", End
// for "à partir du 3 mai". Without a clock time, Start is the first instant of
// its day and End the last second of its own.
type Span struct {
	Start, End time.Time
	Clock      bool // a time of day was given
	Until      bool // the end is said: by an hour, a last day, "jusqu'au"

	moved   bool // what was announced before is put off to this
	recall  bool // the words before it tell of what happened
	night   bool // the last day is that of a morning
	heading bool // a day that stands alone on its line
}

// Find returns the spans in text, in its order. ref is when it was written;
// loc the time zone it speaks in.
func Find(text string, ref time.Time, loc *time.Location) []Span {
	p := reader(text, ref, loc)
	p.only = sole(p.t)
	return p.find()
}

func reader(text string, ref time.Time, loc *time.Location) *parser {
	if len(text) > MaxRead {
		text = text[:MaxRead]
	}
	return &parser{t: tokens(text), ref: ref.In(loc), loc: loc}
}

func (p *parser) find() []Span {
	var spans []Span
	for p.i < len(p.t) {
		from := p.i
		p.rest = p.rest[:0]
		s, ok := p.span()
		if !ok {
			p.i = from
			p.aside()
			p.i = from + 1
			continue
		}
		if !s.Until && !s.Start.IsZero() {
			s = p.lasting(s, from)
		}
		if p.past(from) || p.street(from) {
			continue
		}
		s.recall = p.recalls(from)
		s.heading = !s.Clock && !s.Until && p.edge(from-1) && (p.edge(p.i) || p.at(p.i).mark == '.' && p.edge(p.i+1))
		spans = append(spans, s)
		spans = append(spans, p.rest...)
	}
	return spans
}

// edge reports whether i is outside the line that ends or begins there.
func (p *parser) edge(i int) bool { return i < 0 || i >= len(p.t) || p.t[i].mark == '\n' }

type parser struct {
	t    []token
	i    int
	ref  time.Time
	loc  *time.Location
	only int    // the one weekday that the text names, -1
	rest []Span // the other days of the list just read

	open  bool      // "jusqu'à nouvel ordre"
	named time.Time // the end of the last day named in passing
}

// day is a date as written: month and year are 0 when missing.
type day struct{ weekday, d, m, y int }

func (p *parser) at(i int) token {
	if i < 0 || i >= len(p.t) {
		return token{n: -1}
	}
	return p.t[i]
}

// word steps over w, if it comes next.
func (p *parser) word(words ...string) bool {
	for k, w := range words {
		if p.at(p.i+k).word != w {
			return false
		}
	}
	p.i += len(words)
	return true
}

// span reads one span at the place reached.
func (p *parser) span() (Span, bool) {
	from := p.i
	switch {
	case p.moves():
		s, ok := p.days()
		s.moved = true
		return s, ok
	case p.word("jusqu", "au"), p.word("jusqu", "a", "le"), p.word("jusqu", "a"), p.word("avant", "le"), p.word("avant"):
		if s, ok := p.last(); ok {
			return s, true
		}
		p.i = from
	case p.word("a", "partir", "du"), p.word("a", "compter", "du"), p.word("des", "le"):
		d, ok := p.day()
		if !ok {
			return Span{}, false
		}
		start := p.date(d)
		if start.IsZero() {
			return Span{}, false
		}
		if p.word("jusqu", "au") || p.word("au") {
			return p.until(start)
		}
		if h, m, ok := p.after("a"); ok {
			return Span{Start: clock(start, h, m), Clock: true}, true
		}
		return Span{Start: start}, true
	case p.word("semaine", "du"):
		if s, ok := p.fromTo(); ok {
			if !s.Clock && !s.Until {
				s.End, s.Until = endOf(s.Start.AddDate(0, 0, 6)), true
			}
			return s, true
		}
		return Span{}, false
	case p.word("semaine"):
		return p.week()
	case p.word("du"), p.word("entre", "le"), p.at(from-1).word == "nuits" && p.word("des"):
		s, ok := p.fromTo()
		switch before := p.at(from - 1).word; {
		case before == "nuit":
			s.night = !s.Clock && s.Until
		case before == "nuits" && s.Clock && s.Until && s.End.Hour() < s.Start.Hour(): // the last of them too
			s.End = s.End.AddDate(0, 0, 1)
		}
		return s, ok
	case p.word("a", "partir", "de"), p.word("a", "partir", "d"), p.word("a", "compter", "de"), p.word("a", "compter", "d"),
		p.at(p.i+1).n < 0 && p.word("des"): // "des 24 et 25" are no beginning
		if s, ok := p.days(); ok {
			if p.word("jusqu", "au") || p.word("au") {
				return p.until(s.Start)
			}
			if !s.Until {
				s.End = time.Time{}
			}
			return s, true
		}
		p.i = from
	}
	if s, ok := p.hoursFirst(); ok {
		return s, true
	}
	return p.days()
}

// last reads the day, and its hour, that something lasts until.
func (p *parser) last() (Span, bool) {
	if d, ok := p.day(); ok {
		end := p.date(d)
		if end.IsZero() {
			return Span{}, false
		}
		if h, m, ok := p.after("a"); ok {
			return Span{End: clock(end, h, m), Clock: true, Until: true}, true
		}
		return Span{End: endOf(end), Until: true}, true
	}
	if name := dayName(p.at(p.i).word); name >= 0 && !habit(p.at(p.i-1).word) {
		end := p.today().AddDate(0, 0, (name-int(p.ref.Weekday())+7)%7)
		p.i++
		if h, m, ok := p.oClock(); ok {
			return Span{End: clock(end, h, m), Clock: true, Until: true}, true
		}
		return Span{End: endOf(end), Until: true}, true
	}
	s, ok := p.relative()
	if s.Clock && !s.Until {
		s.End = s.Start
	}
	return Span{End: s.End, Clock: s.Clock, Until: true}, ok
}

// days reads days that no word of time begins.
func (p *parser) days() (Span, bool) {
	if s, ok := p.relative(); ok {
		return s, true
	}
	return p.single()
}

// hoursFirst reads "de 21h à 2h samedi 28 novembre", "entre 8 h et 17 h, le jeudi 26
// novembre" or "jusqu'à 17 h demain": the hours of days that follow at once and
// have none of their own.
func (p *parser) hoursFirst() (s Span, ok bool) {
	save := p.i
	before := p.at(p.i - 1).word
	from, to, ok := p.hours()
	if !ok {
		return Span{}, false
	}
	if p.at(p.i).mark == ',' {
		p.i++
	}
	if p.word("du") {
		s, ok = p.fromTo()
	} else {
		_ = p.word("le") || p.word("les")
		s, ok = p.days()
	}
	if !ok || s.Start.IsZero() || s.Clock {
		p.i = save
		return Span{}, false
	}
	if to[0] < 0 && (before == "jusqu" || before == "avant") {
		return Span{End: clock(s.End, from[0], from[1]), Clock: true, Until: true}, true
	}
	for i, r := range p.rest {
		p.rest[i] = r.at(from, to)
	}
	return s.at(from, to), true
}

func (p *parser) until(start time.Time) (Span, bool) {
	d, ok := p.day()
	if !ok {
		return Span{Start: start}, true
	}
	end := p.dateAfter(d, start)
	if end.IsZero() || end.Before(start) {
		return Span{Start: start}, true
	}
	return Span{Start: start, End: endOf(end), Until: true}, true
}

// fromTo reads "3 au 5 décembre 2026", "mardi 24 novembre 14 h au mercredi 25
// novembre 20 h" and their like.
func (p *parser) fromTo() (Span, bool) {
	if s, ok := p.weekdays(); ok {
		return s, true
	}
	begin := p.i
	a, ok := p.dayLoose()
	if !ok {
		return Span{}, false
	}
	h, m, clocked := p.oClock()
	if !p.word("au") && !p.word("jusqu", "au") && !p.word("et", "le") {
		p.i = begin
		return p.single()
	}
	b, ok := p.day()
	if !ok {
		return Span{}, false
	}
	if a.m == 0 {
		a.m = b.m
	}
	end := p.date(b)
	if end.IsZero() {
		return Span{}, false
	}
	if a.y == 0 {
		a.y = end.Year()
		if a.m > int(end.Month()) {
			a.y--
		}
	}
	start := p.date(a)
	if start.IsZero() || end.Before(start) {
		return Span{}, false
	}
	if b.y == 0 && a.y != 0 && end.Before(start) {
		end = end.AddDate(1, 0, 0)
	}
	s := Span{Start: start, End: endOf(end), Until: true}
	if clocked {
		s.Start, s.Clock = clock(start, h, m), true
	}
	if h, m, ok := p.oClock(); ok {
		s.End, s.Clock = clock(end, h, m), true
	} else if from, to, ok := p.hours(); ok {
		s.Start, s.Clock = clock(start, from[0], from[1]), true
		if to[0] >= 0 {
			s.End = clock(end, to[0], to[1])
		}
	}
	return s, true
}

// weekdays reads "mardi 14 h au mercredi 20 h", the next of both from the writing
// on. Without hours, "du lundi au vendredi" are those of every week.
func (p *parser) weekdays() (Span, bool) {
	save := p.i
	from, ok := p.weekdayAt()
	if ok && p.word("au") {
		if to, ok := p.weekdayAt(); ok {
			if to.Before(from) {
				to = to.AddDate(0, 0, 7)
			}
			return Span{Start: from, End: to, Clock: true, Until: true}, true
		}
	}
	p.i = save
	return Span{}, false
}

// weekdayAt reads "mardi à 14 h": that of today or of the next six days.
func (p *parser) weekdayAt() (time.Time, bool) {
	name := weekday(p.at(p.i).word)
	if name < 0 {
		return time.Time{}, false
	}
	p.i++
	h, m, ok := p.oClock()
	if !ok {
		return time.Time{}, false
	}
	today := p.today()
	return clock(today.AddDate(0, 0, (name-int(today.Weekday())+7)%7), h, m), true
}

func (p *parser) today() time.Time {
	return time.Date(p.ref.Year(), p.ref.Month(), p.ref.Day(), 0, 0, 0, 0, p.loc)
}

// clocked gives the days their hours, when hours follow.
func (p *parser) clocked(start, end time.Time) Span {
	from, to, ok := p.hours()
	if !ok {
		return Span{Start: start, End: endOf(end)}
	}
	return Span{Start: start, End: endOf(end)}.at(from, to)
}

// at gives whole days their hours; to is -1 for none.
func (s Span) at(from, to [2]int) Span {
	s.Start, s.Clock = clock(s.Start, from[0], from[1]), true
	if to[0] >= 0 {
		s.Until = true
		if s.End = clock(s.End, to[0], to[1]); s.End.Before(s.Start) {
			s.End = s.End.AddDate(0, 0, 1)
		}
	}
	return s
}

func endOf(day time.Time) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), 23, 59, 59, 0, day.Location())
}

func clock(day time.Time, h, m int) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), h, m, 0, 0, day.Location())
}
