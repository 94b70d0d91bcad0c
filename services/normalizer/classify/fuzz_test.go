package classify_test

import (
	"testing"

	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/normalizer/classify"
	"github.com/crieur/crieur/services/normalizer/stem"
)

// FuzzParseRules: what an officer may have written is refused, or works.
func FuzzParseRules(f *testing.F) {
	f.Add([]byte("topics: []"), "Travaux rue Nationale")
	f.Add([]byte("topics:\n  - id: eau\n    name: Eau\n    words: [eau, coupure d'eau]\n"), "coupure d'eau")
	f.Add([]byte("\xff: [\n"), "")
	stemmer := stem.New()
	f.Fuzz(func(t *testing.T, body []byte, text string) {
		rules, err := classify.ParseRules(body)
		if err != nil {
			return
		}
		c, err := classify.New(rules, stemmer)
		if err != nil {
			return
		}
		read := classify.Text{Title: territory.Fold(text), Body: territory.Fold(text)}
		if a, b := c.Classify(read), c.Classify(read); a.Topic != b.Topic || a.Danger != b.Danger {
			t.Fatalf("%+v, then %+v", a, b)
		}
	})
}
