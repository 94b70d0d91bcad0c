package rewrite_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/crieur/crieur/services/normalizer/rewrite"
)

func FuzzTitle(f *testing.F) {
	for _, s := range []string{"TRAVAUX RUE NATIONALE", "<b>Fête</b> &amp;amp; bal | Ville de Bègles", "\xff\x00", "a\u202eb", strings.Repeat("É ", 400)} {
		f.Add(s, "Ville de Bègles")
	}
	f.Fuzz(func(t *testing.T, src, name string) {
		got := rewrite.Title(src, name)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > rewrite.MaxTitle || strings.ContainsAny(got, "\n\x00") {
			t.Fatalf("%q: %q", src, got)
		}
		if calm := rewrite.Calm(got); !utf8.ValidString(calm) || strings.Contains(calm, "\n") {
			t.Fatalf("calm %q: %q", got, calm)
		}
	})
}

func FuzzSummary(f *testing.F) {
	f.Add("Une phrase. Une autre ! M. le maire, art. 3, 20 h 30…")
	f.Add("\xff. a\u0301.")
	f.Fuzz(func(t *testing.T, text string) {
		text = rewrite.Clean(text)
		if got := rewrite.Summary(text); !utf8.ValidString(got) {
			t.Fatalf("%q: %q", text, got)
		}
	})
}

// FuzzLink: a link is empty or one that a browser may open.
func FuzzLink(f *testing.F) {
	for _, s := range []string{"/a", "javascript:alert(1)", "//x", "http://[::1", "HTTPS://é.fr/ ?q#", "mailto:a@b.fr", "data:text/html,x", "tel:+33"} {
		f.Add(s, "https://ville.example/news/")
	}
	f.Fuzz(func(t *testing.T, ref, base string) {
		got := rewrite.Link(ref, rewrite.Base(base))
		if got == "" {
			return
		}
		u, err := url.Parse(got)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			t.Fatalf("%q on %q: %q, %v", ref, base, got, err)
		}
	})
}
