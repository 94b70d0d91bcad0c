package normalizer_test

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
)

// field is what a message of a kind must say.
type field struct {
	name string
	said func(events.Message) bool
}

func fields() []field {
	return []field{
		{"severity", func(m events.Message) bool { return m.Severity.Rank() >= 0 }},
		{"urgency", func(m events.Message) bool { return m.Urgency.Valid() && m.Urgency != events.UrgencyUnknown }},
		{"certainty", func(m events.Message) bool { return m.Certainty.Valid() && m.Certainty != events.CertaintyUnknown }},
		{"areas", func(m events.Message) bool {
			return len(m.Areas) > 0 && !slices.ContainsFunc(m.Areas, func(a events.Area) bool {
				return len(a.INSEE) == 0 && (m.Origin[0].Kind != "cap" || a.Name == "") // an alert may be of another country
			})
		}},
		{"expiry", func(m events.Message) bool {
			return !m.Expires.IsZero() && (m.Onset == nil || !m.Expires.Before(*m.Onset)) // what is over has expired
		}},
		{"attribution", func(m events.Message) bool { return m.Origin[0].Attribution != "" }},
		{"licence", func(m events.Message) bool { return m.Origin[0].Licence != "" }},
	}
}

// state are the kinds whose publisher is known, and so is the licence of its
// data; the others have the licence that the source's settings or portal give.
func state(kind string) bool {
	return slices.Contains([]string{"vigilance", "vigicrues", "vigieau"}, kind)
}

// must names what every message of a kind says, with nothing set for its source
// but a name. An entry that is for information has no urgency, and one that is
// promotional no severity either.
func must(kind string) []string {
	switch {
	case state(kind):
		return []string{"severity", "urgency", "certainty", "areas", "expiry", "attribution", "licence"}
	case kind == "cap", kind == "gtfsrt", kind == "datex2":
		return []string{"severity", "urgency", "certainty", "areas", "expiry", "attribution"}
	}
	return []string{"areas", "expiry", "attribution"}
}

// count is how many messages of a kind say a field.
type count struct {
	messages int
	said     map[string]int
}

// TestEveryKindIsMapped normalises what the connectors of ingest make of their
// recorded inputs, kind by kind, and prints the share of messages that say each
// field.
func TestEveryKindIsMapped(t *testing.T) {
	t.Parallel()
	p := pipeline(t)
	cases, err := filepath.Glob("../ingest/source/*/testdata/*/want.json")
	if err != nil || len(cases) < 30 {
		t.Fatalf("%d cases of ingest: %v", len(cases), err)
	}
	counts := map[string]*count{}
	for _, path := range cases {
		kind := strings.Split(filepath.ToSlash(path), "/")[3]
		for _, r := range recorded(t, path) {
			m, err := p.Normalise(r, registry.Source{Authority: "begles", ID: "site", Name: "La source", Kind: kind, ClassDefault: events.ClassService},
				registry.Authority{ID: "begles", Name: "Bègles", INSEE: []string{"33039"}, TimeZone: "Europe/Paris"}, r.FetchedAt)
			if err != nil {
				t.Errorf("%s: %s: %v", path, r.Item, err)
				continue
			}
			if err := m.Validate(); err != nil {
				t.Errorf("%s: %s: %v", path, r.Item, err)
			}
			tally(t, counts, kind, path, m)
		}
	}
	for kind := range counts {
		if counts[kind].messages == 0 {
			t.Errorf("%s: no message", kind)
		}
	}
	table(t, counts)
}

func tally(t *testing.T, counts map[string]*count, kind, path string, m events.Message) {
	t.Helper()
	c := counts[kind]
	if c == nil {
		c = &count{said: map[string]int{}}
		counts[kind] = c
	}
	c.messages++
	for _, f := range fields() {
		if f.said(m) {
			c.said[f.name]++
		} else if slices.Contains(must(kind), f.name) {
			t.Errorf("%s: %q: no %s", filepath.Dir(path), m.Content.Title, f.name)
		}
	}
}

// recorded are the raws of a case, fetched when the newest of it was published.
func recorded(t *testing.T, path string) []events.Raw {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Item      string
		URL       string
		Withdrawn bool
		Refused   string
		Record    json.RawMessage
	}
	if err := json.Unmarshal(body, &list); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	kind := strings.Split(filepath.ToSlash(path), "/")[3]
	var raws []events.Raw
	for _, x := range list {
		if x.Withdrawn || x.Refused != "" {
			continue
		}
		var at struct{ Published, Sent time.Time }
		if err := json.Unmarshal(x.Record, &at); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		seen := at.Published
		if seen.IsZero() {
			seen = at.Sent
		}
		if seen.IsZero() {
			seen = fetched
		}
		raws = append(raws, events.Raw{
			ID: events.RawID("begles", "site", x.Item, "h"), Authority: "begles", Source: "site", Kind: kind, Item: cmp.Or(x.Item, "1"), Hash: "h",
			Revision: 1, FetchedAt: seen.Add(time.Minute), URL: cmp.Or(x.URL, "https://source.example/"), Record: x.Record,
		})
	}
	return raws
}

// table is logged as the README has it.
func table(t *testing.T, counts map[string]*count) {
	t.Helper()
	head, rule := "| kind | messages |", "|---|---:|"
	for _, f := range fields() {
		head, rule = head+" "+f.name+" |", rule+"---:|"
	}
	lines := []string{head, rule}
	var kinds []string
	for k := range counts {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	for _, k := range kinds {
		c := counts[k]
		line := "| " + k + " | " + strconv.Itoa(c.messages) + " |"
		for _, f := range fields() {
			line += " " + strconv.Itoa(100*c.said[f.name]/c.messages) + " % |"
		}
		lines = append(lines, line)
	}
	t.Log("\n" + strings.Join(lines, "\n"))
}
