package channel_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/crieur/crieur/services/publisher/channel"
)

func TestHTML(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"nothing", " \n\n ", ""},
		{"paragraphs", "Un.\r\n\r\nDeux.", "<p>Un.</p><p>Deux.</p>"},
		{"lines", "Un,\ndeux.", "<p>Un,<br>deux.</p>"},
		{"a list in a paragraph", "Au programme :\n- lecture ;\n- goûter.\nVenez !", "<p>Au programme :</p><ul><li>lecture ;</li><li>goûter.</li></ul><p>Venez !</p>"},
		{"a list", "• un\n• deux", "<ul><li>un</li><li>deux</li></ul>"},
		{"a dash in a sentence", "lundi - mardi", "<p>lundi - mardi</p>"},
		{"links", "Voir https://a.fr/b?c=1&d=2.", `<p>Voir <a href="https://a.fr/b?c=1&amp;d=2">https://a.fr/b?c=1&amp;d=2</a>.</p>`},
		{"what is no HTML", `<script>"`, "<p>&lt;script&gt;&#34;</p>"},
		{"no other scheme", "javascript:alert(1)", "<p>javascript:alert(1)</p>"},
	} {
		if got := channel.HTML(c.text); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzHTML(f *testing.F) {
	f.Add("a\n- b https://c.fr/<d>\n\n*")
	tag := regexp.MustCompile(`</?(p|ul|li|a)>|<br>|<a href="[^"<>]*">`)
	f.Fuzz(func(t *testing.T, text string) {
		if rest := tag.ReplaceAllString(channel.HTML(text), ""); strings.ContainsAny(rest, "<>") {
			t.Fatalf("%q leaves %q", text, rest)
		}
	})
}
