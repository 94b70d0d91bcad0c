package translit

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Approximate returns the closest reading of r in printable ASCII (plus line
// feed and carriage return), and whether there is one. An ASCII character reads
// as itself, save the grave accent, which reads as an apostrophe; an invisible
// one as "". Emoji have none: see IsEmoji.
func Approximate(r rune) (string, bool) {
	if s, ok := exact(r); ok {
		return s, true
	}
	if r >= 0x20 && r < 0x7F || r == '\n' || r == '\r' {
		return string(r), true
	}
	switch {
	case IsInvisible(r):
		return "", true
	case unicode.Is(unicode.Zs, r), r == '\t', r == '\v', r == '\f':
		return " ", true
	case r == '\u2028', r == '\u2029', r == '\u0085':
		return "\n", true
	case unicode.IsControl(r):
		return "", true
	case unicode.Is(unicode.Pd, r):
		return "-", true
	case unicode.Is(unicode.Mn, r):
		return "", latinMark(r)
	}
	return decomposed(r)
}

// decomposed reads r through its compatibility decomposition: "ế" → "e",
// "ﬁ" → "fi", "Ａ" → "A", "³" → "3". A letter of another script stays without.
func decomposed(r rune) (string, bool) {
	form := norm.NFKD.String(string(r))
	if form == string(r) {
		return "", false
	}
	var b strings.Builder
	for _, d := range form {
		if unicode.Is(unicode.Mn, d) {
			if !latinMark(d) {
				return "", false
			}
			continue
		}
		s, ok := exact(d)
		switch {
		case ok:
			b.WriteString(s)
		case d >= 0x20 && d < 0x7F:
			b.WriteRune(d)
		default:
			return "", false
		}
	}
	return b.String(), b.Len() > 0
}

// latinMark says whether a combining mark belongs to the blocks used over Latin
// letters; dropping a vowel sign of another script would change the word.
func latinMark(r rune) bool {
	return r >= 0x0300 && r <= 0x036F || r >= 0x1AB0 && r <= 0x1AFF ||
		r >= 0x1DC0 && r <= 0x1DFF || r >= 0x20D0 && r <= 0x20FF || r >= 0xFE20 && r <= 0xFE2F
}

// IsInvisible reports characters that show nothing: zero-width spaces and
// joiners, soft hyphen, byte order mark, directional marks, variation selectors.
func IsInvisible(r rune) bool {
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) || r == '\u034F'
}

// Gap is what stays of an emoji, and the spaces around it, between two
// characters that are no spaces; 0 is a text's start or end. Emoji between a
// word and a capital part two sentences: a dash does then.
func Gap(before, after rune) string {
	switch {
	case before == 0, after == 0, strings.ContainsRune("\n(«", before), strings.ContainsRune("\n.,)…", after):
		return ""
	case unicode.IsLetter(before) && unicode.IsUpper(after):
		return " - "
	}
	return " "
}

// IsEmoji reports pictographs, and the parts emoji sequences are made of (flag
// letters, skin tones), after the Emoji_Presentation and Extended_Pictographic
// blocks of Unicode (UTS #51). Signs that French text uses as typography (→, ©,
// ™, ☎ excepted) are not emoji here.
func IsEmoji(r rune) bool {
	switch {
	case r >= 0x1F000 && r <= 0x1FAFF && (r < 0x1F100 || r > 0x1F1E5 || r == 0x1F18E || r >= 0x1F191 && r <= 0x1F19A):
		return true
	case r >= 0x2600 && r <= 0x27BF:
		return !quoteOrnament(r)
	case r >= 0x231A && r <= 0x231B, r == 0x2328, r == 0x23CF, r >= 0x23E9 && r <= 0x23FA:
		return true
	case r >= 0x2B05 && r <= 0x2B07, r == 0x2B1B, r == 0x2B1C, r == 0x2B50, r == 0x2B55:
		return true
	case r == 0x3030, r == 0x303D, r == 0x3297, r == 0x3299, r == 0x2934, r == 0x2935:
		return true
	case r >= 0xE0020 && r <= 0xE007F, r == 0x20E3:
		return true
	}
	return false
}

// quoteOrnament reports dingbats that stand for punctuation and have an exact reading.
func quoteOrnament(r rune) bool {
	_, ok := exact(r)
	return ok
}
