package xmltext

import (
	"bytes"
	"errors"
	"html"
	"regexp"

	"github.com/crieur/crieur/services/ingest/fetch"
)

// maxDepth bounds nested elements: beyond it a document is an attack.
const maxDepth = 512

// Errors of Clean.
var (
	ErrEmpty   = errors.New("empty document")
	ErrNotText = errors.New("neither XML nor JSON")
	ErrDepth   = errors.New("too many nested elements")
)

// Clean makes of a body what an XML parser reads right: UTF-8, from the root
// element on, without characters that XML has not. A body that begins with { or
// [ is returned as UTF-8.
func Clean(body []byte, contentType string) ([]byte, error) {
	text, _ := fetch.UTF8(body, contentType)
	text = root(text)
	if len(text) == 0 {
		return nil, ErrEmpty
	}
	if text[0] == '{' || text[0] == '[' {
		return text, nil
	}
	if text[0] != '<' {
		return nil, ErrNotText
	}
	text = charRefs(text)
	if deep(text) {
		return nil, ErrDepth
	}
	return text, nil
}

// root drops what precedes the root element: white space, warnings printed by a
// site, declarations whose encoding no longer holds, comments longer than the
// window parsers look in, and document types, whose entities are never expanded.
func root(text []byte) []byte {
	text = bytes.TrimLeft(text, " \t\r\n\x00\ufeff")
	if len(text) > 0 && (text[0] == '{' || text[0] == '[') {
		return text
	}
	text = unwarned(text)
	for {
		at := bytes.IndexByte(text, '<')
		if at < 0 {
			return text
		}
		text = text[at:]
		var end int
		switch {
		case bytes.HasPrefix(text, []byte("<?")):
			end = after(text, "?>")
		case bytes.HasPrefix(text, []byte("<!--")):
			end = after(text, "-->")
		case bytes.HasPrefix(text, []byte("<!")):
			end = doctype(text)
		default:
			return text
		}
		if end < 0 {
			return nil
		}
		text = text[end:]
	}
}

var (
	warning = regexp.MustCompile(`(?i)^[^<]*<(?:br|b|p|div|pre|font|table|strong|span)\b`)
	begins  = regexp.MustCompile(`<(?:\?xml|rss|feed|rdf:RDF|(?:\w+:)?alert)[\s>]`)
)

// unwarned drops the warnings in HTML that PHP prints before a document.
func unwarned(text []byte) []byte {
	head := text[:min(len(text), 64<<10)]
	if warning.Match(head) {
		if at := begins.FindIndex(head); at != nil {
			return text[at[0]:]
		}
	}
	return text
}

func after(text []byte, mark string) int {
	at := bytes.Index(text, []byte(mark))
	if at < 0 {
		return -1
	}
	return at + len(mark)
}

func doctype(text []byte) int {
	end := bytes.IndexByte(text, '>')
	if subset := bytes.IndexByte(text, '['); subset >= 0 && subset < end {
		close := bytes.IndexByte(text[subset:], ']')
		if close < 0 {
			return -1
		}
		rest := bytes.IndexByte(text[subset+close:], '>')
		if rest < 0 {
			return -1
		}
		return subset + close + rest + 1
	}
	if end < 0 {
		return -1
	}
	return end + 1
}

var charRef = regexp.MustCompile(`&#(?:[xX][0-9A-Fa-f]{1,8}|[0-9]{1,10});`)

// charRefs replaces references to characters that XML refuses: the windows-1252
// range that Word leaves becomes its letters, the others go.
func charRefs(text []byte) []byte {
	if !bytes.Contains(text, []byte("&#")) {
		return text
	}
	return charRef.ReplaceAllFunc(text, func(ref []byte) []byte {
		// HTML maps 128–159 as windows-1252 does, and the impossible to U+FFFD.
		value := html.UnescapeString(string(ref))
		switch {
		case value == "\uFFFD" || value == "\uFFFE" || value == "\uFFFF":
			return nil
		case value < " " && value != "\t" && value != "\n" && value != "\r":
			return nil
		case len(value) > 1 && (len(ref) == len("&#128;") || len(ref) == len("&#x80;")) && isC1(ref):
			return []byte(value)
		}
		return ref
	})
}

func isC1(ref []byte) bool {
	n := 0
	for _, c := range bytes.ToLower(bytes.Trim(ref, "&#;")) {
		if c == 'x' {
			continue
		}
		digit := int(c - '0')
		if c >= 'a' {
			digit = int(c-'a') + 10
		}
		if ref[2] == 'x' || ref[2] == 'X' {
			n = n*16 + digit
		} else {
			n = n*10 + digit
		}
	}
	return n >= 0x80 && n <= 0x9f
}

// deep counts open tags, without care for their names.
func deep(text []byte) bool {
	depth := 0
	for {
		at := bytes.IndexByte(text, '<')
		if at < 0 || at+1 >= len(text) {
			return false
		}
		text = text[at+1:]
		switch {
		case bytes.HasPrefix(text, []byte("![CDATA[")):
			end := after(text, "]]>")
			if end < 0 {
				return false
			}
			text = text[end:]
		case bytes.HasPrefix(text, []byte("!--")):
			end := after(text, "-->")
			if end < 0 {
				return false
			}
			text = text[end:]
		case text[0] == '/':
			depth = max(depth-1, 0)
		case text[0] != '!' && text[0] != '?':
			end := bytes.IndexByte(text, '>')
			if end > 0 && text[end-1] == '/' {
				continue
			}
			if depth++; depth > maxDepth {
				return true
			}
		}
	}
}
