package gsm

import (
	"strings"
	"unicode/utf16"
)

// Encoding is how a text travels.
type Encoding string

// The two encodings of TS 23.038 that French operators carry.
const (
	GSM7 Encoding = "GSM-7" // default alphabet and extension table, 7 bits a character
	UCS2 Encoding = "UCS-2" // 16 bits a unit; characters beyond the BMP take a surrogate pair
)

// DataCoding returns the SMPP data_coding value: 0 (SMSC default alphabet) or 8 (UCS-2).
func (e Encoding) DataCoding() byte {
	if e == UCS2 {
		return 8
	}
	return 0
}

const escape = 0x1B

// defaultAlphabet is the table of TS 23.038 §6.2.1, in order; the escape's
// place holds NUL.
var defaultAlphabet = [128]rune([]rune(
	"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x00ÆæßÉ" +
		" !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§" +
		"¿abcdefghijklmnopqrstuvwxyzäöñüà"))

// septetOf returns the code of r: one septet, or an escape and one (TS 23.038
// §6.2.1.1). ok is false outside both tables.
func septetOf(r rune) (code byte, extended, ok bool) {
	switch r {
	case '\f':
		return 0x0A, true, true
	case '^':
		return 0x14, true, true
	case '{':
		return 0x28, true, true
	case '}':
		return 0x29, true, true
	case '\\':
		return 0x2F, true, true
	case '[':
		return 0x3C, true, true
	case '~':
		return 0x3D, true, true
	case ']':
		return 0x3E, true, true
	case '|':
		return 0x40, true, true
	case '€':
		return 0x65, true, true
	case 0:
		return 0, false, false
	}
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '%' && r <= '?' || r >= ' ' && r <= '#' {
		return byte(r), false, true
	}
	for i, c := range defaultAlphabet {
		if c == r {
			return byte(i), false, true
		}
	}
	return 0, false, false
}

// extendedRune is the inverse of the extension table.
func extendedRune(code byte) (rune, bool) {
	const codes, runes = "\x0A\x14\x28\x29\x2F\x3C\x3D\x3E\x40", "\f^{}\\[~]|"
	if code == 0x65 {
		return '€', true
	}
	if i := strings.IndexByte(codes, code); i >= 0 {
		return rune(runes[i]), true
	}
	return 0, false
}

// In reports whether r is in the default alphabet or its extension table.
func In(r rune) bool {
	_, _, ok := septetOf(r)
	return ok
}

// EncodingOf returns GSM7 when every character of text is in the alphabet.
func EncodingOf(text string) Encoding {
	for _, r := range text {
		if !In(r) {
			return UCS2
		}
	}
	return GSM7
}

// width is the size of r in units of e: septets (1 or 2) or UCS-2 units (1 or 2).
func (e Encoding) width(r rune) int {
	if e == UCS2 {
		if utf16.RuneLen(r) == 2 {
			return 2
		}
		return 1
	}
	if _, extended, _ := septetOf(r); extended {
		return 2
	}
	return 1
}

// Units is the size of text in units of e. Invalid UTF-8 counts as U+FFFD.
func (e Encoding) Units(text string) int {
	n := 0
	for _, r := range text {
		n += e.width(r)
	}
	return n
}
