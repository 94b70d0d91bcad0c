package mail

import (
	"encoding/base64"
	"io"
	"regexp"
	"strings"
	"unicode/utf16"

	"github.com/emersion/go-message/charset"
)

// encodedWord is RFC 2047's, with the bytes outside ASCII that old programs leave
// inside, and RFC 2231's language.
var encodedWord = regexp.MustCompile(`=\?([A-Za-z0-9_.:+-]+)(?:\*[A-Za-z-]*)?\?([QqBb])\?([^?\r\n]*)\?=`)

// decodeWords reads the encoded words of a field. Spaces between two of them are
// none, and those of one charset are decoded together: some programs cut a
// character in two.
func decodeWords(s string) string {
	found := encodedWord.FindAllStringSubmatchIndex(s, -1)
	if found == nil {
		return utf8Of([]byte(s))
	}
	var out strings.Builder
	end := 0
	for i := 0; i < len(found); {
		if between := s[end:found[i][0]]; i == 0 || strings.TrimSpace(between) != "" {
			out.WriteString(utf8Of([]byte(between)))
		}
		name := strings.ToLower(s[found[i][2]:found[i][3]])
		var raw []byte
		for {
			at := found[i]
			raw = append(raw, wordBytes(s[at[4]:at[5]], s[at[6]:at[7]])...)
			end = at[1]
			i++
			if i == len(found) || strings.ToLower(s[found[i][2]:found[i][3]]) != name || strings.TrimSpace(s[end:found[i][0]]) != "" {
				break
			}
		}
		out.WriteString(decodeBytes(name, raw))
	}
	out.WriteString(utf8Of([]byte(s[end:])))
	return out.String()
}

func wordBytes(encoding, text string) []byte {
	if strings.EqualFold(encoding, "B") {
		text = strings.TrimRight(strings.Join(strings.Fields(text), ""), "=")
		raw, _ := base64.RawStdEncoding.DecodeString(text) // what can be read of it
		return raw
	}
	raw := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '_':
			raw = append(raw, ' ')
		case text[i] == '=' && i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2]):
			raw = append(raw, unhex(text[i+1])<<4|unhex(text[i+2]))
			i += 2
		default:
			raw = append(raw, text[i])
		}
	}
	return raw
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'F' || c >= 'a' && c <= 'f'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}

// decodeBytes reads text of a named charset, and of an unknown one as it can.
func decodeBytes(name string, raw []byte) string {
	switch name = strings.ToLower(strings.TrimSpace(name)); {
	case isUTF7(name):
		return utf7(string(raw))
	case name == "", name == "utf-8", name == "us-ascii":
		return utf8Of(raw)
	}
	r, err := charset.Reader(name, strings.NewReader(string(raw)))
	if err != nil {
		return utf8Of(raw)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return utf8Of(raw)
	}
	return strings.ToValidUTF8(string(text), "\uFFFD")
}

func isUTF7(name string) bool {
	name = strings.ToLower(name)
	return name == "utf-7" || name == "utf7" || name == "unicode-1-1-utf-7"
}

var shifted = regexp.MustCompile(`\+([A-Za-z0-9+/]*)-?`)

// utf7 reads RFC 2152: +base64- of UTF-16.
func utf7(s string) string {
	return shifted.ReplaceAllStringFunc(s, func(run string) string {
		digits := strings.TrimSuffix(run[1:], "-")
		if digits == "" {
			return "+"
		}
		raw, _ := base64.RawStdEncoding.DecodeString(digits)
		units := make([]uint16, 0, len(raw)/2)
		for i := 0; i+1 < len(raw); i += 2 {
			units = append(units, uint16(raw[i])<<8|uint16(raw[i+1]))
		}
		return string(utf16.Decode(units))
	})
}
