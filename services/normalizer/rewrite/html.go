package rewrite

import (
	"html"
	"net/url"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	nethtml "golang.org/x/net/html"
)

// Body is a body rewritten.
type Body struct {
	Text  string // plain text, paragraphs separated by blank lines
	HTML  string // sanitised, well-formed
	Image string // address of the first picture that is not a tracker
	Alt   string
	Cut   bool // a limit was met
}

// policy is what HTML may hold; it has the last word.
var policy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h3", "h4", "ul", "ol", "li", "blockquote", "pre", "code",
		"strong", "em", "u", "s", "sub", "sup", "small", "mark", "abbr", "q",
		"table", "thead", "tbody", "tr", "td", "th", "caption", "dl", "dt", "dd", "figure", "figcaption")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("src", "alt").OnElements("img")
	p.AllowAttrs("colspan", "rowspan").Matching(bluemonday.Integer).OnElements("td", "th")
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	return p
})

// HTML rewrites a body of text or HTML. base, which may be nil, is where its
// relative links start from.
func HTML(src string, base *url.URL) Body {
	src, cut := head(src, MaxInputBytes)
	src = withoutBoilerplate(strings.TrimSpace(Clean(repair(src))))
	if src == "" {
		return Body{}
	}
	if !marked(src) {
		src = paragraphs(src)
	}
	w := writer{base: base}
	w.run(src)
	b := Body{Text: w.text.String(), Image: w.image, Alt: w.alt, Cut: cut || w.cut}
	b.HTML = policy().Sanitize(w.html.String())
	var shortened bool
	b.Text, shortened = Bound(trailingMark(Clean(b.Text)), MaxText)
	b.Cut = b.Cut || shortened
	if cut && !shortened && b.Text != "" {
		b.Text += CutMark
	}
	return b
}

// Plain returns the text of a short piece of text or HTML on one line: a
// title, a name, a summary.
func Plain(src string) string {
	src, _ = head(src, 64<<10)
	src = repair(src)
	if !strings.ContainsAny(src, "<&") {
		return Line(src)
	}
	if marked(src) {
		w := writer{textOnly: true}
		w.run(Clean(src))
		src = w.text.String()
	}
	for range 2 { // "&amp;amp;": nobody means an entity in a title
		if !strings.Contains(src, "&") {
			break
		}
		src = html.UnescapeString(src)
	}
	return Line(src)
}

// marked reports whether s holds a tag; "<mairie@ville.fr>" is an address.
func marked(s string) bool {
	for i := strings.IndexByte(s, '<'); i >= 0 && i+1 < len(s); {
		if tag(s[i+1:]) {
			return true
		}
		n := strings.IndexByte(s[i+1:], '<')
		if n < 0 {
			return false
		}
		i += 1 + n
	}
	return false
}

// tag reports whether what follows a "<" begins a tag or a comment.
func tag(s string) bool {
	if s[0] == '/' || s[0] == '!' {
		return true
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c|0x20 >= 'a' && c|0x20 <= 'z', i > 0 && (c >= '0' && c <= '9' || c == '-' || c == ':'):
		default:
			return i > 0 && c != '@' && c != '.'
		}
	}
	return true
}

// escapedTags are what shows that a whole body was escaped once too often.
func escapedTags() []string {
	return []string{"&lt;p", "&lt;br", "&lt;div", "&lt;a ", "&lt;strong", "&lt;/", "&lt;ul", "&lt;span", "&lt;img", "&lt;b&gt;", "&lt;em", "&lt;h"}
}

// repair undoes one escape too many: a body whose only tags are escaped, and
// entities escaped again ("&amp;eacute;").
func repair(s string) string {
	if !strings.Contains(s, "&") {
		return s
	}
	if strings.Contains(s, "&lt;") && !marked(s) {
		for _, t := range escapedTags() {
			if strings.Contains(s, t) {
				s = html.UnescapeString(s)
				break
			}
		}
	}
	return unescapeTwice(s)
}

// unescapeTwice turns "&amp;name;" into "&name;" where name is an entity other
// than those that write markup.
func unescapeTwice(s string) string {
	const amp = "&amp;"
	if !strings.Contains(s, amp) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for {
		i := strings.Index(s, amp)
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		rest := s[i+len(amp):]
		end := strings.IndexByte(rest[:min(len(rest), 12)], ';')
		if end > 0 && entity(rest[:end]) {
			b.WriteString(s[:i])
			b.WriteByte('&')
		} else {
			b.WriteString(s[:i+len(amp)])
		}
		s = rest
	}
}

func entity(name string) bool {
	switch name {
	case "lt", "gt", "amp", "quot", "#60", "#62", "#38", "#34", "#39", "apos", "#x3c", "#x3e":
		return name == "quot" || name == "#39" || name == "apos"
	}
	ref := "&" + name + ";"
	out := html.UnescapeString(ref)
	return out != ref && out != "<" && out != ">" && out != "&"
}

// token kinds are x/net/html's; see https://pkg.go.dev/golang.org/x/net/html.
func (w *writer) run(src string) {
	z := nethtml.NewTokenizer(strings.NewReader(src))
	for {
		switch z.Next() {
		case nethtml.ErrorToken:
			w.closeTo(0)
			return
		case nethtml.TextToken:
			if w.skip == "" {
				w.words(string(z.Text()))
			}
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken:
			name, more := z.TagName()
			w.start(string(name), z, more)
		case nethtml.EndTagToken:
			name, _ := z.TagName()
			w.end(string(name))
		}
	}
}
