package translit

import (
	"testing"
	"unicode/utf8"
)

func TestApproximate(t *testing.T) {
	t.Parallel()
	cases := map[rune]string{
		'a': "a", 'ê': "e", 'Ç': "C", 'œ': "oe", 'Œ': "OE", 'æ': "ae", 'ß': "ss", '’': "'", '«': `"`, '…': "...",
		'–': "-", '\u00a0': " ", '\u202f': " ", '\u200b': "", '\u00ad': "", '³': "3", 'ﬁ': "fi", 'Ł': "L", 'ế': "e",
		'№': "No", '½': "1/2", '→': "->", '`': "'", '\t': " ", '\u2028': "\n", '\u0302': "",
	}
	for r, want := range cases {
		if got, ok := Approximate(r); !ok || got != want {
			t.Errorf("%q: got %q, %v; want %q", r, got, ok, want)
		}
	}
	for _, r := range "محمد北κйᄒ한ा😀∞" {
		if got, ok := Approximate(r); ok {
			t.Errorf("%q: has no reading, got %q", r, got)
		}
	}
}

// Every reading is printable ASCII that reads as itself, so folding is stable.
func TestReadingsAreStable(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= utf8.MaxRune; r++ {
		s, _ := Approximate(r)
		for _, c := range s {
			if again, ok := Approximate(c); !ok || again != string(c) || c >= 0x7F {
				t.Fatalf("%U reads %q, of which %q reads %q", r, s, c, again)
			}
		}
	}
}

func TestIsEmoji(t *testing.T) {
	t.Parallel()
	for _, r := range "😀🎉⚠✅❌☎🇫🏽⭐⏰" {
		if !IsEmoji(r) {
			t.Errorf("%q is an emoji", r)
		}
	}
	for _, r := range "a9#é→©™…❝✱•№𝐁" {
		if IsEmoji(r) {
			t.Errorf("%q is not an emoji", r)
		}
	}
}
