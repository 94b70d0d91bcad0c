package language_test

import (
	"regexp"
	"testing"

	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/normalizer/language"
)

// FuzzOf: whatever is declared, a message has a language tag (RFC 5646).
func FuzzOf(f *testing.F) {
	f.Add("fr_FR", "Travaux rue Nationale")
	f.Add("", "The road is closed until Monday")
	f.Add("x-\xff", "")
	f.Add("zh-Hant-TW-u-co-stroke", "今天")
	tag := regexp.MustCompile(`^[a-z]{2,3}$`)
	f.Fuzz(func(t *testing.T, declared, text string) {
		got := language.Of(declared, territory.Fold(text))
		if !tag.MatchString(got) {
			t.Fatalf("%q, %q: %q", declared, text, got)
		}
	})
}
