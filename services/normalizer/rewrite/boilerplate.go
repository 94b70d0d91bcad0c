package rewrite

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/crieur/crieur/events/territory"
)

// What programs add to a body: who posted it and when (Drupal, whose feed says so
// again), where it first appeared (WordPress), and the link to the rest, whose text
// says nothing.
var (
	posted   = regexp.MustCompile(`(?i)<span[^>]*>\s*<(?:span|a)\b[^>]*typeof="schema:Person"[^>]*>[^<]*</(?:span|a)>\s*</span>(?:\s*<span[^>]*>\s*(?:<time\b[^>]*>[^<]*</time>|[^<]*\d[^<]*)\s*</span>)?`)
	appeared = regexp.MustCompile(`(?is)(<p[^>]*>\s*)?(L[’']article|Cet article|The post)\b[^\n]{0,1000}?(est apparu en premier sur|est apparu en premier dans|appeared first on)[^\n]{0,600}$`)
	goOn     = regexp.MustCompile(`(?is)(\s|&nbsp;|\x{a0})*(<p[^>]*>\s*)?(<a\b[^>]*>\s*)?` + goOnWords + `(\s|\.|…|»|→|>|&[a-z0-9#]{2,8};|\[…\]|\[\.\.\.\]|\))*(</a>)?(\s|<br\s*/?>|</?p>|</?div>|</?span>)*$`)
	cutOff   = regexp.MustCompile(`[ \x{a0}]*(\[…\]|\[\.{3}\]|\(…\)|\(\.{3}\)|\[&hellip;\]|\[&#8230;\])\s*$`)
)

// goOnWords invite to read the rest elsewhere.
const goOnWords = `(lire la suite|lire plus|lire l[’']article|voir la suite|en savoir plus|en savoir \+|en lire plus|continuer la lecture|continue reading|read more)( (de|of|about)?\s*(&nbsp;|<[^>]*>|\s)*[«“"][^»”"\n]{0,300}[»”"](\s|</?span[^>]*>)*)?`

// filed is where a program says under what an article is filed: SPIP's " - <a
// rel=directory>Actualités</a> / <a rel=tag>eau</a>".
var filed = regexp.MustCompile(`(?is)(\s|<br\s*/?>|[-–—/,])*(<a\b[^>]*\brel=["']?(directory|tag)\b[^>]*>[^<]{0,200}</a>(\s|<br\s*/?>|[/,])*)+$`)

// shortcode is what a page builder is told in brackets, and shows when it is away:
// [vc_row css="…"], [/vc_row], [gallery ids="1,2"].
var shortcode = regexp.MustCompile(`\[/[a-z][a-z0-9_-]*\]|\[[a-z][a-z0-9-]*_[a-z0-9_-]*(\s[^\[\]]{0,1000})?\]|\[[a-z][a-z0-9-]*(\s+[a-z_-]+=[^\[\]]{0,1000})\]`)

// shares is a link that tells others of a page rather than leads to one.
var shares = regexp.MustCompile(`(?i)href=["']?(https?:)?//(www\.|m\.|api\.)?(facebook\.com/sharer|(twitter|x)\.com/(intent|share)|linkedin\.com/share|whatsapp\.com/send|t\.me/share)`)

// furniture reports whether a start tag opens what a program puts around a body:
// buttons to share, other articles, the link to the rest.
func furniture(name string, tag []byte) bool {
	switch name {
	case "div", "section", "aside", "ul", "p", "a", "span":
	default:
		return false
	}
	if name == "a" && shares.Match(tag) {
		return true
	}
	if !bytes.Contains(tag, []byte("class")) {
		return false
	}
	for _, class := range []string{"sharedaddy", "jp-relatedposts", "addtoany_", "heateor_sss", "ssba", "more-link", "screen-reader-text", "wp-block-file__button"} {
		if bytes.Contains(tag, []byte(class)) {
			return true
		}
	}
	return false
}

// withoutBoilerplate drops from a body what its program added at either end.
func withoutBoilerplate(src string) string {
	if start, _ := head(src, 4000); strings.Contains(start, "schema:Person") {
		if m := posted.FindStringIndex(start); m != nil {
			src = src[:m[0]] + src[m[1]:]
		}
	}
	if at := max(0, len(src)-2000); strings.Contains(src[at:], "est apparu") || strings.Contains(src[at:], "appeared") {
		if m := appeared.FindStringIndex(tail(src, 2000)); m != nil {
			src = src[:len(src)-len(tail(src, 2000))+m[0]]
		}
	}
	if strings.Contains(src, "[") {
		src = shortcode.ReplaceAllString(src, "")
	}
	end := tail(src, 1000)
	if strings.Contains(end, "rel=") {
		if m := filed.FindStringIndex(end); m != nil && m[0] > 0 {
			src = src[:len(src)-len(end)+m[0]]
			end = tail(src, 1000)
		}
	}
	if !invites(end) {
		return src
	}
	if m := goOn.FindStringIndex(end); m != nil && len(src) > m[1]-m[0] {
		src = src[:len(src)-len(end)+m[0]]
	}
	return src
}

// invites reports cheaply whether goOn is worth looking for.
func invites(end string) bool {
	end = strings.ToLower(tail(end, 300))
	for _, w := range []string{"la suite", "lire plus", "article", "savoir", "la lecture", "reading", "read more"} {
		if strings.Contains(end, w) {
			return true
		}
	}
	return false
}

// tail returns at most the last n bytes of s, from a rune on.
func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	i := len(s) - n
	for i < len(s) && s[i]&0xc0 == 0x80 {
		i++
	}
	return s[i:]
}

// trailingMark gives the mark of a text that its source cut its usual form.
func trailingMark(s string) string {
	if !strings.HasSuffix(strings.TrimRight(s, " \n\u00a0"), "]") && !strings.HasSuffix(strings.TrimRight(s, " \n\u00a0"), ")") {
		return s
	}
	if m := cutOff.FindStringIndex(tail(s, 40)); m != nil {
		return strings.TrimRight(s[:len(s)-len(tail(s, 40))+m[0]], " \u00a0\n.,") + "…"
	}
	return s
}

// WithoutTitle drops from the beginning of a text the title that it repeats.
// A text that is but its title is the empty string.
func WithoutTitle(text, title string) string {
	folded := territory.Fold(title)
	if folded == "" {
		return text
	}
	first, rest, _ := strings.Cut(text, "\n")
	if territory.Fold(first) == folded {
		return strings.TrimLeft(rest, "\n")
	}
	return text
}

// WithoutHeading is WithoutTitle for the HTML of a Body.
func WithoutHeading(body, title string) string {
	folded := territory.Fold(title)
	for _, tag := range []string{"p", "h3", "h4"} {
		rest, ok := strings.CutPrefix(body, "<"+tag+">")
		if !ok {
			continue
		}
		first, rest, ok := strings.Cut(rest, "</"+tag+">")
		if ok && folded != "" && len(first) < 4*MaxTitle && !strings.Contains(first, "<img") && territory.Fold(Plain(first)) == folded {
			return rest
		}
	}
	return body
}
