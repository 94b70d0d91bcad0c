package rule

import (
	"slices"
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/territory"
)

// ConsoleSource is the source of what officers of an authority write
// themselves. A stream whose rule lists sources takes it only by its name.
const ConsoleSource = "console"

// Place is where a stream stands: its authority and those it belongs to.
type Place struct {
	Authority registry.Authority
	// Parents are the authorities it belongs to, the nearest first.
	Parents []registry.Authority
}

// maxDepth bounds the chain of parents, should the registry hold a ring.
const maxDepth = 8

// PlaceOf finds an authority and its parents. The zero Place with only the ID
// when the authority is not known.
func PlaceOf(id string, get func(id string) (registry.Authority, bool)) Place {
	a, ok := get(id)
	if !ok {
		return Place{Authority: registry.Authority{ID: id}}
	}
	p := Place{Authority: a}
	for next := a.Parent; next != "" && len(p.Parents) < maxDepth; {
		parent, ok := get(next)
		if !ok {
			break
		}
		p.Parents = append(p.Parents, parent)
		next = parent.Parent
	}
	return p
}

// Matches reports whether a message belongs on a stream.
func Matches(s registry.Stream, at Place, m events.Message) bool {
	r := s.Rule
	return authority(s, at, m.Authority) &&
		source(s, m) &&
		within(r.Topics, m.Topic) &&
		within(r.Classes, m.Class) &&
		(r.MinSeverity == "" || m.Severity.Rank() >= r.MinSeverity.Rank()) &&
		area(s, at, m)
}

func within[T comparable](list []T, value T) bool {
	return len(list) == 0 || slices.Contains(list, value)
}

func authority(s registry.Stream, at Place, from string) bool {
	if len(s.Rule.Authorities) > 0 {
		return slices.Contains(s.Rule.Authorities, from)
	}
	return from == s.Authority || slices.ContainsFunc(at.Parents, func(p registry.Authority) bool { return p.ID == from })
}

func source(s registry.Stream, m events.Message) bool {
	if len(s.Rule.Sources) == 0 {
		return true
	}
	return slices.ContainsFunc(s.Rule.Sources, func(ref string) bool {
		if a, id, both := strings.Cut(ref, "/"); both {
			return a == m.Authority && id == m.Source
		}
		return m.Authority == s.Authority && ref == m.Source
	})
}

// area compares where the message applies with the rule's areas, or with the
// stream's own territory when the message comes from another authority: what a
// métropole says of one commune is not for the others. A message that says no
// area applies wherever its authority does.
func area(s registry.Stream, at Place, m events.Message) bool {
	codes := Codes(m)
	if len(codes) == 0 {
		return true
	}
	wanted := s.Rule.Areas
	if len(wanted) == 0 && m.Authority != s.Authority && len(s.Rule.Authorities) == 0 {
		wanted = at.Authority.INSEE
	}
	if len(wanted) == 0 {
		return true
	}
	return slices.ContainsFunc(wanted, func(w string) bool {
		return slices.ContainsFunc(codes, func(c string) bool { return overlap(w, c) })
	})
}

// Codes returns the INSEE codes where a message applies.
func Codes(m events.Message) []string {
	var codes []string
	for _, a := range m.Areas {
		codes = append(codes, a.INSEE...)
	}
	return codes
}

// overlap reports whether two INSEE codes share territory: the same one, a commune
// and one of its arrondissements, or a commune and its département (whose code its
// own begins with, 97x overseas).
func overlap(a, b string) bool {
	if a == b || a == territory.Parent(b) || b == territory.Parent(a) {
		return true
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	return len(b) == 5 && (len(a) == 2 || len(a) == 3) && strings.HasPrefix(b, a)
}
