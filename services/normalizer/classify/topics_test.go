package classify_test

import (
	"testing"

	"github.com/crieur/crieur/events/topic"
	"github.com/crieur/crieur/services/normalizer/classify"
)

// The rules that come with the program and the list that the other services
// show name the same topics.
func TestRulesAndTopicListAgree(t *testing.T) {
	t.Parallel()
	rules := map[string]string{}
	for _, r := range classify.DefaultRules().Topics {
		rules[r.Slug] = r.Name
	}
	for _, tp := range topic.All() {
		if rules[tp.Slug] != tp.French {
			t.Errorf("%s: %q in the list, %q in the rules", tp.Slug, tp.French, rules[tp.Slug])
		}
		delete(rules, tp.Slug)
	}
	if len(rules) > 0 {
		t.Errorf("not in the list: %v", rules)
	}
}
