package suites

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

var (
	clauseRe = regexp.MustCompile(`^entries\[(\d+)\]((?:\[[^\]]+\]|\.\w+)+)\s*==\s*(.+)$`)
	stepRe   = regexp.MustCompile(`\[u?['"]([^'"]+)['"]\]|\[(-?\d+)\]|\.(\w+)`)
	tupleRe  = regexp.MustCompile(`^\((\d+), (\d+), (\d+), (\d+), (\d+), (\d+), `)
	stringRe = regexp.MustCompile(`[ur]*'((?:[^'\\]|\\.)*)'|[ur]*"((?:[^"\\]|\\.)*)"`)
	numberRe = regexp.MustCompile(`-?[0-9.]+`)
	untitled = regexp.MustCompile(`<(?:entry|item)>`)
	escapeRe = regexp.MustCompile(`\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|x[0-9A-Fa-f]{2}|.)`)
)

// feedparserCase evaluates the expectation in the header of a case of feedparser:
// a conjunction of Python comparisons on the result.
func feedparserCase(_ *testing.T, path string, body []byte) verdict {
	if strings.Contains(path, "/geo/") { // their items are a place and nothing else, which is none
		body = untitled.ReplaceAll(body, []byte("$0<title>x</title>"))
	}
	records, err := read(body, headerComment(body))
	m := expects.FindSubmatch(body)
	if m == nil {
		m = [][]byte{nil, nil}
	}
	expression := strings.TrimSpace(string(m[1]))
	bozo := strings.HasPrefix(expression, "bozo")
	if err != nil {
		if bozo {
			return met()
		}
		return refused(body, err)
	}
	var parts []verdict
	for _, c := range clauses(expression) {
		parts = append(parts, feedparserClause(strings.Trim(c, "() "), records, string(body)))
	}
	v := all(parts...)
	for _, c := range [...]struct{ part, reason string }{
		{"/sanitize/", laterStage}, {"base64", noBase64}, {"/base/", inTexts}, {"doctype", noEntities}, {"shiftjis", asianBytes},
	} {
		if v.fails != "" && strings.Contains(path, c.part) {
			return choice(c.reason)
		}
	}
	switch {
	case v.fails == "" && v.choice == "" && bozo:
		return choice(broken)
	}
	return v
}

// clauses splits at the ands that stand outside strings.
func clauses(expression string) []string {
	var list []string
	masked := stringRe.ReplaceAllStringFunc(expression, func(s string) string { return strings.Repeat("_", len(s)) })
	for {
		at := strings.Index(masked, " and ")
		if at < 0 {
			return append(list, chained(expression)...)
		}
		list = append(list, chained(expression[:at])...)
		masked, expression = masked[at+5:], expression[at+5:]
	}
}

// chained makes two clauses of a == b == "text".
func chained(clause string) []string {
	parts := strings.Split(clause, " == ")
	if len(parts) != 3 || !strings.HasPrefix(parts[1], "entries[") {
		return []string{clause}
	}
	return []string{parts[0] + " == " + parts[2], parts[1] + " == " + parts[2]}
}

func feedparserClause(c string, records []source.Record, body string) verdict {
	m := clauseRe.FindStringSubmatch(c)
	switch {
	case c == "not bozo" || c == "bozo" || c == "" || c == "1":
		return met()
	case strings.HasPrefix(c, "encoding =="):
		for _, r := range records {
			if e, ok := r.Value.(record.Entry); ok && strings.Contains(e.Title+e.Summary+e.Body, "\uFFFD") && !strings.Contains(body, "\uFFFD") {
				return fails("characters are lost: %.60q", e.Title)
			}
		}
		return met()
	case m == nil:
		return choice(wholeFeed)
	}
	n, _ := strconv.Atoi(m[1])
	e, r, ok := entryOf(records, n)
	var steps []string
	for _, s := range stepRe.FindAllStringSubmatch(m[2], -1) {
		steps = append(steps, s[1]+s[2]+s[3])
	}
	v := entryField(strings.Join(steps, "."), literal(m[3]), e, r)
	if strings.HasPrefix(v.fails, "link") && strings.Contains(body, ` type="text/html">http`) {
		return choice(linkText)
	}
	if !ok && v.choice == "" {
		return choice("an item without title, text, link or identifier is none")
	}
	return v
}

// entryField compares a field of feedparser's entry, written a.b.0.c.
func entryField(path, expected string, e record.Entry, r source.Record) verdict {
	first, rest, _ := strings.Cut(path, ".")
	last := path[strings.LastIndexByte(path, '.')+1:]
	switch first {
	case "title", "title_detail":
		if rest == "" || last == "value" {
			return want("title", expected, e.Title)
		}
	case "summary", "description", "content", "summary_detail", "info":
		if rest == "" || last == "value" {
			return want("text", expected, e.Summary, e.Body)
		}
	case "link":
		return wantLink(expected, r.URL)
	case "links":
		return choice(oneLink)
	case "id", "guid":
		if expected != r.Item && strings.EqualFold(expected, r.Item) {
			return choice(lowerScheme)
		}
		return want("id", expected, r.Item)
	case "published_parsed", "updated_parsed", "created_parsed", "date_parsed", "modified_parsed", "issued_parsed":
		return wantTime(first, expected, e.Published, e.Updated)
	case "published", "updated", "created", "date", "modified", "issued", "expired":
		return choice(dateWords)
	case "author", "authors", "author_detail":
		switch {
		case strings.Contains(expected, "@") || last == "email":
			return choice(noEmail)
		case rest == "" || last == "name":
			return want("author", expected, e.Authors...)
		}
	case "tags", "category", "categories":
		if rest == "" || last == "term" {
			return want("category", expected, e.Categories...)
		}
	case "enclosures", "media_content", "media_thumbnail":
		if last == "href" || last == "url" {
			if slices.ContainsFunc(e.Media, func(m record.Media) bool { return wantLink(expected, m.URL).fails == "" }) {
				return met()
			}
			return fails("media %q is missing", expected)
		}
	case "where":
		return place(last, expected, e)
	}
	return verdict{choice: notCarried, field: first}
}

// place compares a type, or coordinates as far as the expectation goes.
func place(last, expected string, e record.Entry) verdict {
	var shape struct {
		Type        string          `json:"type"`
		Coordinates json.RawMessage `json:"coordinates"`
	}
	switch {
	case e.Place == nil:
		return choice(elsewhere)
	case e.Place.Lat != nil:
		shape.Type, shape.Coordinates = "Point", json.RawMessage(fmt.Sprintf("[%g,%g]", *e.Place.Lon, *e.Place.Lat))
	default:
		if err := json.Unmarshal([]byte(e.Place.GeoJSON), &shape); err != nil {
			return fails("place %v", err)
		}
	}
	numbers := func(s string) string { return strings.Join(numberRe.FindAllString(s, -1), " ") }
	switch {
	case last == "type" && expected == "Box": // RFC 7946 has none: a polygon
		expected = "Polygon"
		fallthrough
	case last == "type":
		return want("type of place", expected, shape.Type)
	case strings.HasPrefix(expected, "(") && !strings.HasPrefix(numbers(string(shape.Coordinates)), numbers(expected)):
		return fails("place %s, want %s", shape.Coordinates, expected)
	}
	return met()
}

// literal reads a Python string, several added, or a time's tuple as RFC 3339.
func literal(s string) string {
	s = strings.TrimSpace(s)
	if m := tupleRe.FindStringSubmatch(s); m != nil {
		n := func(i int) int { v, _ := strconv.Atoi(m[i]); return v }
		return time.Date(n(1), time.Month(n(2)), n(3), n(4), n(5), n(6), 0, time.UTC).Format(time.RFC3339)
	}
	parts := stringRe.FindAllStringSubmatch(s, -1)
	if parts == nil {
		return s
	}
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(escapeRe.ReplaceAllStringFunc(p[1]+p[2], func(e string) string {
			switch e[1] {
			case 'u', 'U', 'x':
				n, err := strconv.ParseUint(e[2:], 16, 32)
				if err != nil {
					return e
				}
				return string(rune(n))
			case 'n':
				return "\n"
			case 't':
				return "\t"
			}
			return e[1:]
		}))
	}
	return b.String()
}

// headerComment is the content type that feedparser's cases assume.
func headerComment(body []byte) string {
	head := string(body[:min(len(body), 600)])
	for _, mark := range []string{"Content-type:", "Content-Type:"} {
		if _, rest, ok := strings.Cut(head, mark); ok {
			line, _, _ := strings.Cut(rest, "\n")
			return strings.TrimSpace(line)
		}
	}
	return ""
}
