package events

import "testing"

func TestPlainLanguage(t *testing.T) {
	for tag, want := range map[string]string{"": "fr-simple", "fr": "fr-simple", "FR-fr": "fr-simple", "pt-BR": "pt-simple", "fr-simple": "fr-simple"} {
		if got := PlainLanguage(tag); got != want {
			t.Errorf("PlainLanguage(%q) = %q, want %q", tag, got, want)
		}
	}
	for tag, want := range map[string]bool{"": false, "fr": false, "simple": false, "fr-simple": true, "FR-Simple": true, "fr-FR-simple": true, "fr-simplex": false} {
		if got := IsPlainLanguage(tag); got != want {
			t.Errorf("IsPlainLanguage(%q) = %t", tag, got)
		}
	}
}
