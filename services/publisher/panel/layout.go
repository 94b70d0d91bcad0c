package panel

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/crieur/crieur/services/publisher/prose"
)

// draft is a content prepared for layout: glued, the text in sentences.
type draft struct {
	title, when, place, text []string // sentences; at most one but for text
	shortWhen                []string // when in the fewest words, for drivers
	paragraphs               []string // of the text
	link                     string
	clipped                  []string // names of the fields far too long
	removed                  []rune   // emoji
}

// roomFactor bounds the work on a field: what passes that many times the sign's
// room is cut before layout, and reported.
const roomFactor = 8

func (s screen) draft(c Content) draft {
	var d draft
	room := roomFactor * s.rows * s.columns * s.pages
	one := func(name, text string) []string {
		if r := []rune(text); len(r) > room {
			text = string(r[:room])
			d.clipped = append(d.clipped, name)
		}
		text = s.withoutEmoji(strings.ToValidUTF8(text, "\uFFFD"), &d.removed)
		if text = glue(shortLinks(text)); text == "" {
			return nil
		}
		return []string{text}
	}
	d.title, d.when, d.place, d.link = one("title", c.Title), one("when", c.When), one("place", c.Place), shortLink(c.Link)
	d.shortWhen = one("when", c.ShortWhen)
	if utf8.RuneCountInString(d.link) > s.rows*s.columns {
		d.link, d.clipped = "", append(d.clipped, "link")
	}
	for _, t := range one("text", c.Text) {
		d.text, d.paragraphs = prose.Sentences(t), strings.Split(t, "\n")
	}
	return d
}

// unsaid is what of time and place the title, as far as it is left, does not say.
func (d draft) unsaid() (when, place []string) {
	title := strings.Join(d.title, " ")
	rest := func(fact []string, unsaid func(title, fact string) string) []string {
		var list []string
		for _, f := range fact {
			if f = unsaid(title, f); f != "" {
				list = append(list, f)
			}
		}
		return list
	}
	return rest(d.when, prose.UnsaidWhen), rest(d.place, prose.UnsaidWhere)
}

var webAddress = regexp.MustCompile(`https?://\S+`)

// shortLinks leaves out of a text what nobody types of its web addresses.
func shortLinks(text string) string { return webAddress.ReplaceAllStringFunc(text, shortLink) }

// shortLink leaves out what nobody types.
func shortLink(link string) string {
	link = strings.Join(strings.Fields(link), "")
	for _, prefix := range []string{"https://", "http://", "www."} {
		link = strings.TrimPrefix(link, prefix)
	}
	return strings.TrimSuffix(link, "/")
}

func (d draft) apply(a Abbreviation) draft {
	each := func(in []string) []string {
		out := make([]string, len(in))
		for i, s := range in {
			if out[i] = a.Apply(s); out[i] != s {
				out[i] = weakly(out[i])
			}
		}
		return out
	}
	d.title, d.when, d.place, d.text = each(d.title), each(d.when), each(d.place), each(d.text)
	return d
}

func (d draft) equal(o draft) bool {
	return slices.Equal(d.title, o.title) && slices.Equal(d.when, o.when) &&
		slices.Equal(d.place, o.place) && slices.Equal(d.text, o.text) && d.link == o.link
}

// layout is pages, with what it took to write them.
type layout struct {
	pages  []Page
	oneRow bool // on the last page, but for what evens it
	log    shown
	fields []string
}

// group is lines that belong together.
type group struct {
	lines  []string
	title  bool
	goesOn bool // it began on the page before
}

// lay prefers pages that end with a sentence, and takes full ones when that
// would be too many.
func (s screen) lay(d draft) layout {
	l := layout{log: shown{removed: slices.Clone(d.removed)}}
	spell := func(in []string) []string {
		var out []string
		for _, f := range in {
			if f = s.spell(f, &l.log); f != "" {
				out = append(out, f)
			}
		}
		l.fields = append(l.fields, out...)
		return out
	}
	var link []string
	if d.link != "" {
		link = []string{d.link}
	}
	var heads []group
	if title := spell(d.title); len(title) > 0 {
		heads = append(heads, group{lines: wrap(title[0], s.columns), title: true})
	}
	when, place := d.unsaid()
	heads = append(heads, s.facts(spell(when), spell(place))...)
	text, foot := spell(d.text), spell(link)
	var tail []group
	if len(foot) > 0 {
		tail = append(tail, group{lines: wrap(foot[0], s.columns)})
	}
	b := s.airy(heads, text, tail)
	if len(b.done) > s.pages {
		b = s.dense(heads, text, tail)
	}
	l.oneRow = b.even()
	l.pages = b.bind(s)
	return l
}

// facts puts time and place together when a page holds both.
func (s screen) facts(when, place []string) []group {
	var both, apart []group
	for _, f := range append(when, place...) {
		g := group{lines: wrap(f, s.columns)}
		apart = append(apart, g)
		if len(both) == 0 {
			both = []group{g}
			continue
		}
		both[0].lines = slices.Concat(both[0].lines, g.lines)
	}
	if len(both) > 0 && len(both[0].lines) <= s.rows {
		return both
	}
	return apart
}

// dense fills every row.
func (s screen) dense(heads []group, text []string, tail []group) (b book) {
	groups := slices.Clone(heads)
	if len(text) > 0 {
		groups = append(groups, group{lines: wrap(strings.Join(text, " "), s.columns)})
	}
	for _, g := range append(groups, tail...) {
		for i, line := range g.lines {
			if b.rows() == s.rows {
				b.turn()
			}
			b.add(group{[]string{line}, g.title, i > 0}, len(b.open) > 0 && b.open[len(b.open)-1].title == g.title)
		}
	}
	b.turn()
	return b
}

// airy keeps groups and sentences whole where a page holds them.
func (s screen) airy(heads []group, text []string, tail []group) (b book) {
	for _, g := range heads {
		b.place(g, s.rows)
	}
	for len(text) > 0 && len(b.done) <= s.pages {
		n, lines := 0, []string(nil)
		for n < len(text) {
			more := wrap(strings.Join(text[:n+1], " "), s.columns)
			if len(more) > s.rows-b.rows() {
				break
			}
			n, lines = n+1, more
		}
		switch {
		case n > 0:
			b.add(group{lines: lines}, false)
		case b.rows() > 0:
			b.turn()
			continue
		default:
			b.place(group{lines: wrap(text[0], s.columns)}, s.rows)
			n = 1
		}
		text = text[n:]
	}
	for _, g := range tail {
		b.place(g, s.rows)
	}
	b.turn()
	return b
}

// book is pages under construction, each a list of groups.
type book struct {
	done [][]group
	open []group
}

func (b *book) rows() int {
	n := 0
	for _, g := range b.open {
		n += len(g.lines)
	}
	return n
}

func (b *book) turn() {
	if len(b.open) > 0 {
		b.done, b.open = append(b.done, b.open), nil
	}
}

// add puts g on the open page, in the last group when joined.
func (b *book) add(g group, joined bool) {
	if joined {
		last := &b.open[len(b.open)-1]
		last.lines = append(slices.Clip(last.lines), g.lines...)
		return
	}
	b.open = append(b.open, g)
}

// place puts g on the open page if it holds it, else on the next ones.
func (b *book) place(g group, rows int) {
	if b.rows()+len(g.lines) > rows {
		b.turn()
	}
	for len(g.lines) > rows {
		b.add(group{g.lines[:rows], g.title, g.goesOn}, false)
		b.turn()
		g.lines, g.goesOn = g.lines[rows:], true
	}
	if len(g.lines) > 0 {
		b.add(g, false)
	}
}

// even gives a last page of one row, where it ends what the page before says,
// the row before it; it reports whether there was one.
func (b *book) even() bool {
	n := len(b.done) - 1
	if n < 1 || len(b.done[n]) != 1 || len(b.done[n][0].lines) != 1 {
		return false
	}
	last, from := &b.done[n][0], &b.done[n-1][len(b.done[n-1])-1]
	if at := len(from.lines) - 1; last.goesOn && at >= 2 {
		last.lines = append([]string{from.lines[at]}, last.lines...)
		from.lines = from.lines[:at]
	}
	return true
}

// bind makes the pages, with an empty row between groups where there is room.
func (b *book) bind(s screen) []Page {
	var pages []Page
	for _, groups := range b.done {
		var p Page
		total := len(groups) - 1
		for _, g := range groups {
			total += len(g.lines)
		}
		for i, g := range groups {
			if i > 0 && total <= s.rows {
				p.Lines = append(p.Lines, "")
			}
			for _, line := range g.lines {
				if g.title {
					p.Title = append(p.Title, len(p.Lines))
				}
				p.Lines = append(p.Lines, line)
			}
		}
		pages = append(pages, p)
	}
	return pages
}
