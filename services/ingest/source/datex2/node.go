package datex2

import (
	"bytes"
	"encoding/xml"
	"errors"
	"strings"
)

// Limits of one situation or order.
const (
	maxNodes     = 60_000
	maxNodeBytes = 4 << 20
)

var (
	errTooLarge  = errors.New("too large")
	errMalformed = errors.New("not well-formed")
)

// node is an element of one situation, without its namespace.
type node struct {
	name     string
	kind     string // xsi:type, without prefix
	id       string
	text     string
	children []*node
}

func newNode(el xml.StartElement) *node {
	n := &node{name: el.Name.Local}
	for _, a := range el.Attr {
		switch a.Name.Local {
		case "type":
			n.kind = local(a.Value)
		case "id":
			n.id = strings.TrimSpace(a.Value)
		}
	}
	return n
}

func local(name string) string {
	if _, after, ok := strings.Cut(name, ":"); ok {
		name = after
	}
	return strings.TrimSpace(name)
}

// read builds the element that el begins. When it is too large it is read to its
// end all the same, and errTooLarge returned.
func read(dec *xml.Decoder, el xml.StartElement) (*node, error) {
	root := newNode(el)
	stack, count, size := []*node{root}, 1, 0
	large := false
	for len(stack) > 0 {
		token, err := dec.RawToken()
		if err != nil {
			return nil, err
		}
		top := stack[len(stack)-1]
		switch t := token.(type) {
		case xml.StartElement:
			n := newNode(t)
			if count++; count > maxNodes {
				large = true
			}
			if !large {
				top.children = append(top.children, n)
			}
			stack = append(stack, n)
		case xml.EndElement:
			if t.Name.Local != top.name {
				return nil, errMalformed
			}
			top.text = strings.TrimSpace(top.text)
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if size += len(t); size > maxNodeBytes {
				large = true
			}
			if !large && len(bytes.TrimSpace(t)) > 0 {
				top.text += string(t)
			}
		}
	}
	if large {
		return root, errTooLarge
	}
	return root, nil
}

// child is the first child of that name; nil has none.
func (n *node) child(path ...string) *node {
	for _, name := range path {
		if n == nil {
			return nil
		}
		var found *node
		for _, c := range n.children {
			if c.name == name {
				found = c
				break
			}
		}
		n = found
	}
	return n
}

// at is the text at a path, "" when there is none.
func (n *node) at(path ...string) string {
	if c := n.child(path...); c != nil {
		return c.text
	}
	return ""
}

// walk calls visit for n and all under it, parents first; false prunes.
func (n *node) walk(visit func(*node) bool) {
	if n == nil || !visit(n) {
		return
	}
	for _, c := range n.children {
		c.walk(visit)
	}
}

// all are the elements of that name under n.
func (n *node) all(name string) []*node {
	var out []*node
	n.walk(func(c *node) bool {
		if c.name == name {
			out = append(out, c)
		}
		return true
	})
	return out
}

// value is the text of n in French, or in the first language, from its values.
func (n *node) value() string {
	if n == nil {
		return ""
	}
	if n.text != "" {
		return line(n.text)
	}
	for _, v := range n.all("value") {
		if v.text != "" {
			return line(v.text)
		}
	}
	return ""
}

func line(s string) string { return strings.Join(strings.Fields(s), " ") }
