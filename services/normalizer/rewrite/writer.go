package rewrite

import (
	"html"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	nethtml "golang.org/x/net/html"
)

// maxDepth bounds how deep elements are kept: text deeper stays, its tags go.
const maxDepth = 32

// writer builds, in one reading of a body, its well-formed HTML and its text.
type writer struct {
	base     *url.URL
	textOnly bool
	html     strings.Builder
	text     text
	open     []string // elements open in html
	counts   []int    // of the open lists: items so far, -1 for bullets
	skip     string   // element whose content is not for readers
	nested   int      // elements of its name open in it
	image    string
	alt      string
	cut      bool
}

// text is plain text in the making.
type text struct {
	b      strings.Builder
	breaks int  // line feeds due before the next word: 0, 1 or 2
	space  bool // a space is due
	prefix string
}

func (t *text) String() string { return t.b.String() }

func (t *text) line(n int) {
	t.breaks = max(t.breaks, n)
	t.space = false
}

func (t *text) write(s string) {
	for s != "" {
		i := strings.IndexFunc(s, blank)
		word := s
		if i >= 0 {
			word = s[:i]
		}
		if word != "" {
			t.word(word)
		}
		if i < 0 {
			return
		}
		t.space = true
		_, n := utf8.DecodeRuneInString(s[i:])
		s = s[i+n:]
	}
}

func blank(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == '\r' }

func (t *text) word(word string) {
	if strings.Trim(word, "\u00a0\u202f") == "" && (t.breaks > 0 || t.b.Len() == 0) {
		return // a paragraph of no-break spaces is empty
	}
	if t.b.Len() > 0 {
		switch {
		case t.breaks > 0:
			t.b.WriteString("\n\n"[:t.breaks])
		case t.space:
			t.b.WriteByte(' ')
		}
	}
	t.b.WriteString(t.prefix)
	t.prefix, t.breaks, t.space = "", 0, false
	t.b.WriteString(word)
}

// kind of element, and the name it is written with.
type kind uint8

const (
	dropped   kind = iota // the tag goes, its content stays
	inline                // in a paragraph
	block                 // a paragraph's limit, not written
	container             // written, holds text or blocks
	unread                // goes with its content
)

func classify(name string) (kind, string) {
	switch name {
	case "strong", "em", "u", "s", "sub", "sup", "small", "mark", "abbr", "q", "code", "a":
		return inline, name
	case "b":
		return inline, "strong"
	case "i", "cite", "dfn":
		return inline, "em"
	case "del", "strike":
		return inline, "s"
	case "ul", "ol", "li", "blockquote", "pre", "table", "thead", "tbody", "tr", "td", "th", "caption", "dl", "dt", "dd", "figure", "figcaption", "h3", "h4":
		return container, name
	case "h1", "h2":
		return container, "h3"
	case "h5", "h6":
		return container, "h4"
	case "p", "div", "section", "article", "header", "footer", "main", "aside", "address", "center", "form", "fieldset", "details", "summary", "nav", "body", "tfoot", "hgroup", "dir", "menu", "legend":
		return block, ""
	case "script", "style", "template", "svg", "math", "iframe", "select", "textarea", "title", "noembed", "noframes", "audio", "video", "canvas", "button":
		return unread, ""
	}
	return dropped, ""
}

func (w *writer) start(name string, z *nethtml.Tokenizer, more bool) {
	if w.skip != "" {
		if name == w.skip {
			w.nested++
		}
		return
	}
	if furniture(name, z.Raw()) {
		w.skip = name
		return
	}
	switch name {
	case "br":
		w.text.line(1)
		w.raw("<br>")
		return
	case "hr":
		w.closeBlock()
		w.text.line(2)
		w.raw("<hr>")
		return
	case "img":
		w.picture(attributes(z, more))
		return
	}
	k, as := classify(name)
	switch k {
	case unread:
		w.skip = name
	case block:
		w.closeBlock()
		w.text.line(2)
	case inline:
		if as == "a" {
			w.anchor(attributes(z, more))
			return
		}
		w.paragraph()
		w.push(as, "")
	case container:
		w.container(as)
	}
}

func attributes(z *nethtml.Tokenizer, more bool) map[string]string {
	m := map[string]string{}
	for more && len(m) < 32 {
		var k, v []byte
		k, v, more = z.TagAttr()
		if _, seen := m[string(k)]; !seen {
			m[string(k)] = string(v)
		}
	}
	return m
}

func (w *writer) anchor(attr map[string]string) {
	href := ""
	if !w.textOnly {
		href = anchor(attr["href"], w.base)
	}
	w.closeInline("a")
	if href == "" {
		return
	}
	w.paragraph()
	w.push("a", ` href="`+html.EscapeString(href)+`"`)
}

func (w *writer) picture(attr map[string]string) {
	src := ""
	for _, name := range []string{"data-lazy-src", "data-src", "data-original", "src"} { // src is a blank until a script shows the picture
		if src = Link(attr[name], w.base); src != "" {
			break
		}
	}
	if src == "" || pixel(attr, src) || w.textOnly {
		return
	}
	alt, _ := head(Line(attr["alt"]), 500)
	if w.image == "" {
		w.image, w.alt = src, alt
	}
	w.paragraph()
	w.raw(`<img src="` + html.EscapeString(src) + `" alt="` + html.EscapeString(alt) + `">`)
}

// pixel reports whether a picture is there to count readers.
func pixel(attr map[string]string, src string) bool {
	for _, side := range []string{"width", "height"} {
		if v, ok := attr[side]; ok {
			if n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(v), "px")); err == nil && n <= 2 {
				return true
			}
		}
	}
	for _, host := range []string{"pixel.wp.com", "stats.wordpress.com", "feeds.feedburner.com/~r", "feedsportal.com", "google-analytics.com", "doubleclick.net", "pixel.quantserve.com", "feeds.wordpress.com/1.0/", "/piwik.php", "/matomo.php"} {
		if strings.Contains(src, host) {
			return true
		}
	}
	return false
}

func (w *writer) end(name string) {
	if w.skip != "" {
		switch {
		case name != w.skip:
		case w.nested > 0:
			w.nested--
		default:
			w.skip = ""
		}
		return
	}
	k, as := classify(name)
	switch k {
	case block:
		w.closeBlock()
		w.text.line(2)
	case inline:
		w.closeInline(as)
	case container:
		for i := len(w.open) - 1; i >= 0; i-- {
			if w.open[i] == as {
				w.closeTo(i)
				break
			}
		}
		switch as {
		case "li", "tr", "td", "th", "thead", "tbody", "dt", "dd":
		default:
			w.text.line(2)
		}
	}
}

// words writes text, in a paragraph of its own where nothing else holds it.
func (w *writer) words(s string) {
	if strings.TrimSpace(s) == "" {
		if s != "" {
			w.text.space = true
			if n := len(w.open); n > 0 && holdsText(w.open[n-1]) {
				w.raw(" ")
			}
		}
		return
	}
	s = spaces(s)
	w.text.write(s)
	if w.textOnly {
		return
	}
	w.paragraph()
	w.raw(html.EscapeString(s))
}

// holdsText reports whether an element may hold words directly.
func holdsText(name string) bool {
	switch name {
	case "ul", "ol", "table", "thead", "tbody", "tr", "dl", "blockquote", "figure":
		return false
	}
	return true
}

// paragraph makes sure that what comes is in an element that may hold words.
func (w *writer) paragraph() {
	if n := len(w.open); n == 0 || !holdsText(w.open[n-1]) {
		w.push("p", "")
	}
}

func (w *writer) raw(s string) {
	if w.textOnly {
		return
	}
	if w.html.Len()+len(s) > MaxHTMLBytes {
		w.cut = true
		return
	}
	w.html.WriteString(s)
}

// push opens an element. Once the limit is met, nothing more is opened: what
// is open is still closed.
func (w *writer) push(name, attr string) bool {
	if w.textOnly {
		return false
	}
	if len(w.open) >= maxDepth || w.html.Len() > MaxHTMLBytes-4096 {
		w.cut = w.cut || w.html.Len() > MaxHTMLBytes-4096
		return false
	}
	w.html.WriteString("<" + name + attr + ">")
	w.open = append(w.open, name)
	return true
}

// closeTo closes the elements down to a depth.
func (w *writer) closeTo(depth int) {
	for len(w.open) > depth {
		name := w.open[len(w.open)-1]
		w.open = w.open[:len(w.open)-1]
		w.html.WriteString("</" + name + ">")
		if (name == "ul" || name == "ol") && len(w.counts) > 0 {
			w.counts = w.counts[:len(w.counts)-1]
		}
	}
}

// closeBlock ends the paragraph or heading that is open, with what it holds.
func (w *writer) closeBlock() {
	for i := len(w.open) - 1; i >= 0; i-- {
		switch w.open[i] {
		case "p", "h3", "h4":
			w.closeTo(i)
			return
		case "li", "td", "th", "blockquote", "figure", "dd", "dt", "pre", "caption", "figcaption":
			w.closeTo(i + 1)
			return
		}
	}
}

// closeInline ends an inline element of the paragraph that is open.
func (w *writer) closeInline(name string) {
	for i := len(w.open) - 1; i >= 0; i-- {
		if k, _ := classify(w.open[i]); k != inline {
			return
		}
		if w.open[i] == name {
			w.closeTo(i)
			return
		}
	}
}

// popTo closes elements until one of names is the innermost; false, with
// nothing closed, when none is open.
func (w *writer) popTo(names ...string) bool {
	for i := len(w.open) - 1; i >= 0; i-- {
		for _, n := range names {
			if w.open[i] == n {
				w.closeTo(i + 1)
				return true
			}
		}
		if w.open[i] == "table" && names[0] != "table" {
			return false
		}
	}
	return false
}
