package feed

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"regexp"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"github.com/crieur/crieur/services/ingest/xmltext"
)

// mend makes of a body what gofeed reads right.
func mend(body []byte, contentType string) ([]byte, error) {
	text, err := xmltext.Clean(body, contentType)
	if err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	if text[0] == '[' {
		return nil, errors.New("feed: not a feed")
	}
	if text[0] == '{' {
		return text, nil
	}
	return spoken(text), nil
}

// salvage closes a document cut in its middle after its last whole item; nil
// where there is none, or where the document is broken rather than cut.
func salvage(text []byte) []byte {
	tail := bytes.TrimRight(text, " \t\r\n\x00")
	for _, form := range []struct{ item, root, closing string }{
		{"</item>", "</rss>", "</channel></rss>"},
		{"</item>", "</rdf:RDF>", "</rdf:RDF>"},
		{"</entry>", "</feed>", "</feed>"},
	} {
		if !bytes.HasPrefix(text, []byte("<"+strings.Trim(form.root, "</>"))) || bytes.HasSuffix(tail, []byte(form.root)) {
			continue
		}
		at := bytes.LastIndex(text, []byte(form.item))
		if at < 0 {
			return nil
		}
		return append(bytes.Clone(text[:at+len(form.item)]), form.closing...)
	}
	return nil
}

var entity = regexp.MustCompile(`&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});`)

// title makes one line of plain words: feeds escape them once, twice or not at all.
func title(s string) string {
	for range 2 {
		if !entity.MatchString(s) {
			break
		}
		s = html.UnescapeString(s)
	}
	return strings.Join(strings.Fields(clean(s)), " ")
}

// twice matches an entity escaped twice: &amp;eacute; once XML has read &amp;amp;eacute;.
var twice = regexp.MustCompile(`&amp;(?:#[0-9]{1,7}|[A-Za-z]{2,8});`)

// markup undoes the second escape of a text escaped twice.
func markup(s string) string {
	s = strings.TrimSpace(clean(s))
	escapedTags := strings.Contains(s, "&lt;") && !strings.Contains(s, "<") &&
		(strings.Contains(s, "&lt;p") || strings.Contains(s, "&lt;/") || strings.Contains(s, "&lt;br") || strings.Contains(s, "&lt;a "))
	if escapedTags {
		return html.UnescapeString(s)
	}
	if twice.MatchString(s) && !strings.Contains(s, "& ") {
		return strings.ReplaceAll(s, "&amp;", "&")
	}
	return s
}

// clean drops what is no text: NUL and other controls, broken UTF-8. The controls
// of ISO 8859-1 are what Word wrote in windows-1252: an apostrophe, a dash.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.Map(func(r rune) rune {
		switch {
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0x7f:
			return -1
		case r >= 0x80 && r <= 0x9f:
			return charmap.Windows1252.DecodeByte(byte(r))
		}
		return r
	}, s)
}
