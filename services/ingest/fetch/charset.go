package fetch

import (
	"bytes"
	"mime"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// headWindow is how far into a body a declaration is looked for, in bytes.
const headWindow = 1024

var (
	xmlDeclared  = regexp.MustCompile(`^\s*<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._:\-]+)["'][^>]*?\?>`)
	metaDeclared = regexp.MustCompile(`(?i)<meta[^>]+charset\s*=\s*["']?\s*([A-Za-z0-9._:\-]+)`)
)

// UTF8 returns a body as valid UTF-8, without byte order mark, and the name of
// the charset it was in. It never fails: what cannot be read becomes U+FFFD.
//
// The order is what survives real servers: byte order mark; UTF-16 or UTF-32
// seen by its NULs; a body that is valid UTF-8 with at least one letter beyond
// ASCII is UTF-8 whatever is declared; then the header, the XML declaration, the
// HTML meta; else windows-1252, which undeclared French sites mean. A body that was
// made UTF-8 twice ("Ã©tÃ©") is undone where all of it was.
func UTF8(body []byte, contentType string) (text []byte, name string) {
	if enc, n, name := byOrderMark(body); enc != nil {
		return decode(body[n:], enc), name
	}
	if enc, name := byNULs(body); enc != nil {
		return decode(body, enc), name
	}
	ascii, valid := scan(body)
	if valid && !ascii {
		return once(body), "utf-8"
	}
	for _, label := range declared(body, contentType) {
		enc, name := charset.Lookup(label)
		// A 16-bit declaration that the NULs above belied is false.
		if enc == nil || strings.HasPrefix(name, "utf-16") || name == "utf-8" || name == "replacement" {
			continue
		}
		return decode(body, enc), name
	}
	if ascii {
		return body, "utf-8"
	}
	if mostlyUTF8(body) {
		return bytes.ToValidUTF8(body, []byte("\uFFFD")), "utf-8"
	}
	return decode(body, charmap.Windows1252), "windows-1252"
}

// once undoes the second encoding of a body that was taken for windows-1252 and
// encoded again: all of it must be UTF-8 once its letters are bytes again.
func once(body []byte) []byte {
	if !bytes.Contains(body, []byte("Ã")) {
		return body
	}
	out := make([]byte, 0, len(body))
	for _, r := range string(body) {
		b, ok := charmap.Windows1252.EncodeRune(r)
		if !ok {
			if r >= 0xa0 || r < 0x80 {
				return body
			}
			b = byte(r)
		}
		out = append(out, b)
	}
	if !utf8.Valid(out) {
		return body
	}
	return out
}

func declared(body []byte, contentType string) []string {
	var labels []string
	if _, params, err := mime.ParseMediaType(contentType); err == nil && params["charset"] != "" {
		labels = append(labels, params["charset"])
	}
	head := body[:min(len(body), headWindow)]
	if m := xmlDeclared.FindSubmatch(head); m != nil {
		labels = append(labels, string(m[1]))
	}
	if m := metaDeclared.FindSubmatch(head); m != nil {
		labels = append(labels, string(m[1]))
	}
	return labels
}

func byOrderMark(body []byte) (encoding.Encoding, int, string) {
	switch {
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		return encoding.Nop, 3, "utf-8"
	case bytes.HasPrefix(body, []byte("\xff\xfe\x00\x00")):
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), 4, "utf-32le"
	case bytes.HasPrefix(body, []byte("\x00\x00\xfe\xff")):
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), 4, "utf-32be"
	case bytes.HasPrefix(body, []byte("\xff\xfe")):
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), 2, "utf-16le"
	case bytes.HasPrefix(body, []byte("\xfe\xff")):
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), 2, "utf-16be"
	}
	return nil, 0, ""
}

// byNULs recognises the first character, '<' or '{', in wide encodings (XML 1.0 appendix F).
func byNULs(body []byte) (encoding.Encoding, string) {
	if len(body) < 4 {
		return nil, ""
	}
	start := func(c byte) bool { return c == '<' || c == '{' || c == '[' }
	switch {
	case start(body[0]) && body[1] == 0 && body[2] == 0 && body[3] == 0:
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), "utf-32le"
	case body[0] == 0 && body[1] == 0 && body[2] == 0 && start(body[3]):
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), "utf-32be"
	case start(body[0]) && body[1] == 0 && body[2] != 0:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "utf-16le"
	case body[0] == 0 && start(body[1]) && body[2] == 0:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), "utf-16be"
	}
	return nil, ""
}

func scan(body []byte) (ascii, valid bool) {
	for _, c := range body {
		if c >= utf8.RuneSelf {
			return false, utf8.Valid(body)
		}
	}
	return true, true
}

// mostlyUTF8 tells a UTF-8 body with a few bad bytes from one in another charset:
// in the latter most bytes beyond ASCII begin no valid sequence.
func mostlyUTF8(body []byte) bool {
	good, bad := 0, 0
	for len(body) > 0 {
		if body[0] < utf8.RuneSelf {
			body = body[1:]
			continue
		}
		r, n := utf8.DecodeRune(body)
		if r == utf8.RuneError && n == 1 {
			bad++
		} else {
			good++
		}
		body = body[n:]
	}
	return good > bad
}

func decode(body []byte, enc encoding.Encoding) []byte {
	out, err := enc.NewDecoder().Bytes(body)
	if err != nil {
		out = body
	}
	return bytes.ToValidUTF8(out, []byte("\uFFFD"))
}
