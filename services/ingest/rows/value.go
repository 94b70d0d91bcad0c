package rows

import (
	"bytes"
	"encoding/json"
	"errors"
	"html"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/crieur/crieur/services/ingest/fetch"
)

// maxDepth bounds nested JSON: open data has five levels.
const maxDepth = 200

// Errors of reading; they hold no part of the document.
var (
	ErrNotJSON = errors.New("not JSON")
	ErrNoRows  = errors.New("holds no list of rows")
)

// JSON decodes a body in any charset. Numbers stay as written, as json.Number.
func JSON(body []byte, contentType string) (any, error) {
	text, _ := fetch.UTF8(body, contentType)
	if deep(text) {
		return nil, ErrNotJSON
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, ErrNotJSON
	}
	return v, nil
}

func deep(text []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// Lines decodes a body of one JSON object a line, as Opendatasoft exports it.
// A line cut at the end is left out.
func Lines(body []byte, contentType string) ([]map[string]any, error) {
	text, _ := fetch.UTF8(body, contentType)
	var list []map[string]any
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		v, err := JSON(line, "")
		row, ok := v.(map[string]any)
		if err != nil || !ok {
			if len(list) > 0 {
				return list, nil
			}
			return nil, ErrNotJSON
		}
		list = append(list, row)
	}
	return list, nil
}

// At gives the value at a path such as location.city or images[0].url; nil where
// there is none. A key that holds the dots itself is found first. In a list
// without index, the first element is meant. A text that holds JSON is read.
func At(v any, path string) any {
	path = strings.TrimSpace(path)
	for path != "" {
		switch node := v.(type) {
		case map[string]any:
			if whole, ok := node[path]; ok {
				return whole
			}
			at := strings.IndexAny(path, ".[")
			if at < 0 {
				return nil
			}
			next, ok := node[path[:at]]
			if !ok {
				return nil
			}
			v, path = next, strings.TrimPrefix(path[at:], ".")
		case []any:
			index := 0
			if rest, found := strings.CutPrefix(path, "["); found {
				digits, after, closed := strings.Cut(rest, "]")
				n, err := strconv.Atoi(digits)
				if !closed || err != nil {
					return nil
				}
				if n < 0 {
					n += len(node)
				}
				index, path = n, strings.TrimPrefix(after, ".")
			}
			if index < 0 || index >= len(node) {
				return nil
			}
			v = node[index]
		case string:
			inner, ok := Inner(node)
			if !ok {
				return nil
			}
			v = inner
		default:
			return nil
		}
	}
	return v
}

// Inner reads JSON written inside a string.
func Inner(s string) (any, bool) {
	s = strings.TrimSpace(s)
	if len(s) < 2 || s[0] != '{' && s[0] != '[' {
		return nil, false
	}
	v, err := JSON([]byte(s), "")
	return v, err == nil
}

// List gives the elements of a list, or of JSON in a string, or the one value.
func List(v any) []any {
	switch x := v.(type) {
	case nil:
		return nil
	case []any:
		return x
	case string:
		if inner, ok := Inner(x); ok {
			if list, ok := inner.([]any); ok {
				return list
			}
		}
	}
	return []any{v}
}

// Text writes a value as text: numbers as written, lists joined by ", ", a
// translated text ({"fr": …}) in French or its first language, one with its format
// ({"value": …}) without. "" for what says
// nothing: null, empty, a lone dash.
func Text(v any) string {
	switch x := v.(type) {
	case string:
		return said(Clean(x))
	case json.Number:
		return x.String()
	case bool:
		if x {
			return "true"
		}
		return "false"
	case []any:
		var parts []string
		for _, e := range x {
			if s := Text(e); s != "" && len(parts) < 100 {
				parts = append(parts, s)
			}
		}
		return strings.Join(parts, ", ")
	case map[string]any:
		if s, _ := Translated(x, "fr"); s != "" {
			return s
		}
		for _, name := range []string{"rendered", "processed", "value"} { // a text with its format
			if s, ok := x[name].(string); ok {
				return said(Clean(s))
			}
		}
	}
	return ""
}

func said(s string) string {
	s = strings.TrimSpace(s)
	switch strings.ToLower(s) {
	case "-", "–", "—", "null", "none", "n/a", "nan", "undefined", ".":
		return ""
	}
	return s
}

var languageTag = regexp.MustCompile(`^[a-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})?$`)

// Translated gives the text of a translated value and its language: that asked,
// else French, else English, else the first by name. A plain text has "".
func Translated(v any, language string) (text, found string) {
	m, ok := v.(map[string]any)
	if !ok {
		return Text(v), ""
	}
	first := ""
	for tag, value := range m {
		if s, isText := value.(string); !isText || !languageTag.MatchString(tag) || said(s) == "" {
			continue
		}
		if first == "" || tag < first {
			first = tag
		}
	}
	for _, tag := range []string{language, "fr", "en", first} {
		if s, isText := m[tag].(string); isText && said(s) != "" {
			return said(Clean(s)), tag
		}
	}
	return "", ""
}

// Truth reads true, 1, "1", "oui".
func Truth(v any) bool {
	switch strings.ToLower(Text(v)) {
	case "true", "1", "oui", "yes", "vrai":
		return true
	}
	return false
}

// Number reads a number, also from a French text: "45,75".
func Number(v any) (float64, bool) {
	if f, ok := v.(float64); ok {
		return f, !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	f, err := strconv.ParseFloat(strings.Replace(strings.TrimSpace(Text(v)), ",", ".", 1), 64)
	return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

// Clean drops what is no text: NUL and other controls, broken UTF-8.
func Clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' || r == 0x7f {
			if r == '\r' {
				return '\n'
			}
			return -1
		}
		return r
	}, strings.ReplaceAll(s, "\r\n", "\n"))
}

var entity = regexp.MustCompile(`&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});`)

// Line makes one line of plain words: portals escape titles once, twice or not
// at all, and leave tags in them.
func Line(s string) string {
	for range 2 {
		if !entity.MatchString(s) {
			break
		}
		s = html.UnescapeString(s)
	}
	return strings.Join(strings.FieldsFunc(Clean(withoutTags(s)), func(r rune) bool { return unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' }), " ")
}

// nextTag gives where the first tag of s begins and ends, -1 when it has none:
// <, perhaps /, a letter, and > before the next <.
func nextTag(s string) (from, to int) {
	for at := 0; at < len(s); at++ {
		open := strings.IndexByte(s[at:], '<')
		if open < 0 {
			return -1, -1
		}
		at += open
		name := strings.TrimPrefix(s[at+1:min(at+3, len(s))], "/")
		if name == "" || (name[0]|0x20) < 'a' || (name[0]|0x20) > 'z' {
			continue
		}
		end := strings.IndexAny(s[at+1:], "<>")
		if end < 0 {
			return -1, -1
		}
		if s[at+1+end] == '>' {
			return at, at + end + 2
		}
	}
	return -1, -1
}

// withoutTags puts a space for each tag.
func withoutTags(s string) string {
	from, to := nextTag(s)
	if from < 0 {
		return s
	}
	var b strings.Builder
	for ; from >= 0; from, to = nextTag(s) {
		b.WriteString(s[:from])
		b.WriteByte(' ')
		s = s[to:]
	}
	b.WriteString(s)
	return b.String()
}

// Prose decodes the entities of a text without markup; HTML stays as it is.
func Prose(s string) string {
	s = strings.TrimSpace(Clean(s))
	if from, _ := nextTag(s); from < 0 && entity.MatchString(s) {
		s = html.UnescapeString(s)
	}
	return s
}
