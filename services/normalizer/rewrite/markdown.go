package rewrite

import (
	"html"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Markdown as agendas and portals write it (commonmark.org): headings, lists,
// links and emphasis. The rest is text.
var (
	heading  = regexp.MustCompile(`^ {0,3}#{1,6}[ \t]+(.+?)[ \t#]*$`)
	bullet   = regexp.MustCompile(`^[ \t]*[-*+•–▪][ \t]+(\S.*)$`)
	rule     = regexp.MustCompile(`^ {0,3}([-*_])[ \t]*(?:[-*_][ \t]*){2,}$`)
	picture  = regexp.MustCompile(`!\[([^\]\n]{0,300})\]\((https?://[^\s)]{1,1000})[^)\n]{0,300}\)`)
	anchored = regexp.MustCompile(`\[([^\]\n]{1,500})\]\(((?:https?://|mailto:|tel:)[^\s)]{1,1000})[^)\n]{0,300}\)`)
	strong   = regexp.MustCompile(`(\*\*|__)([^\s*_](?:[^*_\n]{0,500}[^\s*_])?)(\*\*|__)`)
	em       = regexp.MustCompile(`(^|[\s(«"'’])([*_])([^\s*_](?:[^*_\n]{0,500}[^\s*_])?)([*_])($|[\s).,;:!?»"])`)
	escaped  = regexp.MustCompile(`\\([\\*_{}\[\]()#+\-.!~|])`)
)

// markdown reports whether a plain text is written in it.
func markdown(text string) bool {
	if strings.Contains(text, "](") && anchored.MatchString(text) ||
		(strings.Contains(text, "**") || strings.Contains(text, "__")) && strong.MatchString(text) {
		return true
	}
	if !strings.Contains(text, "#") {
		return false
	}
	for line := range strings.Lines(text) {
		if heading.MatchString(strings.TrimRight(line, "\r\n")) {
			return true
		}
	}
	return false
}

// paragraphs makes HTML of a plain text, which may hold entities, lists of
// lines that begin with a dash, and Markdown.
func paragraphs(text string) string {
	text = html.UnescapeString(text)
	marks := markdown(text)
	var b strings.Builder
	for p := range strings.SplitSeq(text, "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			paragraph(&b, p, marks)
		}
	}
	return b.String()
}

// paragraph writes the lines of one paragraph.
func paragraph(b *strings.Builder, p string, marks bool) {
	open := "" // p or ul
	turn := func(to string) {
		if open == to {
			return
		}
		if open != "" {
			b.WriteString("</" + open + ">")
		}
		if to != "" {
			b.WriteString("<" + to + ">")
		}
		open = to
	}
	for line := range strings.SplitSeq(p, "\n") {
		if m := item(line); m != nil && !rule.MatchString(line) {
			turn("ul")
			b.WriteString("<li>" + spans(m[1], marks) + "</li>")
			continue
		}
		if marks {
			if m := heading.FindStringSubmatch(line); m != nil {
				turn("")
				b.WriteString("<h3>" + spans(m[1], true) + "</h3>")
				continue
			}
			if rule.MatchString(line) {
				turn("")
				b.WriteString("<hr>")
				continue
			}
		}
		if open == "p" {
			b.WriteString("<br>")
		}
		turn("p")
		b.WriteString(spans(line, marks))
	}
	turn("")
}

// item matches bullet where a line may be one.
func item(line string) []string {
	if r, _ := utf8.DecodeRuneInString(strings.TrimLeft(line, " \t")); !strings.ContainsRune("-*+•–▪", r) {
		return nil
	}
	return bullet.FindStringSubmatch(line)
}

// spans is one line.
func spans(line string, marks bool) string {
	line = html.EscapeString(line)
	if !marks {
		return line
	}
	line = picture.ReplaceAllString(line, `<img src="$2" alt="$1">`)
	line = anchored.ReplaceAllString(line, `<a href="$2">$1</a>`)
	line = strong.ReplaceAllString(line, `<strong>$2</strong>`)
	line = em.ReplaceAllString(line, `$1<em>$3</em>$5`)
	return escaped.ReplaceAllString(line, "$1")
}
