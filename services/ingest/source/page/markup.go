package page

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// left reports what is no content: programs, styles, forms, menus.
func left(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Form, atom.Nav, atom.Iframe, atom.Object, atom.Embed, atom.Svg, atom.Button, atom.Input, atom.Select, atom.Textarea, atom.Link, atom.Meta:
		return true
	}
	return n.Type == html.CommentNode
}

// markup is the inside of a node, with absolute addresses and only the attributes
// that content needs.
func (e extractor) markup(n *html.Node) string {
	var out strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if part := e.prune(c, 0); part != nil {
			if err := html.Render(&out, part); err != nil { // too deep to be written
				continue
			}
		}
	}
	return strings.TrimSpace(strings.ToValidUTF8(out.String(), "\uFFFD"))
}

// says reports whether a markup holds a word or a picture.
func says(markup string) bool {
	for z := html.NewTokenizer(strings.NewReader(markup)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return false
		case html.TextToken:
			if strings.TrimSpace(string(z.Text())) != "" {
				return true
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			if name, _ := z.TagName(); string(name) == "img" {
				return true
			}
		}
	}
}

// prune copies a node without what is no content.
func (e extractor) prune(n *html.Node, depth int) *html.Node {
	if left(n) || depth > maxDepth || slices.Contains(e.told, n) {
		return nil
	}
	cut := &html.Node{Type: n.Type, DataAtom: n.DataAtom, Data: n.Data, Namespace: n.Namespace}
	for _, a := range n.Attr {
		switch a.Key {
		case "href", "src":
			if a.Val = e.resolve(a.Val); a.Val != "" {
				cut.Attr = append(cut.Attr, a)
			}
		case "alt", "title", "lang", "datetime", "colspan", "rowspan":
			cut.Attr = append(cut.Attr, a)
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if part := e.prune(c, depth+1); part != nil {
			cut.AppendChild(part)
		}
	}
	return cut
}

// resolve makes an address absolute; what is not http, https, mailto or tel is dropped.
func (e extractor) resolve(raw string) string {
	u, err := e.base.Parse(strings.TrimSpace(raw))
	if err != nil || raw == "" {
		return ""
	}
	switch u.Scheme {
	case "http", "https":
		if u.Host == "" {
			return ""
		}
	case "mailto", "tel":
	default:
		return ""
	}
	return u.String()
}

// words is the text of a node in one line.
func words(n *html.Node) string {
	var out strings.Builder
	var walk func(*html.Node, int)
	walk = func(n *html.Node, depth int) {
		if n.Type == html.TextNode {
			out.WriteString(n.Data)
		}
		if left(n) || depth > maxDepth {
			return
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, depth+1)
			if c.Type == html.ElementNode && !inline(c) {
				out.WriteByte(' ')
			}
		}
	}
	walk(n, 0)
	return strings.Join(strings.Fields(strings.ToValidUTF8(out.String(), "\uFFFD")), " ")
}

// inline elements part no words.
func inline(n *html.Node) bool {
	switch n.DataAtom {
	case atom.A, atom.Abbr, atom.B, atom.Em, atom.I, atom.Mark, atom.S, atom.Small, atom.Span, atom.Strong, atom.Sub, atom.Sup, atom.Time, atom.U:
		return true
	}
	return false
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return strings.TrimSpace(a.Val)
		}
	}
	return ""
}
