package desk

import (
	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/item"
	"github.com/crieur/crieur/services/curator/rule"
)

// index finds the streams that may take a message.
type index struct{ directory Directory }

// rules are those of a stream, false when it is no more.
func (x *index) rules(authority, stream string) (item.Rules, bool) {
	s, ok := x.directory.Streams.Get(authority, stream)
	if !ok {
		return item.Rules{}, false
	}
	a, ok := x.directory.Authorities.Get(authority)
	if !ok {
		a = registry.Authority{ID: authority}
	}
	return item.Rules{Authority: a, Stream: s}, true
}

// taking lists the streams whose rule takes a message.
func (x *index) taking(m events.Message) []item.Rules {
	var list []item.Rules
	for _, e := range x.directory.Streams.List() {
		s := e.Value
		at := rule.Place{Authority: registry.Authority{ID: s.Authority}}
		if s.Authority != m.Authority || len(s.Rule.Authorities) > 0 {
			at = rule.PlaceOf(s.Authority, func(id string) (registry.Authority, bool) { return x.directory.Authorities.Get(id) })
		}
		if !rule.Matches(s, at, m) {
			continue
		}
		if r, ok := x.rules(s.Authority, s.ID); ok {
			list = append(list, r)
		}
	}
	return list
}

// trust is that of the message's source. What the registry does not know is
// nobody's word.
func (x *index) trust(m events.Message) registry.Trust {
	if m.Source == rule.ConsoleSource {
		return registry.TrustOwn
	}
	s, ok := x.directory.Sources.Get(m.Authority, m.Source)
	if !ok {
		return registry.TrustPublic
	}
	return s.Trust
}
