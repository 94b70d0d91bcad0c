package when

import (
	"slices"
	"time"
)

// Told is what a text says of the time of what it tells.
type Told struct {
	// Span is the first that is not over: what the text announces rather than
	// what it recalls.
	Span
	// Last is when the last of its spans is over; zero when it names none.
	Last time.Time
	// Named is the end of the last day named in passing ("dimanche", "la semaine
	// prochaine"), zero for none: a text is of use until then at least.
	Named time.Time
	// Open says that it stands until further notice: it has no end.
	Open bool
}

const (
	// ahead is how far from the writing a text announces, in months.
	ahead = 18
	// apart is how far from the first another day may begin and still be one of
	// the same thing.
	apart = 31 * 24 * time.Hour
)

// Read reads a title and its text. written is when the text was first written:
// its days are told from then. sent is when it took its present form: what was
// over by then is recalled, not announced, and never ends anything.
func Read(title, text string, written, sent time.Time, loc *time.Location) Told {
	head, body := reader(title, written, loc), reader(text, written, loc)
	head.only = sole(head.t, body.t)
	body.only = head.only
	spans := head.find()
	titled := len(spans)
	spans = append(spans, body.find()...)
	told := Told{Open: head.open || body.open, Named: head.named}
	if body.named.After(told.Named) {
		told.Named = body.named
	}
	if i := slices.IndexFunc(spans, func(s Span) bool { return s.moved }); i > 0 {
		spans, titled = spans[i:], titled-i
	}
	var kept []Span
	headed := false
	for i, s := range spans {
		if s, ok := s.announced(written.In(loc), sent.In(loc)); ok {
			headed = headed || i < titled
			kept = append(kept, s)
		}
	}
	if len(kept) == 0 {
		return told
	}
	told.Span = kept[0].refined(kept[1:])
	if headed && !told.Clock && !told.Start.IsZero() {
		body.i = 0
		if from, to, ok := body.hours(); ok && to[0] >= 0 {
			told.Span = told.at(from, to)
		}
	}
	if i := slices.IndexFunc(kept, func(s Span) bool { return s.Start.IsZero() }); i > 0 && told.End.IsZero() && kept[i].End.After(told.Start) {
		told.End, told.Until = kept[i].End, true
	}
	told.Last = told.over()
	for _, s := range kept[1:] {
		if end := s.over(); end.After(told.Last) && (s.Start.IsZero() || s.Start.Before(kept[0].over().Add(apart))) {
			told.Last = end
		}
	}
	if told.Open {
		told.End, told.Until = time.Time{}, false
	}
	return told
}

// over is when a span is; the end of its first day when it has no end.
func (s Span) over() time.Time {
	if s.End.IsZero() {
		return endOf(s.Start)
	}
	return s.End
}

// announced reports whether a span is still to come for whoever writes at sent,
// and drops an end that is but that of a day on which something began.
func (s Span) announced(written, sent time.Time) (Span, bool) {
	end := s.over()
	if s.night {
		end = clock(end, 8, 0)
	}
	tonight := endOf(sent)
	switch {
	case !end.After(sent), !s.Start.Before(written.AddDate(0, ahead, 0)):
		return s, false
	case s.recall && !s.Start.After(sent) && !end.After(tonight):
		return s, false
	case s.heading && !s.Start.After(written): // the day of a posting
		return s, false
	case s.Clock && !s.Until && !s.Start.After(sent):
		if d := written.Sub(s.Start); d >= 0 && d < time.Minute { // its hour
			return s, false
		}
		s.End = time.Time{}
	}
	return s, true
}

// refined has the hours that others give to the same day.
func (s Span) refined(others []Span) Span {
	if s.Clock || s.Start.IsZero() || s.End.IsZero() {
		return s
	}
	for _, o := range others {
		if o.Clock && !o.Start.Before(s.Start) && o.Start.Before(s.Start.AddDate(0, 0, 1)) && (endOf(o.End).Equal(s.End) || s.End.Equal(endOf(s.Start))) {
			return o
		}
	}
	return s
}

// sole is the one weekday that texts name, -1 for none or several.
func sole(texts ...[]token) int {
	only := -1
	for _, t := range texts {
		for _, w := range t {
			if d := dayName(w.word); d >= 0 && d != only {
				if only >= 0 {
					return -1
				}
				only = d
			}
		}
	}
	return only
}
