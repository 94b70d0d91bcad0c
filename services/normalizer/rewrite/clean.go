package rewrite

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The limits of what goes out, in runes unless the name says bytes.
const (
	MaxTitle      = 300
	MaxSummary    = 300
	MaxText       = 50_000
	MaxHTMLBytes  = 300_000
	MaxInputBytes = 1 << 20 // what is read of a body; the rest is cut
)

// CutMark ends a text that was cut at a limit.
const CutMark = " […]"

// Clean returns s as valid UTF-8 in normal form C without the characters that
// do not show: controls but tab and line feed, NUL, bidirectional overrides and
// isolates, zero-width spaces, byte-order marks, soft hyphens, tags, and
// non-characters. Line ends become a line feed. Invalid bytes, among them the
// encoding of lone surrogates, become one U+FFFD for each run.
func Clean(s string) string {
	if !dirty(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	bad := false
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			if !bad {
				b.WriteRune(utf8.RuneError)
			}
			bad = true
			i++
			continue
		}
		bad = false
		switch {
		case r == '\r':
			if !strings.HasPrefix(s[i+1:], "\n") {
				b.WriteByte('\n')
			}
		case r == '\u2028', r == '\u2029', r == '\u0085', r == '\v', r == '\f':
			b.WriteByte('\n')
		case !hidden(r):
			b.WriteRune(r)
		}
		i += n
	}
	return norm.NFC.String(b.String())
}

// dirty reports whether Clean has anything to do.
func dirty(s string) bool {
	ascii := true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			ascii = false
		} else if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			return true
		}
	}
	if ascii {
		return false
	}
	if !utf8.ValidString(s) {
		return true
	}
	for _, r := range s {
		if r >= utf8.RuneSelf && (hidden(r) || r == '\u2028' || r == '\u2029' || r == '\u0085') {
			return true
		}
	}
	return !norm.NFC.IsNormalString(s)
}

// hidden reports whether r shows nothing and may deceive. The joiners U+200C
// and U+200D stay: emoji and scripts need them.
func hidden(r rune) bool {
	switch {
	case r == '\n', r == '\t', r >= ' ' && r < 0x7f:
		return false
	case r < 0xa0:
		return true
	case r < 0x200:
		return r == 0xad
	case r == 0x61c, r == 0x180e, r == 0x200b, r == 0x200e, r == 0x200f,
		r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f,
		r == 0xfeff, r >= 0xfff0 && r <= 0xfffb, r == 0xfffe, r == 0xffff,
		r >= 0xe0000 && r <= 0xe0fff:
		return true
	case r >= 0x10000 && r&0xfffe == 0xfffe, r >= 0xfdd0 && r <= 0xfdef:
		return true
	}
	return unicode.Is(unicode.Cc, r)
}

// Line returns s cleaned, on one line, without leading or trailing blanks and
// with single spaces. No-break spaces stay where French typography puts them.
func Line(s string) string { return oneLine(spaces(Clean(s))) }

// spaces makes ordinary those no-break spaces that editors leave everywhere:
// they stay before a high mark or a unit, inside guillemets and numbers.
func spaces(s string) string {
	if !strings.ContainsAny(s, "\u00a0\u202f\u2007") {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	var last rune
	for i, r := range s {
		if r == '\u00a0' || r == '\u202f' || r == '\u2007' {
			next, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
			if !tied(last, next) {
				r = ' '
			}
		}
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

func tied(last, next rune) bool {
	switch {
	case strings.ContainsRune("!?:;»%€", next), last == '«', last == '°':
		return last != ' ' && !unicode.IsSpace(next)
	}
	if last == 'h' && unicode.IsDigit(next) { // 9 h 30
		return true
	}
	return unicode.IsDigit(last) && (unicode.IsDigit(next) || next == 'h' || next == 'k' || next == 'm')
}

func oneLine(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	gap, hard := false, rune(0)
	for _, r := range s {
		switch {
		case r == '\u00a0' || r == '\u202f':
			hard = r
			gap = true
			continue
		case unicode.IsSpace(r):
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			if hard != 0 {
				b.WriteRune(hard)
			} else {
				b.WriteByte(' ')
			}
		}
		gap, hard = false, 0
		b.WriteRune(r)
	}
	return b.String()
}

// Bound cuts s at max runes: after the last sentence that fits when it is
// beyond half of max, else after the last word, with CutMark, counted.
func Bound(s string, max int) (string, bool) {
	if len(s) <= max || utf8.RuneCountInString(s) <= max {
		return s, false
	}
	room := max - utf8.RuneCountInString(CutMark)
	cut, n := 0, 0
	for i := range s {
		if n == room {
			cut = i
			break
		}
		n++
	}
	head := s[:cut]
	if end := lastSentence(head); end > len(head)/2 {
		return head[:end] + CutMark, true
	}
	if sp := strings.LastIndexFunc(head, unicode.IsSpace); sp > len(head)/2 {
		head = head[:sp]
	}
	return strings.TrimRightFunc(head, unicode.IsSpace) + CutMark, true
}

// head returns at most n bytes of s, cut between runes.
func head(s string, n int) (string, bool) {
	if len(s) <= n {
		return s, false
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n], true
}
