package territory

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fold returns s in lower case without accents or ligatures, every run of
// other characters than letters and digits made one space: "L'Haÿ-les-Roses"
// is "l hay les roses". Letters of other scripts are kept.
func Fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	gap := false
	for _, r := range s {
		if r < utf8.RuneSelf {
			switch {
			case r >= 'A' && r <= 'Z':
				r += 'a' - 'A'
			case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			default:
				gap = true
				continue
			}
			if gap && b.Len() > 0 {
				b.WriteByte(' ')
			}
			gap = false
			b.WriteByte(byte(r))
			continue
		}
		if r >= 0x300 && r <= 0x36f { // combining accents
			continue
		}
		plain := FoldRune(r)
		if plain == "" {
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte(' ')
		}
		gap = false
		b.WriteString(plain)
	}
	return b.String()
}

// FoldRune returns one letter or digit in lower case without accent, as one
// or two letters; the empty string for anything else.
func FoldRune(r rune) string {
	switch unicode.ToLower(r) {
	case 'à', 'á', 'â', 'ã', 'ä', 'å', 'ā':
		return "a"
	case 'ç', 'č', 'ć':
		return "c"
	case 'è', 'é', 'ê', 'ë', 'ē', 'ě', 'ẽ':
		return "e"
	case 'ì', 'í', 'î', 'ï', 'ī':
		return "i"
	case 'ñ', 'ń':
		return "n"
	case 'ò', 'ó', 'ô', 'õ', 'ö', 'ō', 'ø':
		return "o"
	case 'ù', 'ú', 'û', 'ü', 'ū':
		return "u"
	case 'ý', 'ÿ':
		return "y"
	case 'š', 'ś':
		return "s"
	case 'ž', 'ż', 'ź':
		return "z"
	case 'œ':
		return "oe"
	case 'æ':
		return "ae"
	case 'ß':
		return "ss"
	}
	if unicode.IsLetter(r) || unicode.IsDigit(r) {
		return string(unicode.ToLower(r))
	}
	return ""
}

// foldName is Fold for a commune's name, where saint may be written short.
func foldName(s string) string {
	f := Fold(s)
	if !strings.HasPrefix(f, "st") && !strings.Contains(f, " st") {
		return f
	}
	words := strings.Split(f, " ")
	for i, w := range words {
		switch w {
		case "st":
			words[i] = "saint"
		case "ste":
			words[i] = "sainte"
		}
	}
	return strings.Join(words, " ")
}
