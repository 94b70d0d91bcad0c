package ntcip

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/crieur/crieur/services/publisher/panel"
)

// maxTenths is the longest page time of MULTI, in tenths of a second.
const maxTenths = 255

// errLatin: MULTI text is one byte a character.
var errLatin = errors.New("a character outside ISO 8859-1")

// Multi writes pages as a MULTI string (NTCIP 1203, 6), in UTF-8: one
// character a byte of the sign's.
func Multi(pages []panel.Page, p panel.Profile) (string, error) {
	var b strings.Builder
	line, page := 3, 3 // centred
	if p.Align == panel.Left {
		line, page = 2, 2
	}
	fmt.Fprintf(&b, "[jp%d][jl%d]", page, line)
	for i, pg := range pages {
		if i > 0 {
			b.WriteString("[np]")
		}
		if len(pages) > 1 {
			fmt.Fprintf(&b, "[pt%do0]", min(max(pg.Seconds*10, 1), maxTenths))
		}
		for n, text := range pg.Lines {
			if n > 0 {
				b.WriteString("[nl]")
			}
			if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > 0xFF }) {
				return "", fmt.Errorf("page %d, line %d: %w", i+1, n+1, errLatin)
			}
			b.WriteString(strings.NewReplacer("[", "[[", "]", "]]").Replace(text))
		}
	}
	return b.String(), nil
}

// latin1 is the octets that go to the sign.
func latin1(s string) []byte {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		out = append(out, byte(r))
	}
	return out
}

// Token is a part of a MULTI string: a text, a tag without its brackets, or
// what is wrong.
type Token struct {
	Text string
	Tag  string
	Err  error
}

// Parse splits a MULTI string. Each tag is held against the standard's syntax.
func Parse(multi string) []Token {
	var list []Token
	for multi != "" {
		switch {
		case strings.HasPrefix(multi, "[["), strings.HasPrefix(multi, "]]"):
			list = append(list, Token{Text: multi[:1]})
			multi = multi[2:]
		case multi[0] == ']':
			list = append(list, Token{Err: errors.New("a ] without its [")})
			multi = multi[1:]
		case multi[0] == '[':
			end := strings.IndexAny(multi[1:], "[]")
			if end < 0 {
				return append(list, Token{Err: fmt.Errorf("a tag without its end: %q", multi)})
			}
			tag := multi[1 : 1+end]
			if multi[1+end] == '[' {
				list = append(list, Token{Err: fmt.Errorf("a tag without its end: %q", tag)})
				multi = multi[2+end:]
				// What follows the second bracket is a tag of its own.
				multi = "[" + multi
				continue
			}
			list = append(list, checked(tag))
			multi = multi[2+end:]
		default:
			end := strings.IndexAny(multi, "[]")
			if end < 0 {
				end = len(multi)
			}
			t := Token{Text: multi[:end]}
			if strings.ContainsFunc(t.Text, func(r rune) bool { return r == 0 || r > 0xFF }) {
				t = Token{Err: errLatin}
			}
			list = append(list, t)
			multi = multi[end:]
		}
	}
	return list
}

// n is a number up to 255, d one of two digits.
const (
	n = `(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])`
	c = `[1-9]\d{0,4}` // a coordinate, from 1
)

// tagRe holds every tag of NTCIP 1203 v03, 6.4.
var tagRe = regexp.MustCompile(`^(?i:` + strings.Join([]string{
	`cb` + n + `?`,
	`pb(` + n + `(,` + n + `,` + n + `)?)?`,
	`cf(` + n + `(,` + n + `,` + n + `)?)?`,
	`cr` + c + `,` + c + `,` + c + `,` + c + `,` + n + `(,` + n + `,` + n + `)?`,
	`tr` + c + `,` + c + `,` + c + `,` + c,
	`f([1-9]|1[0-3])(,\d{1,2})?`,
	`fl(t\d{0,2}(o\d{0,2})?|o\d{0,2}(t\d{0,2})?)?`, `/fl`,
	`fo(` + n + `(,[0-9a-f]{4})?)?`,
	`g` + n + `(,` + c + `,` + c + `(,[0-9a-f]{4})?)?`,
	`hc[0-9a-f]{1,4}`,
	`jl[1-5]?`, `jp[1-4]?`,
	`ms` + n + `(,.*)?`, `/ms` + n + `(,.*)?`,
	`mv(c|l\d*)[lr]\d+,` + n + `,` + n + `,.*`,
	`nl\d?`, `np`,
	`pt` + n + `?(o` + n + `?)?`,
	`sc\d{1,2}`, `/sc`,
}, "|") + `)$`)

func checked(tag string) Token {
	if !tagRe.MatchString(tag) {
		return Token{Err: fmt.Errorf("%q is not a tag of MULTI", tag)}
	}
	return Token{Tag: tag}
}

// plain is the text of a MULTI string, a line a line.
func plain(multi string) string {
	var b strings.Builder
	for _, t := range Parse(multi) {
		switch strings.ToLower(t.Tag) {
		case "np":
			b.WriteString("\n\n")
		case "nl":
			b.WriteString("\n")
		default:
			b.WriteString(t.Text)
		}
	}
	return b.String()
}
