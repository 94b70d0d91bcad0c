package dedupe

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/territory"
)

// The limits of a Window.
const (
	Remembered   = 3 * 24 * time.Hour // after a message was fetched
	maxSightings = 50_000
	maxCandidate = 500 // compared with a new message, the latest first
)

// sighting is a message as remembered.
type sighting struct {
	id, incident, source string
	family               family
	areas                []string // commune and département codes
	point                *events.Point
	from, to             time.Time
	print                Print
	marks                marks
	fetched              time.Time
	origin               events.Provenance
}

// Window groups messages in incidents. It is safe for concurrent use.
type Window struct {
	maker *Maker
	mu    sync.Mutex
	byID  map[string]*sighting
	// by family and département: where candidates are looked for
	places map[place][]*sighting
	// by incident: whose provenance is added
	incidents map[string][]*sighting
	// closed when the message is remembered
	awaited map[string]chan struct{}
}

type place struct {
	family      family
	departement string
}

// NewWindow returns an empty window.
func NewWindow(maker *Maker) *Window {
	return &Window{maker: maker, byID: map[string]*sighting{}, places: map[place][]*sighting{}, incidents: map[string][]*sighting{}, awaited: map[string]chan struct{}{}}
}

// Join finds the incident of a message and remembers it. A message joins the
// closest of those that another source gave, of the same family of topics, with
// an area in common, times that overlap, and words that are Same; it takes its
// incident and adds its provenance. A message whose incident is known already,
// being an update, keeps it. Backlog, exercises and tests join nothing.
func (w *Window) Join(m events.Message) events.Message {
	if m.Status != events.StatusActual || m.Backlog {
		return m
	}
	s := w.sight(&m)
	w.mu.Lock()
	defer w.mu.Unlock()
	if old, known := w.byID[m.ID]; known {
		m.Incident = old.incident
	} else if m.Incident == m.ID {
		if near := w.nearest(s); near != nil {
			m.Incident = near.incident
		}
	}
	s.incident = m.Incident
	m.Origin = w.origins(m)
	w.keep(s)
	return m
}

// Drop forgets a message that Join remembered and that is not to be emitted as
// it was joined.
func (w *Window) Drop(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s, ok := w.byID[id]; ok {
		w.drop(s)
	}
}

// Await returns a channel that is closed once a message is remembered.
func (w *Window) Await(id string) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, ok := w.awaited[id]
	if !ok {
		c = make(chan struct{})
		if _, known := w.byID[id]; known {
			close(c)
			return c
		}
		w.awaited[id] = c
	}
	return c
}

// maxTurns bounds in how many départements a message takes its turn.
const maxTurns = 4

// Turns names what messages that might be one incident have in common: two
// accounts of one thing share at least one. It is sorted; none is for a message
// that joins nothing.
func Turns(m *events.Message) []string {
	if m.Status != events.StatusActual || m.Backlog {
		return nil
	}
	s := sighting{}
	for _, a := range m.Areas {
		s.areas = append(s.areas, a.INSEE...)
	}
	list := s.departements()
	slices.Sort(list)
	for i, d := range list {
		list[i] = strconv.Itoa(int(familyOf(m.Topic))) + "-" + d
	}
	return list[:min(len(list), maxTurns)]
}

// Learn remembers a message that was emitted, here or by another process.
func (w *Window) Learn(m events.Message) {
	if m.Status != events.StatusActual || m.Backlog {
		return
	}
	s := w.sight(&m)
	s.incident = m.Incident
	w.mu.Lock()
	defer w.mu.Unlock()
	w.keep(s)
}

// Forget drops what is older than Remembered.
func (w *Window) Forget(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dropAll(func(s *sighting) bool { return now.Sub(s.fetched) > Remembered })
	for id, c := range w.awaited { // by nobody any more
		close(c)
		delete(w.awaited, id)
	}
}

// Len returns how many messages are remembered.
func (w *Window) Len() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.byID)
}

func (w *Window) sight(m *events.Message) *sighting {
	s := &sighting{
		id: m.ID, source: m.Authority + "/" + m.Source, family: familyOf(m.Topic), fetched: m.FetchedAt,
		from: m.Sent, to: m.Expires, print: w.maker.Print(m),
	}
	s.marks = marksOf(s.family, m)
	if m.Onset != nil {
		s.from = *m.Onset
	}
	if m.Ends != nil {
		s.to = *m.Ends
	}
	if len(m.Origin) > 0 {
		s.origin = m.Origin[0]
	}
	for _, a := range m.Areas {
		s.areas = append(s.areas, a.INSEE...)
		if s.point == nil {
			s.point = a.Point
		}
	}
	return s
}

// departements returns the distinct départements of a sighting's areas.
func (s *sighting) departements() []string {
	var list []string
	for _, c := range s.areas {
		if d := territory.DepartementOf(c); d != "" && !slices.Contains(list, d) {
			list = append(list, d)
		}
	}
	return list
}

func (w *Window) keep(s *sighting) {
	if c, ok := w.awaited[s.id]; ok {
		close(c)
		delete(w.awaited, s.id)
	}
	if old, ok := w.byID[s.id]; ok {
		if old.family == s.family && old.incident == s.incident && slices.Equal(old.departements(), s.departements()) {
			*old = *s
			return
		}
		w.drop(old)
	}
	if len(w.byID) >= maxSightings {
		w.dropOldest()
	}
	w.byID[s.id] = s
	w.incidents[s.incident] = append(w.incidents[s.incident], s)
	for _, d := range s.departements() {
		k := place{s.family, d}
		w.places[k] = append(w.places[k], s)
	}
}

// drop forgets one sighting.
func (w *Window) drop(s *sighting) {
	delete(w.byID, s.id)
	one := func(x *sighting) bool { return x == s }
	without(w.incidents, s.incident, one)
	for _, d := range s.departements() {
		without(w.places, place{s.family, d}, one)
	}
}

// without takes what gone holds for from a list of lists, and the list when it is
// empty.
func without[K comparable](lists map[K][]*sighting, k K, gone func(*sighting) bool) {
	if list := slices.DeleteFunc(lists[k], gone); len(list) > 0 {
		lists[k] = list
	} else {
		delete(lists, k)
	}
}

// dropAll forgets the sightings that old holds for.
func (w *Window) dropAll(old func(*sighting) bool) {
	touched := map[place]bool{}
	gone := map[*sighting]bool{}
	for id, s := range w.byID {
		if !old(s) {
			continue
		}
		gone[s] = true
		delete(w.byID, id)
		without(w.incidents, s.incident, func(x *sighting) bool { return x == s })
		for _, d := range s.departements() {
			touched[place{s.family, d}] = true
		}
	}
	for k := range touched {
		without(w.places, k, func(x *sighting) bool { return gone[x] })
	}
}

// dropOldest makes room for a tenth of the window.
func (w *Window) dropOldest() {
	times := make([]time.Time, 0, len(w.byID))
	for _, s := range w.byID {
		times = append(times, s.fetched)
	}
	slices.SortFunc(times, time.Time.Compare)
	limit := times[len(times)/10]
	w.dropAll(func(s *sighting) bool { return !s.fetched.After(limit) })
}

// nearest returns the closest sighting that is the same thing, nil when none.
func (w *Window) nearest(s *sighting) *sighting {
	var best *sighting
	bestScore := 0.0
	for _, d := range s.departements() {
		list := w.places[place{s.family, d}]
		for i := len(list) - 1; i >= max(0, len(list)-maxCandidate); i-- {
			c := list[i]
			if c.source == s.source || !c.overlaps(s) || !c.meets(s) || c.marks.differ(s.marks) {
				continue
			}
			if score, same := c.same(s); same && score > bestScore {
				best, bestScore = c, score
			}
		}
	}
	return best
}

// overlaps allows six hours between the times of two accounts of one thing.
func (s *sighting) overlaps(o *sighting) bool {
	const slack = 6 * time.Hour
	return !s.from.After(o.to.Add(slack)) && !o.from.After(s.to.Add(slack))
}

// meets reports whether two sightings share a commune, or one's commune is in
// the other's département.
func (s *sighting) meets(o *sighting) bool {
	for _, a := range s.areas {
		for _, b := range o.areas {
			if a == b || len(a) < 5 && territory.DepartementOf(b) == a || len(b) < 5 && territory.DepartementOf(a) == b {
				return true
			}
		}
	}
	return false
}

const maxOrigins = 10

// origins returns the message's provenance with that of its incident.
func (w *Window) origins(m events.Message) []events.Provenance {
	out := slices.Clone(m.Origin)
	if m.Incident == m.ID {
		return out
	}
	for _, s := range w.incidents[m.Incident] {
		if s.id != m.ID && s.origin.RawID != "" && len(out) < maxOrigins {
			out = append(out, s.origin)
		}
	}
	if len(out) > 1 {
		slices.SortFunc(out[1:], func(a, b events.Provenance) int { return a.FetchedAt.Compare(b.FetchedAt) })
	}
	return out
}
