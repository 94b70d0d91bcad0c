package consent

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/territory"
)

// Profile is what the index needs to know of one subscriber.
type Profile struct {
	Authority     string
	Subscriptions []Subscription
	Preferred     string // kind; empty leaves the choice to Kinds
	Everywhere    bool   // wants every message on every channel
	Quiet         bool   // has quiet hours
}

// Index holds the bitmaps of every authority. It is safe for concurrent use.
type Index struct {
	mu          sync.RWMutex
	authorities map[string]*shelf
}

// shelf is one authority's bitmaps.
type shelf struct {
	known      *roaring.Bitmap // everybody who is in any set
	sets       map[set]*roaring.Bitmap
	preferred  map[string]*roaring.Bitmap
	everywhere *roaring.Bitmap
	quiet      *roaring.Bitmap
}

// set names one bitmap: those active on a stream and kind, and what they chose.
type set struct {
	stream, kind string
	by           dimension
	value        string
}

type dimension byte

const (
	active dimension = iota
	alertsOnly
	allTopics
	topic
	allAreas
	area
)

// NewIndex returns an empty index.
func NewIndex() *Index { return &Index{authorities: map[string]*shelf{}} }

func newShelf() *shelf {
	return &shelf{
		known: roaring.New(), sets: map[set]*roaring.Bitmap{}, preferred: map[string]*roaring.Bitmap{},
		everywhere: roaring.New(), quiet: roaring.New(),
	}
}

// Set replaces what is known of a subscriber.
func (x *Index) Set(ordinal uint32, p Profile) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.authorities[p.Authority]
	if s == nil {
		s = newShelf()
		x.authorities[p.Authority] = s
	}
	s.remove(ordinal)
	s.add(ordinal, p)
}

// Remove forgets a subscriber of an authority.
func (x *Index) Remove(ordinal uint32, authority string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if s := x.authorities[authority]; s != nil {
		s.remove(ordinal)
	}
}

func (s *shelf) add(ordinal uint32, p Profile) {
	some := false
	for _, sub := range p.Subscriptions {
		switch {
		case sub.Active():
			s.put(set{sub.Stream, sub.Kind, active, ""}, ordinal)
		case sub.Takes(events.ClassAlert):
			s.put(set{sub.Stream, sub.Kind, alertsOnly, ""}, ordinal)
		default:
			continue
		}
		some = true
		s.choices(sub, allTopics, topic, sub.Topics, ordinal)
		s.choices(sub, allAreas, area, sub.Areas, ordinal)
	}
	if !some {
		return
	}
	s.known.Add(ordinal)
	if p.Preferred != "" {
		if s.preferred[p.Preferred] == nil {
			s.preferred[p.Preferred] = roaring.New()
		}
		s.preferred[p.Preferred].Add(ordinal)
	}
	if p.Everywhere {
		s.everywhere.Add(ordinal)
	}
	if p.Quiet {
		s.quiet.Add(ordinal)
	}
}

func (s *shelf) choices(sub Subscription, all, one dimension, values []string, ordinal uint32) {
	if len(values) == 0 {
		s.put(set{sub.Stream, sub.Kind, all, ""}, ordinal)
	}
	for _, v := range values {
		s.put(set{sub.Stream, sub.Kind, one, v}, ordinal)
	}
}

func (s *shelf) put(k set, ordinal uint32) {
	b := s.sets[k]
	if b == nil {
		b = roaring.New()
		s.sets[k] = b
	}
	b.Add(ordinal)
}

func (s *shelf) remove(ordinal uint32) {
	if !s.known.CheckedRemove(ordinal) {
		return
	}
	for k, b := range s.sets {
		if b.Remove(ordinal); b.IsEmpty() {
			delete(s.sets, k)
		}
	}
	for _, b := range s.preferred {
		b.Remove(ordinal)
	}
	s.everywhere.Remove(ordinal)
	s.quiet.Remove(ordinal)
}

// Active reports whether a subscriber has a subscription that takes a class, on
// a stream and kind.
func (x *Index) Active(ordinal uint32, authority, stream, kind string, class events.Class) bool {
	yes := false
	x.Among(authority, stream, kind, class, func(active func(uint32) bool) { yes = active(ordinal) })
	return yes
}

// Among calls do with what tells who has a subscription that takes a class, on
// a stream and kind, by one reading. do must be short: nothing changes
// meanwhile.
func (x *Index) Among(authority, stream, kind string, class events.Class, do func(active func(ordinal uint32) bool)) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	sets := []*roaring.Bitmap{}
	if s := x.authorities[authority]; s != nil {
		sets = s.taking(stream, kind, class)
	}
	do(func(ordinal uint32) bool {
		return slices.ContainsFunc(sets, func(b *roaring.Bitmap) bool { return b.Contains(ordinal) })
	})
}

// taking are the sets of those whose subscription takes a class.
func (s *shelf) taking(stream, kind string, class events.Class) []*roaring.Bitmap {
	var sets []*roaring.Bitmap
	if b := s.sets[set{stream, kind, active, ""}]; b != nil {
		sets = append(sets, b)
	}
	if b := s.sets[set{stream, kind, alertsOnly, ""}]; b != nil && class == events.ClassAlert {
		sets = append(sets, b)
	}
	return sets
}

// Quiet returns those of b who have quiet hours.
func (x *Index) Quiet(authority string, b *roaring.Bitmap) *roaring.Bitmap {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if s := x.authorities[authority]; s != nil {
		return roaring.And(s.quiet, b)
	}
	return roaring.New()
}

// Subscribers returns how many people have a confirmed subscription, by
// authority.
func (x *Index) Subscribers() map[string]uint64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	n := make(map[string]uint64, len(x.authorities))
	for id, s := range x.authorities {
		n[id] = s.known.GetCardinality()
	}
	return n
}

// Target is who a publication is for.
type Target struct {
	Authority, Stream string
	Topics            []string // of the publication; empty does not narrow
	Areas             []string // INSEE codes or sector slugs; empty does not narrow
	Kinds             []string // of the publication's channels
	Class             events.Class
}

// TargetOf reads the target of a publication on the given kinds. home are the
// authority's INSEE codes: a publication for the whole of a commune concerns
// whoever chose one of its sectors.
func TargetOf(p events.Publication, kinds, home []string) Target {
	t := Target{
		Authority: p.Authority, Stream: p.Stream, Topics: p.Audience.Topics, Areas: p.Audience.Areas,
		Kinds: kinds, Class: p.Class,
	}
	if len(t.Topics) == 0 && p.Topic != "" {
		t.Topics = []string{p.Topic}
	}
	if len(t.Areas) == 0 {
		for _, a := range p.Areas {
			t.Areas = append(t.Areas, a.INSEE...)
		}
	}
	for _, a := range t.Areas { // what is in an arrondissement is in its commune
		if commune := territory.Parent(a); commune != "" && !slices.Contains(t.Areas, commune) {
			t.Areas = append(slices.Clip(t.Areas), commune)
		}
	}
	for _, a := range t.Areas {
		if covers(a, home) {
			t.Areas = nil
			break
		}
	}
	return t
}

// covers reports whether an area is the authority's whole territory or more:
// its only commune, or a département that one of its communes is in.
func covers(code string, home []string) bool {
	if len(home) == 1 && code == home[0] {
		return true
	}
	digits := strings.Trim(code, "0123456789AB") == ""
	return digits && len(code) <= 3 && slices.ContainsFunc(home, func(h string) bool { return strings.HasPrefix(h, code) })
}

// Select returns, for each of the target's kinds, whom to write to on it. The
// bitmaps are the caller's own.
func (x *Index) Select(t Target) map[string]*roaring.Bitmap {
	x.mu.RLock()
	defer x.mu.RUnlock()
	out := make(map[string]*roaring.Bitmap, len(t.Kinds))
	s := x.authorities[t.Authority]
	for _, kind := range t.Kinds {
		out[kind] = roaring.New()
		if s != nil {
			out[kind] = s.on(kind, t)
		}
	}
	if s != nil && t.Class != events.ClassAlert && len(out) > 1 {
		s.once(out)
	}
	return out
}

// on is everybody who wants the target on a kind.
func (s *shelf) on(kind string, t Target) *roaring.Bitmap {
	b := roaring.FastOr(s.taking(t.Stream, kind, t.Class)...)
	if len(t.Topics) > 0 {
		b.And(s.wanting(t.Stream, kind, allTopics, topic, t.Topics))
	}
	if len(t.Areas) > 0 {
		b.And(s.wanting(t.Stream, kind, allAreas, area, t.Areas))
	}
	return b
}

// wanting is those who did not narrow, and those who chose one of values.
func (s *shelf) wanting(stream, kind string, all, one dimension, values []string) *roaring.Bitmap {
	var parts []*roaring.Bitmap
	if b := s.sets[set{stream, kind, all, ""}]; b != nil {
		parts = append(parts, b)
	}
	for _, v := range values {
		if b := s.sets[set{stream, kind, one, v}]; b != nil {
			parts = append(parts, b)
		}
	}
	return roaring.FastOr(parts...)
}

// once leaves each person on one kind: the one he prefers, else the best, but
// for those who want all.
func (s *shelf) once(out map[string]*roaring.Bitmap) {
	wanted := maps.Clone(out)
	taken := s.everywhere.Clone()
	for kind, b := range wanted {
		out[kind] = roaring.And(b, s.everywhere)
		if p := s.preferred[kind]; p != nil {
			mine := roaring.And(b, p)
			out[kind].Or(mine)
			taken.Or(mine)
		}
	}
	for _, kind := range Kinds() {
		if b := wanted[kind]; b != nil {
			rest := roaring.AndNot(b, taken)
			out[kind].Or(rest)
			taken.Or(rest)
		}
	}
}
