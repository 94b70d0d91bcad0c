package rule_test

import (
	"testing"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/rule"
)

func authorities() map[string]registry.Authority {
	return map[string]registry.Authority{
		"begles":     {ID: "begles", Kind: registry.Municipality, INSEE: []string{"33039"}, Parent: "metropole"},
		"metropole":  {ID: "metropole", Kind: registry.Intercommunity, INSEE: []string{"33039", "33063"}, Parent: "gironde"},
		"gironde":    {ID: "gironde", Kind: registry.Department, INSEE: []string{"33"}},
		"ring":       {ID: "ring", Parent: "ring-other"},
		"ring-other": {ID: "ring-other", Parent: "ring"},
	}
}

func get(id string) (registry.Authority, bool) {
	a, ok := authorities()[id]
	return a, ok
}

func message(change func(*events.Message)) events.Message {
	m := events.Message{
		Authority: "begles", Source: "site", Topic: "eau", Class: events.ClassService, Severity: events.SeverityModerate,
		Areas: []events.Area{{INSEE: []string{"33039"}}},
	}
	if change != nil {
		change(&m)
	}
	return m
}

func TestMatches(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		rule   registry.Rule
		change func(*events.Message)
		want   bool
	}{
		{name: "an empty rule takes its own authority's", want: true},
		{name: "a parent's for the commune", change: func(m *events.Message) { m.Authority = "metropole" }, want: true},
		{name: "a grandparent's", change: func(m *events.Message) { m.Authority = "gironde"; m.Areas = nil }, want: true},
		{name: "a parent's for the neighbour", change: func(m *events.Message) {
			m.Authority = "metropole"
			m.Areas = []events.Area{{INSEE: []string{"33063"}}}
		}},
		{name: "a parent's for the whole département", change: func(m *events.Message) {
			m.Authority = "metropole"
			m.Areas = []events.Area{{INSEE: []string{"33"}}}
		}, want: true},
		{name: "a stranger's", change: func(m *events.Message) { m.Authority = "pau" }},
		{name: "a stranger's, asked for", rule: registry.Rule{Authorities: []string{"pau"}}, change: func(m *events.Message) {
			m.Authority = "pau"
			m.Areas = []events.Area{{INSEE: []string{"64445"}}}
		}, want: true},
		{name: "authorities asked for leave out the own", rule: registry.Rule{Authorities: []string{"pau"}}},
		{name: "own source", rule: registry.Rule{Sources: []string{"site"}}, want: true},
		{name: "own source does not name the parent's", rule: registry.Rule{Sources: []string{"site"}}, change: func(m *events.Message) { m.Authority = "metropole" }},
		{name: "another's source by its full name", rule: registry.Rule{Sources: []string{"metropole/site"}}, change: func(m *events.Message) { m.Authority = "metropole" }, want: true},
		{name: "another source", rule: registry.Rule{Sources: []string{"agenda"}}},
		{name: "what an officer writes is no source of the agenda", rule: registry.Rule{Sources: []string{"agenda"}}, change: func(m *events.Message) { m.Source = rule.ConsoleSource }},
		{name: "what an officer writes, listed", rule: registry.Rule{Sources: []string{"agenda", "console"}}, change: func(m *events.Message) { m.Source = rule.ConsoleSource }, want: true},
		{name: "what a parent's officer writes is not the own console's", rule: registry.Rule{Sources: []string{"console"}}, change: func(m *events.Message) {
			m.Source, m.Authority = rule.ConsoleSource, "metropole"
		}},
		{name: "topic", rule: registry.Rule{Topics: []string{"dechets", "eau"}}, want: true},
		{name: "another topic", rule: registry.Rule{Topics: []string{"dechets"}}},
		{name: "class", rule: registry.Rule{Classes: []events.Class{events.ClassAlert}}},
		{name: "severity equal", rule: registry.Rule{MinSeverity: events.SeverityModerate}, want: true},
		{name: "severity below", rule: registry.Rule{MinSeverity: events.SeveritySevere}},
		{name: "severity unknown is below", rule: registry.Rule{MinSeverity: events.SeverityMinor}, change: func(m *events.Message) { m.Severity = events.SeverityUnknown }},
		{name: "commune in the rule's département", rule: registry.Rule{Areas: []string{"33"}}, want: true},
		{name: "département over the rule's commune", rule: registry.Rule{Areas: []string{"33039"}}, change: func(m *events.Message) {
			m.Areas = []events.Area{{INSEE: []string{"33"}}}
		}, want: true},
		{name: "an arrondissement of the rule's commune", rule: registry.Rule{Areas: []string{"69123"}}, change: func(m *events.Message) {
			m.Areas = []events.Area{{INSEE: []string{"69383"}}}
		}, want: true},
		{name: "the commune of the rule's arrondissement", rule: registry.Rule{Areas: []string{"69383"}}, change: func(m *events.Message) {
			m.Areas = []events.Area{{INSEE: []string{"69123"}}}
		}, want: true},
		{name: "another arrondissement", rule: registry.Rule{Areas: []string{"69383"}}, change: func(m *events.Message) {
			m.Areas = []events.Area{{INSEE: []string{"69385"}}}
		}},
		{name: "another commune", rule: registry.Rule{Areas: []string{"33063"}}},
		{name: "no area is everywhere", rule: registry.Rule{Areas: []string{"33063"}}, change: func(m *events.Message) { m.Areas = nil }, want: true},
		{name: "one of several areas", rule: registry.Rule{Areas: []string{"33063"}}, change: func(m *events.Message) {
			m.Areas = []events.Area{{INSEE: []string{"33039"}}, {INSEE: []string{"33063"}}}
		}, want: true},
		{name: "a prefix of a commune is not a département", rule: registry.Rule{Areas: []string{"3303"}}},
		{name: "topic and source together", rule: registry.Rule{Topics: []string{"eau"}, Sources: []string{"agenda"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := registry.Stream{Authority: "begles", ID: "infos", Rule: tt.rule}
			if got := rule.Matches(s, rule.PlaceOf("begles", get), message(tt.change)); got != tt.want {
				t.Errorf("Matches = %t, want %t", got, tt.want)
			}
		})
	}
}

func TestOverseas(t *testing.T) {
	t.Parallel()
	s := registry.Stream{Authority: "x", Rule: registry.Rule{Areas: []string{"974"}}}
	m := events.Message{Authority: "x", Areas: []events.Area{{INSEE: []string{"97411"}}}}
	if !rule.Matches(s, rule.Place{}, m) {
		t.Error("97411 is in 974")
	}
}

func TestPlaceOfRing(t *testing.T) {
	t.Parallel()
	if p := rule.PlaceOf("ring", get); len(p.Parents) > 8 {
		t.Errorf("%d parents", len(p.Parents))
	}
	if p := rule.PlaceOf("nowhere", get); p.Authority.ID != "nowhere" || p.Parents != nil {
		t.Errorf("place of an unknown authority: %+v", p)
	}
}
