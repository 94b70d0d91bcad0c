package feed

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"html"
	"path"
	"regexp"
	"strings"
)

// spoken rewrites the well-formed XML that gofeed misreads into what it reads
// right. Each costs one search where a document has none of it.
func spoken(text []byte) []byte {
	text = withoutComments(text)
	text = lonelyEntry(text)
	text = elevenToTen(text)
	text = unprefixed(text)
	text = directories(text)
	text = plainConstructs(text)
	return unpacked(text)
}

// withoutComments drops what gofeed takes for text. Those in CDATA are text, and one
// that never ends is left as it is, with all after it.
func withoutComments(text []byte) []byte {
	if !bytes.Contains(text, []byte("<!--")) {
		return text
	}
	out := make([]byte, 0, len(text))
	for {
		at := bytes.Index(text, []byte("<!"))
		if at < 0 {
			return append(out, text...)
		}
		out, text = append(out, text[:at]...), text[at:]
		comment, end := false, len("<!")
		switch {
		case bytes.HasPrefix(text, []byte("<!--")):
			comment, end = true, after(text, len("<!--"), "-->")
		case bytes.HasPrefix(text, []byte("<![CDATA[")):
			end = after(text, len("<![CDATA["), "]]>")
		}
		if end < 0 {
			return append(out, text...)
		}
		if !comment {
			out = append(out, text[:end]...)
		}
		text = text[end:]
	}
}

// after is where the first mark from at on ends, -1 where there is none.
func after(text []byte, at int, mark string) int {
	found := bytes.Index(text[at:], []byte(mark))
	if found < 0 {
		return -1
	}
	return at + found + len(mark)
}

const (
	atomSpace  = "http://www.w3.org/2005/Atom"
	xhtmlSpace = "http://www.w3.org/1999/xhtml"
	rss11Space = "http://purl.org/net/rss1.1#"
)

var entryRoot = regexp.MustCompile(`^<(?:[A-Za-z_][\w.-]*:)?entry[\s>]`)

// lonelyEntry gives a feed to an Entry Document (RFC 4287 §2).
func lonelyEntry(text []byte) []byte {
	if !entryRoot.Match(text) {
		return text
	}
	return bytes.Join([][]byte{[]byte(`<feed xmlns="` + atomSpace + `">`), bytes.TrimRight(text, " \t\r\n\x00"), []byte("</feed>")}, nil)
}

var (
	channel11 = regexp.MustCompile(`<(/?)((?:[A-Za-z_][\w.-]*:)?)Channel([\s>/])`)
	items11   = regexp.MustCompile(`</?(?:[A-Za-z_][\w.-]*:)?items(?:\s[^>]*)?>`)
)

// elevenToTen makes RSS 1.0 of RSS 1.1 (http://inamidst.com/rss1.1/), whose items
// stand in the channel.
func elevenToTen(text []byte) []byte {
	head := text[:min(len(text), 1024)]
	if !bytes.Contains(head, []byte(rss11Space)) || channel11.FindIndex(head) == nil {
		return text
	}
	text = channel11.ReplaceAll(text, []byte("<${1}${2}channel${3}"))
	text = items11.ReplaceAll(text, nil)
	text = bytes.ReplaceAll(text, []byte(rss11Space), []byte("http://purl.org/rss/1.0/"))
	return bytes.Join([][]byte{[]byte("<rss>"), bytes.TrimRight(text, " \t\r\n\x00"), []byte("</rss>")}, nil)
}

var xhtmlPrefix = regexp.MustCompile(`xmlns:([A-Za-z_][\w.-]*)\s*=\s*["']` + regexp.QuoteMeta(xhtmlSpace) + `["']`)

// unprefixed makes <p> of <xhtml:p>: texts are kept as they are spelt.
func unprefixed(text []byte) []byte {
	if !bytes.Contains(text, []byte(xhtmlSpace)) {
		return text
	}
	for _, m := range xhtmlPrefix.FindAllSubmatch(text, 4) {
		prefix := string(m[1])
		text = bytes.ReplaceAll(text, []byte("<"+prefix+":"), []byte("<"))
		text = bytes.ReplaceAll(text, []byte("</"+prefix+":"), []byte("</"))
	}
	return text
}

var xmlBase = regexp.MustCompile(`(\sxml:base\s*=\s*)(?:"([^"<]*)"|'([^'<]*)')`)

// directories cuts each xml:base after its last slash, which is where relative
// addresses start (RFC 3986 §5.2.3); gofeed adds to the whole of it.
func directories(text []byte) []byte {
	if !bytes.Contains(text, []byte("xml:base")) {
		return text
	}
	return xmlBase.ReplaceAllFunc(text, func(attribute []byte) []byte {
		m := xmlBase.FindSubmatch(attribute)
		value, _, _ := strings.Cut(string(m[2])+string(m[3]), "#")
		value, _, _ = strings.Cut(value, "?")
		scheme, rest, absolute := strings.Cut(value, "://")
		if !absolute {
			scheme, rest = "", value
		} else {
			scheme += "://"
		}
		directory, last := path.Split(rest)
		switch {
		case last == "..":
			directory += "../"
		case absolute && directory == "": // a host alone
			directory = last + "/"
		case directory == "":
			directory = "./"
		}
		return []byte(string(m[1]) + `"` + scheme + directory + `"`)
	})
}

var plainConstruct = regexp.MustCompile(`(<(?:[A-Za-z_][\w.-]*:)?(?:summary|content)(?:\s[^<>]*)?\stype\s*=\s*["']text["'][^<>]*>)([^<]*)(</)`)

// plainConstructs escapes once more what an Atom text construct of type text says
// (RFC 4287 §3.1.1.1): as HTML, which our texts may be, it is then what it was.
func plainConstructs(text []byte) []byte {
	if !bytes.Contains(text, []byte(atomSpace)) || !bytes.Contains(text, []byte("&lt;")) {
		return text
	}
	return plainConstruct.ReplaceAllFunc(text, func(element []byte) []byte {
		m := plainConstruct.FindSubmatch(element)
		return bytes.Join([][]byte{m[1], bytes.ReplaceAll(m[2], []byte("&"), []byte("&amp;")), m[3]}, nil)
	})
}

var packed = regexp.MustCompile(`(<[^<>]*\smode\s*=\s*["'])base64(["'][^<>]*>)\s*([A-Za-z0-9+/=\s]*)(</)`)

// unpacked decodes the texts in base64 of Atom 0.3.
func unpacked(text []byte) []byte {
	if !bytes.Contains(text, []byte("base64")) {
		return text
	}
	return packed.ReplaceAllFunc(text, func(element []byte) []byte {
		m := packed.FindSubmatch(element)
		decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(m[3])), ""))
		if err != nil {
			return element
		}
		return bytes.Join([][]byte{m[1], []byte("escaped"), m[2], []byte(html.EscapeString(clean(string(decoded)))), m[4]}, nil)
	})
}

// languages are the xml:lang of each item, or of its first text that has one; nil
// where only the root says its language. gofeed reads that alone.
func languages(text []byte) []string {
	root := bytes.IndexByte(text, '>')
	if root < 0 || !bytes.Contains(text[root:], []byte("xml:lang")) {
		return nil
	}
	dec := xml.NewDecoder(bytes.NewReader(text))
	dec.Strict = false
	dec.Entity = xml.HTMLEntity
	var list []string
	within, depth := 0, 0
	for {
		token, err := dec.RawToken()
		if err != nil {
			return list
		}
		switch el := token.(type) {
		case xml.StartElement:
			depth++
			if name := strings.ToLower(el.Name.Local); within == 0 && (name == "item" || name == "entry") {
				list, within = append(list, ""), depth
			}
			if within == 0 || list[len(list)-1] != "" || depth > within+1 {
				continue
			}
			for _, a := range el.Attr {
				if a.Name.Space == "xml" && a.Name.Local == "lang" {
					list[len(list)-1] = strings.TrimSpace(a.Value)
				}
			}
		case xml.EndElement:
			if depth == within {
				within = 0
			}
			depth--
		}
	}
}
