package ical

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/source"
)

const (
	// maxWork bounds the days that the rules of one document may look at.
	maxWork = 3_000_000
	// maxOccurrences bounds those of one event within the horizon.
	maxOccurrences = 1000
	// maxRecords bounds a document.
	maxRecords = 20_000
	// maxLength is the length beyond which an end is not believed.
	maxLength = 10 * 366 * 24 * time.Hour
)

// Options say what the document itself may not.
type Options struct {
	ContentType string
	// Zone is that of dates written without one; UTC when nil.
	Zone *time.Location
	// Now, Past and Horizon bound what is shown: what ended before Now − Past is
	// left out, and so are the occurrences of a recurring event after Now + Horizon.
	Now           time.Time
	Past, Horizon time.Duration
}

// A Calendar is what was read of one or more documents.
type Calendar struct {
	Records []source.Record
	// Whole is false when a document was cut.
	Whole bool
	// Recurs is true when time alone brings new occurrences.
	Recurs bool
}

// Parse reads one document.
func Parse(body []byte, opt Options) (Calendar, error) { return parseAll([][]byte{body}, opt) }

// parseAll reads the documents of one collection.
func parseAll(bodies [][]byte, opt Options) (Calendar, error) {
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	b := &builder{opt: opt, budget: maxWork, series: map[string]*series{}, out: Calendar{Whole: true}}
	for _, body := range bodies {
		roots, whole, err := read(body, opt.ContentType)
		if err != nil {
			return Calendar{}, err
		}
		b.out.Whole = b.out.Whole && whole
		b.collect(roots)
	}
	for _, s := range b.order {
		b.records(s)
	}
	return b.out, nil
}

type builder struct {
	opt    Options
	budget int
	series map[string]*series // by UID
	order  []*series
	out    Calendar
}

// A series is all that one UID names: an event, or a recurring one with the
// occurrences written apart.
type series struct {
	uid     string
	masters []*event
	apart   []*event
}

// An event is one VEVENT.
type event struct {
	c       *component
	uid     string
	z       clock
	zones   *zones
	start   when
	id      when // RECURRENCE-ID in the wall time of z, zero without
	length  time.Duration
	ends    bool // length is known
	seq     int
	gone    bool // cancelled, or not for the public
	future  bool // RANGE=THISANDFUTURE
	problem error
}

func (b *builder) collect(roots []*component) {
	for _, root := range roots {
		z := newZones(b.home(root), &b.budget)
		parts := root.children
		if root.name == "VEVENT" {
			parts = []*component{root}
		}
		for _, c := range parts {
			if c.name == "VTIMEZONE" {
				z.define(c)
			}
		}
		cancel := strings.EqualFold(root.prop("METHOD").text(), "CANCEL")
		for _, c := range parts {
			if c.name == "VEVENT" && c.closed {
				b.add(newEvent(c, z, cancel))
			}
		}
	}
}

// home is the zone of a calendar's dates without zone.
func (b *builder) home(calendar *component) *time.Location {
	if l := load(calendar.prop("X-WR-TIMEZONE").text()); l != nil {
		return l
	}
	return b.opt.Zone
}

func (b *builder) add(e *event) {
	s := b.series[e.uid]
	if s == nil || e.uid == "" {
		s = &series{uid: e.uid}
		b.series[e.uid] = s
		b.order = append(b.order, s)
	}
	list := &s.masters
	if !e.id.wall.IsZero() {
		list = &s.apart
	}
	if len(*list) >= maxOccurrences {
		return
	}
	for _, other := range *list {
		if other.id == e.id && other.seq > e.seq {
			return // an older version of what is here already
		}
	}
	*list = slices.DeleteFunc(*list, func(other *event) bool { return other.id == e.id && other.seq < e.seq })
	*list = append(*list, e)
}

func newEvent(c *component, zones *zones, cancel bool) *event {
	e := &event{c: c, zones: zones, z: zones.home, uid: strings.TrimSpace(c.prop("UID").text())}
	e.seq, _ = strconv.Atoi(c.prop("SEQUENCE").text()) // 0 where it says none
	class := strings.ToUpper(c.prop("CLASS").text())
	status := strings.ToUpper(c.prop("STATUS").text())
	e.gone = cancel || status == "CANCELLED" || status == "CANCELED" || class == "PRIVATE" || class == "CONFIDENTIAL"
	start := c.prop("DTSTART")
	if start == nil {
		e.problem = events.Permanentf(events.ReasonInvalidContent, "ical: DTSTART: required")
		return e
	}
	var ok bool
	if e.start, ok = moment(start.value); !ok {
		e.problem = events.Permanentf(events.ReasonInvalidContent, "ical: DTSTART: cannot be read")
		return e
	}
	e.z = e.clockOf(start, e.start)
	e.measure()
	if p := c.prop("RECURRENCE-ID"); p != nil {
		if id, ok := moment(p.value); ok {
			e.id = e.inWall(p, id)
			e.future = strings.EqualFold(p.param("RANGE"), "THISANDFUTURE")
		}
	}
	return e
}

func (e *event) clockOf(p *property, w when) clock {
	switch {
	case w.utc:
		return iana{time.UTC}
	case w.day:
		return e.zones.home
	}
	return e.zones.find(p.param("TZID"))
}

// inWall puts a date of another property in the wall time of the event. What has
// no zone of its own has the event's.
func (e *event) inWall(p *property, w when) when {
	if w.day || e.start.day || !w.utc && p.param("TZID") == "" {
		if w.utc && e.start.day {
			w.wall = wallOf(w.wall, e.zones.home)
		}
		w.utc = false
		return w
	}
	if z := e.clockOf(p, w); z != e.z {
		w.wall = wallOf(instant(w.wall, z), e.z)
	}
	w.utc = false
	return w
}

// measure finds the event's length from DTEND or DURATION.
func (e *event) measure() {
	if p := e.c.prop("DTEND"); p != nil {
		if w, ok := moment(p.value); ok {
			e.length, e.ends = e.inWall(p, w).wall.Sub(e.start.wall), true
		}
	} else if p := e.c.prop("DURATION"); p != nil {
		e.length, e.ends = duration(p.value)
	}
	if e.length < 0 || e.length > maxLength {
		e.length, e.ends = 0, false
	}
	if e.start.day {
		// DTEND is exclusive; where it equals DTSTART the day itself is meant.
		days := (e.length + 24*time.Hour - 1) / (24 * time.Hour)
		e.length, e.ends = max(days, 1)*24*time.Hour, true
	}
}

// at gives the instants of an occurrence that begins at a wall time; end is the
// first instant after it, start where no end is known.
func (e *event) at(wall time.Time) (start, end time.Time) {
	return instant(wall, e.z), instant(wall.Add(e.length), e.z)
}

func (b *builder) records(s *series) {
	apart := s.apart
	for _, m := range s.masters {
		if m.problem != nil {
			b.refuse(m)
			continue
		}
		if !m.recurs() {
			if _, end := m.at(m.start.wall); b.shown(end) {
				b.emit(m, s.uid, m.start.wall)
			}
			continue
		}
		b.out.Recurs = true
		used, err := b.expand(m, s)
		if err != nil {
			m.problem = err
			b.refuse(m)
		}
		apart = slices.DeleteFunc(slices.Clone(apart), func(e *event) bool { return used[e] })
	}
	// Moved into what is shown, or written without the event they belong to.
	for _, e := range apart {
		if e.problem != nil {
			b.refuse(e)
			continue
		}
		start, end := e.at(e.start.wall)
		if b.shown(end) && !start.After(b.opt.Now.Add(b.opt.Horizon)) {
			b.emit(e, s.name(e)+"/"+e.stamp(e.id.wall), e.start.wall)
		}
	}
}

func (b *builder) shown(end time.Time) bool { return !end.Before(b.opt.Now.Add(-b.opt.Past)) }

func (e *event) recurs() bool { return e.c.prop("RRULE") != nil || e.c.prop("RDATE") != nil }

// name is what occurrences without UID are called by.
func (s *series) name(e *event) string { return cmp.Or(s.uid, e.c.prop("SUMMARY").text()) }

// stamp names an occurrence, whatever zone its event is written in.
func (e *event) stamp(wall time.Time) string {
	if e.start.day {
		return wall.Format("20060102")
	}
	return instant(wall, e.z).UTC().Format("20060102T150405Z")
}

// expand shows the occurrences of a recurring event within the horizon, and says
// which of those written apart it used.
func (b *builder) expand(m *event, s *series) (map[*event]bool, error) {
	from := wallOf(b.opt.Now.Add(-b.opt.Past), m.z).Add(-m.length)
	to := wallOf(b.opt.Now.Add(b.opt.Horizon), m.z)
	walls, err := b.walls(m, from, to)
	used := map[*event]bool{}
	excluded, apart := m.excluded(), s.index(m)
	for _, wall := range walls {
		if excluded(wall) {
			continue
		}
		item := s.name(m) + "/" + m.stamp(wall)
		e, at := m, wall
		if other, own := apart.find(m, wall); own {
			e, at, used[other] = other, other.start.wall, true
		} else if other != nil {
			e, at = other, wall.Add(other.start.wall.Sub(other.id.wall))
		}
		if _, end := e.at(at); b.shown(end) {
			b.emit(e, item, at)
		}
	}
	return used, err
}

// walls gives the wall times of a recurrence set, in order, without EXDATE.
func (b *builder) walls(m *event, from, to time.Time) ([]time.Time, error) {
	var list []time.Time
	add := func(wall time.Time) bool {
		if !wall.Before(from) && !wall.After(to) {
			list = append(list, wall)
		}
		return len(list) < maxOccurrences
	}
	add(m.start.wall)
	for _, p := range m.c.all("RDATE") {
		for _, v := range values(p) {
			if w, ok := moment(v); ok {
				add(m.inWall(p, w).wall)
			}
		}
	}
	var problem error
	for _, p := range m.c.all("RRULE") {
		r, err := parseRule(p.value)
		if err != nil {
			problem = events.Permanentf(events.ReasonInvalidContent, "ical: RRULE: cannot be read; only the first date is shown")
			continue
		}
		r.between(m.start.wall, from, earlier(to, m.until(r)), &b.budget, add)
		if b.budget <= 0 {
			problem = events.Permanentf(events.ReasonTooLarge, "ical: RRULE: too much work; its dates may lack")
		}
	}
	slices.SortFunc(list, time.Time.Compare)
	return slices.Compact(list), problem
}

func values(p *property) []string {
	all := list(p.value)
	return all[:min(len(all), maxOccurrences)]
}

func earlier(a, b time.Time) time.Time {
	if b.IsZero() || a.Before(b) {
		return a
	}
	return b
}

// until gives a rule's end in the event's wall time, zero without. A day counts whole.
func (m *event) until(r rule) time.Time {
	switch {
	case r.until.IsZero():
		return time.Time{}
	case r.untilDay:
		return r.until.Add(24*time.Hour - time.Second)
	case r.untilUTC && m.start.day:
		return wallOf(r.until, m.zones.home)
	case r.untilUTC:
		return wallOf(r.until, m.z)
	}
	return r.until
}

// excluded reads EXDATE. A day excludes all that begins on it.
func (m *event) excluded() func(wall time.Time) bool {
	times, days := map[int64]bool{}, map[string]bool{}
	for _, p := range m.c.all("EXDATE") {
		for _, v := range values(p) {
			w, ok := moment(v)
			if !ok {
				continue
			}
			w = m.inWall(p, w)
			if w.day || m.start.day {
				days[w.wall.Format(time.DateOnly)] = true
			} else {
				times[w.wall.Unix()] = true
			}
		}
	}
	return func(wall time.Time) bool {
		return times[wall.Unix()] || len(days) > 0 && days[wall.Format(time.DateOnly)]
	}
}

// An index finds what was written apart for an occurrence.
type index struct {
	byInstant map[int64]*event
	byDay     map[string]*event
	following []*event // RANGE=THISANDFUTURE, in order
}

func (s *series) index(m *event) index {
	x := index{byInstant: map[int64]*event{}, byDay: map[string]*event{}}
	for _, e := range s.apart {
		if e.problem != nil {
			continue
		}
		if e.id.day || m.start.day {
			x.byDay[e.id.wall.Format(time.DateOnly)] = e
		} else {
			x.byInstant[instant(e.id.wall, e.z).Unix()] = e
		}
		if e.future {
			x.following = append(x.following, e)
		}
	}
	slices.SortFunc(x.following, func(a, b *event) int { return a.id.wall.Compare(b.id.wall) })
	return x
}

// find gives what was written for the occurrence itself (own), or for one before
// it and all that follow; nil where there is neither.
func (x index) find(m *event, wall time.Time) (e *event, own bool) {
	if e = x.byInstant[instant(wall, m.z).Unix()]; e == nil {
		e = x.byDay[wall.Format(time.DateOnly)]
	}
	if e != nil {
		return e, true
	}
	for _, f := range x.following {
		if !f.id.wall.After(wall) {
			e = f
		}
	}
	return e, false
}
