package crisis_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/topic"
	"github.com/crieur/crieur/services/curator/crisis"
)

func TestReadyModels(t *testing.T) {
	t.Parallel()
	list, err := crisis.Models("albi", nil)
	if err != nil || len(list) < 8 {
		t.Fatalf("%d models, %v", len(list), err)
	}
	for _, m := range list {
		if err := m.Validate(); err != nil {
			t.Errorf("%s: %v", m.ID, err)
		}
		if n := len(crisis.Blanks(m)); n < 1 || n > 3 {
			t.Errorf("%s leaves %d blanks to somebody in a hurry", m.ID, n)
		}
		if !slices.ContainsFunc(topic.All(), func(tp topic.Topic) bool { return tp.Slug == m.Topic }) {
			t.Errorf("%s: topic %q", m.ID, m.Topic)
		}
		if strings.Contains(m.Instruction, "{") {
			t.Errorf("%s: its instruction holds even when nobody knows where or when", m.ID)
		}
	}
}

func TestAnAuthoritysOwn(t *testing.T) {
	t.Parallel()
	own := []registry.AlertModel{{Authority: "albi", ID: "canicule", Title: "Grand chaud"}, {Authority: "albi", ID: "barrage", Title: "Lâcher d’eau"}}
	list, err := crisis.Models("albi", own)
	if err != nil {
		t.Fatal(err)
	}
	titles := map[string]string{}
	for _, m := range list {
		titles[m.ID] += m.Title
	}
	if titles["canicule"] != "Grand chaud" || titles["barrage"] != "Lâcher d’eau" || list[0].ID != "inondation" || list[len(list)-1].ID != "barrage" {
		t.Errorf("%v", titles)
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, typed, want string }{
		"none":     {"Restez chez vous.", "x", "Restez chez vous."},
		"twice":    {"{rue} : coupée. Évitez {rue}", "Rue du Port", "Rue du Port : coupée. Évitez Rue du Port"},
		"braces":   {"Danger : {lieu}.", "{lieu}", "Danger : {lieu}."},
		"unclosed": {"Danger : {lieu", "x", "Danger : {lieu"},
		"empty":    {"Danger {}", "x", "Danger {}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := crisis.Fill(c.text, func(string) string { return c.typed }); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
