package ical

import (
	"bytes"
	"errors"
	"strings"

	"github.com/crieur/crieur/services/ingest/fetch"
)

// maxDepth bounds nested components: RFC 5545 needs three.
const maxDepth = 16

var errNotCalendar = errors.New("ical: not a calendar")

// A property is one content line: NAME;PARAM=value:VALUE.
type property struct {
	name   string // upper case
	params map[string]string
	value  string
}

func (p *property) param(name string) string {
	if p == nil {
		return ""
	}
	return p.params[name]
}

func (p *property) text() string {
	if p == nil {
		return ""
	}
	return strings.TrimSpace(unescape(p.value))
}

// A component is what stands between BEGIN and END.
type component struct {
	name     string // upper case
	props    []*property
	children []*component
	closed   bool // by its own END
}

// prop gives the first property of that name, nil when there is none.
func (c *component) prop(name string) *property {
	for _, p := range c.props {
		if p.name == name {
			return p
		}
	}
	return nil
}

func (c *component) all(name string) []*property {
	var list []*property
	for _, p := range c.props {
		if p.name == name {
			list = append(list, p)
		}
	}
	return list
}

// read gives the components at the root of a document, and whether each was
// closed. Lines that are none are the rest of a text whose breaks were not
// escaped.
func read(body []byte, contentType string) (roots []*component, whole bool, err error) {
	text := unfold(body, contentType)
	root := &component{}
	stack := []*component{root}
	var last *property
	for line := range strings.SplitSeq(text, "\n") {
		p, ok := contentLine(line)
		top := stack[len(stack)-1]
		if !ok {
			if last != nil && strings.TrimSpace(line) != "" && isText(last.name) {
				last.value += `\n` + line
			}
			continue
		}
		switch p.name {
		case "BEGIN":
			c := &component{name: strings.ToUpper(strings.TrimSpace(p.value))}
			if len(stack) > maxDepth {
				return nil, false, errors.New("ical: too many nested components")
			}
			if len(stack) == 1 && len(root.children) == 0 && !isComponent(c.name) {
				return nil, false, errNotCalendar
			}
			top.children = append(top.children, c)
			stack, last = append(stack, c), nil
		case "END":
			stack, last = end(stack, strings.ToUpper(strings.TrimSpace(p.value))), nil
		default:
			top.props = append(top.props, p)
			last = p
		}
	}
	if len(root.children) == 0 {
		return nil, false, errNotCalendar
	}
	return root.children, len(stack) == 1, nil
}

// end closes the component of that name and those left open within it; an END
// that nothing began is ignored.
func end(stack []*component, name string) []*component {
	for i := len(stack) - 1; i > 0; i-- {
		if stack[i].name == name {
			stack[i].closed = true
			return stack[:i]
		}
	}
	return stack
}

func isComponent(name string) bool {
	switch name {
	case "VCALENDAR", "VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE", "VALARM", "VAVAILABILITY":
		return true
	}
	return strings.HasPrefix(name, "X-")
}

func isText(name string) bool {
	switch name {
	case "SUMMARY", "DESCRIPTION", "LOCATION", "COMMENT", "CONTACT", "X-ALT-DESC":
		return true
	}
	return false
}

// unfold joins folded lines before anything is decoded, for a fold may part the
// bytes of one letter, and gives UTF-8 with \n between lines.
func unfold(body []byte, contentType string) string {
	wide := bytes.IndexByte(body[:min(len(body), 64)], 0) >= 0
	if !wide {
		body = join(body)
	}
	text, _ := fetch.UTF8(body, contentType)
	if wide {
		text = join(text)
	}
	return string(bytes.ReplaceAll(text, []byte{0}, nil))
}

func join(body []byte) []byte {
	body = bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))
	body = bytes.ReplaceAll(body, []byte("\r"), []byte("\n"))
	body = bytes.ReplaceAll(body, []byte("\n "), nil)
	return bytes.ReplaceAll(body, []byte("\n\t"), nil)
}

// contentLine reads NAME *(;PARAM=value) : value (RFC 5545 §3.1), with spaces
// around names, which some write.
func contentLine(line string) (*property, bool) {
	line = strings.TrimLeft(line, " \t\ufeff")
	at := strings.IndexAny(line, ":;")
	if at <= 0 {
		return nil, false
	}
	name := strings.ToUpper(strings.TrimSpace(line[:at]))
	for i := range len(name) {
		c := name[i]
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return nil, false
		}
	}
	p := &property{name: name}
	for line[at] == ';' {
		stop := at + 1 + unquoted(line[at+1:], ";:")
		key, value, _ := strings.Cut(line[at+1:min(stop, len(line))], "=")
		if p.params == nil {
			p.params = map[string]string{}
		}
		value = strings.TrimSpace(value)
		if len(value) > 1 && value[0] == '"' && strings.Count(value, `"`) == 2 {
			value = strings.Trim(value, `"`)
		}
		p.params[strings.ToUpper(strings.TrimSpace(key))] = value
		if stop >= len(line) {
			return nil, false
		}
		at = stop
	}
	p.value = line[at+1:]
	return p, true
}

// unquoted gives the place of the first byte of set outside double quotes.
func unquoted(s, set string) int {
	quoted := false
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case !quoted && strings.IndexByte(set, c) >= 0:
			return i
		}
	}
	if quoted { // a quote never closed quotes nothing
		if i := strings.IndexAny(s, set); i >= 0 {
			return i
		}
	}
	return len(s)
}

// unescape reads a TEXT value (RFC 5545 §3.3.11); some escape more than they must.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 'n', 'N':
			b.WriteByte('\n')
		case '\\', ';', ',', ':', '"':
			b.WriteByte(s[i])
		default:
			b.WriteByte('\\')
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// list parts a value at its commas that are not escaped.
func list(s string) []string {
	var out []string
	from := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case ',':
			out = append(out, s[from:i])
			from = i + 1
		}
	}
	return append(out, s[min(from, len(s)):])
}

// title reads what a calendar calls itself (RFC 7986 §5.1, and what was written
// before it).
func title(res *fetch.Response) string {
	for line := range strings.SplitSeq(unfold(res.Body, res.ContentType), "\n") {
		p, ok := contentLine(line)
		switch {
		case !ok:
		case p.name == "X-WR-CALNAME" || p.name == "NAME":
			return p.text()
		case p.name == "BEGIN" && strings.EqualFold(p.text(), "VEVENT"):
			return ""
		}
	}
	return ""
}
