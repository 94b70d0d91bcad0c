package topic_test

import (
	"testing"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/topic"
)

func TestTopicsHaveSlugsAndNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, tp := range topic.All() {
		if !events.IsSlug(tp.Slug) || tp.French == "" || tp.English == "" || seen[tp.Slug] {
			t.Errorf("topic %+v", tp)
		}
		seen[tp.Slug] = true
	}
	if got := topic.Name("eau", "fr"); got != "Eau et assainissement" {
		t.Errorf("eau is %q", got)
	}
	if got := topic.Name("propre-a-la-ville", "fr"); got != "propre-a-la-ville" {
		t.Errorf("an unknown topic is %q", got)
	}
}
