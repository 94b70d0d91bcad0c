package channel

import (
	"html"
	"regexp"
	"strings"
)

// HTML writes a plain text with its paragraphs, line breaks, lists and links.
func HTML(text string) string {
	var b strings.Builder
	for _, para := range Paragraphs(text) {
		open := ""
		turn := func(tag string) {
			if open != tag {
				if open != "" {
					b.WriteString("</" + open + ">")
				}
				if tag != "" {
					b.WriteString("<" + tag + ">")
				}
				open = tag
			} else if tag == "p" {
				b.WriteString("<br>")
			}
		}
		for line := range strings.SplitSeq(para, "\n") {
			if entry, ok := listed(line); ok {
				turn("ul")
				b.WriteString("<li>" + Inline(entry) + "</li>")
				continue
			}
			turn("p")
			b.WriteString(Inline(strings.TrimSpace(line)))
		}
		turn("")
	}
	return b.String()
}

// listed is a line of a list without its sign.
func listed(line string) (string, bool) {
	line = strings.TrimSpace(line)
	for _, sign := range []string{"- ", "– ", "— ", "• ", "* "} {
		if rest, ok := strings.CutPrefix(line, sign); ok {
			return strings.TrimSpace(rest), true
		}
	}
	return "", false
}

// Inline writes a plain text with its line breaks and links.
func Inline(text string) string {
	return Linked(text, func(s string) string {
		return strings.ReplaceAll(html.EscapeString(s), "\n", "<br>")
	}, func(address string) string {
		address = html.EscapeString(address)
		return `<a href="` + address + `">` + address + "</a>"
	})
}

var addressRe = regexp.MustCompile(`https?://[^\s<>|"«»]*[^\s<>|"«».,;:!?)'’]`)

// Linked writes a text and the web addresses in it.
func Linked(text string, plain, link func(string) string) string {
	var b strings.Builder
	last := 0
	for _, at := range addressRe.FindAllStringIndex(text, -1) {
		b.WriteString(plain(text[last:at[0]]) + link(text[at[0]:at[1]]))
		last = at[1]
	}
	return b.String() + plain(text[last:])
}
