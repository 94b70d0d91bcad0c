package xmltext

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

const attribute = `(?:\s*([^\s=<>"'/]+)(?:\s*=\s*(?:"([^"<]*)"|'([^'<]*)'|([^\s"'<>]+)))?)`

var (
	tag        = regexp.MustCompile(`^<(/?)([A-Za-z_:\x{80}-\x{10FFFF}][\w.:\x{80}-\x{10FFFF}-]*)((?:` + attribute + `)*)\s*(/?)>`)
	attributes = regexp.MustCompile(attribute)
)

// void are the elements of HTML that nobody closes, but for those that feeds have
// with another meaning.
var void = [...]string{"br", "hr", "img", "input", "wbr", "col", "area"}

// Repair makes of a document that no parser takes one that it may: a < that begins
// no tag ("Vitesse < 30 km/h") is text, attributes get their quotes, and the
// elements that HTML leaves open are closed. What is well-formed stays so.
func Repair(text []byte) []byte {
	out := make([]byte, 0, len(text)+len(text)/16)
	for {
		at := bytes.IndexByte(text, '<')
		if at < 0 {
			return append(out, text...)
		}
		out, text = append(out, text[:at]...), text[at:]
		end := 0
		switch {
		case bytes.HasPrefix(text, []byte("<![CDATA[")):
			end = after(text, "]]>")
		case bytes.HasPrefix(text, []byte("<!--")):
			end = after(text, "-->")
		case bytes.HasPrefix(text, []byte("<?")):
			end = after(text, "?>")
		default:
			m := tag.FindSubmatch(text)
			if m == nil {
				out, text = append(out, "&lt;"...), text[1:]
				continue
			}
			out, text = append(out, repaired(m)...), text[len(m[0]):]
			continue
		}
		if end < 0 {
			return append(out, text...)
		}
		out, text = append(out, text[:end]...), text[end:]
	}
}

// repaired writes the tag that was matched.
func repaired(m [][]byte) string {
	closing, name, closed := string(m[1]), string(m[2]), string(m[len(m)-1])
	if slices.Contains(void[:], strings.ToLower(name)) {
		if closing != "" {
			return ""
		}
		closed = "/"
	}
	var b strings.Builder
	b.WriteString("<" + closing + name)
	for _, a := range attributes.FindAllSubmatch(m[3], -1) {
		b.WriteString(" " + string(a[1]) + `="` + strings.ReplaceAll(string(a[2])+string(a[3])+string(a[4]), `"`, "&quot;") + `"`)
	}
	b.WriteString(closed + ">")
	return b.String()
}
