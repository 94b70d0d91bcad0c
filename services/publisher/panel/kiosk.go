package panel

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/crieur/crieur/services/publisher/prose"
)

// Said is a page as people write it, for a browser that lays it out: every
// letter, capitals where they belong, no word cut or shortened.
type Said struct {
	Title string   `json:"title,omitempty"` // on each page
	Facts []string `json:"facts,omitempty"` // when and where
	Text  []string `json:"text,omitempty"`  // paragraphs
}

const (
	minKioskRows, minKioskColumns = 6, 20
	// charsPerSecond is at ease for most adults, who read 200 words a minute.
	charsPerSecond = 15
)

// sentence is one of the text's.
type sentence struct {
	text  string
	opens bool // a paragraph
}

// notice is the pages of d for people who may come at any of them: each has the
// title, the first when and where too. A page ends with a sentence that its rows
// and columns hold, or inside one that no page holds.
func (s screen) notice(d draft, out *Rendition) {
	title := strings.Join(d.title, " ")
	whole, short := s.heading(title, s.rows), s.heading(title, s.rows/4)
	if whole != title {
		d.title, d.clipped = []string{whole}, append(d.clipped, "title")
	}
	when, place := d.unsaid()
	first := Said{Title: whole}
	for _, fact := range slices.Concat(when, place) {
		first.Facts = append(first.Facts, prose.Capital(fact))
	}
	b := kioskBook{screen: s, short: short, open: first}
	if !s.holds(first) {
		if b.open.Facts = nil; s.pages > 1 {
			b.turn()
		}
		b.open.Facts = s.shortened(first.Facts, b.open.Title)
		if !slices.Equal(b.open.Facts, first.Facts) {
			d.clipped = append(d.clipped, "place")
		}
		if len(when) > 0 && !slices.Contains(b.open.Facts, first.Facts[0]) {
			d.clipped = append(d.clipped, "when")
		}
	}
	if !b.write(d.sentences()) {
		d.clipped = append(d.clipped, "text")
	}
	for _, said := range b.done {
		page, _ := s.page(said)
		page.Seconds = max(s.seconds, utf8.RuneCountInString(strings.Join(page.Lines, " "))/charsPerSecond)
		out.Pages = append(out.Pages, page)
	}
	if len(d.clipped) > 0 {
		slices.Sort(d.clipped)
		out.warn(Truncated, strings.Join(slices.Compact(d.clipped), ", "))
	}
	shown{removed: d.removed}.report(out)
	if len(out.Pages) == 0 {
		out.warn(Empty, "")
	}
}

// sentences are the text's.
func (d draft) sentences() []sentence {
	var list []sentence
	for _, paragraph := range d.paragraphs {
		for i, text := range prose.Sentences(paragraph) {
			list = append(list, sentence{text, i == 0})
		}
	}
	return list
}

// heading is what rows hold of a title.
func (s screen) heading(title string, rows int) string {
	s.rows = rows
	return prose.Cut(title, "…", func(kept string) bool { return s.holds(Said{Title: kept}) })
}

// shortened is what a page below a title holds of when and where.
func (s screen) shortened(facts []string, title string) []string {
	var kept []string
	for _, fact := range facts {
		fits := func(text string) bool { return s.holds(Said{Title: title, Facts: append(slices.Clone(kept), text)}) }
		if fact = prose.CutPlace(fact, "…", fits); fact != "" {
			kept = append(kept, fact)
		}
	}
	return kept
}

// page writes what is said in rows; ok tells whether the sign has as many.
func (s screen) page(said Said) (pg Page, ok bool) {
	var b book
	add := func(title bool, texts ...string) {
		g := group{title: title}
		for _, text := range texts {
			g.lines = append(g.lines, wrap(s.spell(text, new(shown)), s.columns)...)
		}
		if len(g.lines) > 0 {
			b.add(g, false)
		}
	}
	add(true, said.Title)
	add(false, said.Facts...)
	for _, paragraph := range said.Text {
		add(false, paragraph)
	}
	ok = b.rows() <= s.rows
	if b.turn(); len(b.done) > 0 {
		pg = b.bind(s)[0]
	}
	pg.Said = &said
	return pg, ok
}

func (s screen) holds(said Said) bool {
	_, ok := s.page(said)
	return ok
}

// kioskBook is pages under construction.
type kioskBook struct {
	screen
	short string // the title of the pages that follow
	done  []Said
	open  Said
}

func (b *kioskBook) turn() {
	if b.open.Title != "" || len(b.open.Facts)+len(b.open.Text) > 0 {
		b.done = append(b.done, b.open)
	}
	b.open = Said{Title: b.short}
}

// write fills the pages with a text; false when there are not enough.
func (b *kioskBook) write(text []sentence) bool {
	for len(text) > 0 {
		next := text[0]
		said := b.open.with(next)
		switch {
		case b.holds(said):
			b.open, text = said, text[1:]
			continue
		case len(b.open.Facts)+len(b.open.Text) == 0 && b.open.Title == b.short:
			kept := prose.Cut(next.text, "…", func(kept string) bool { return b.holds(b.open.with(sentence{kept, next.opens})) })
			if kept == "" {
				return false
			}
			b.open = b.open.with(sentence{kept, next.opens})
			rest := strings.TrimLeft(next.text[len(kept)-len("…"):], " \u00a0\u202f.,;:…")
			text[0] = sentence{"… " + rest, true}
		}
		if len(b.done)+1 == b.pages {
			b.end()
			return false
		}
		b.turn()
	}
	b.turn()
	return true
}

// end closes the last page of a text that goes on.
func (b *kioskBook) end() {
	if n := len(b.open.Text); n > 0 {
		last := ellipsis(b.open.Text[n-1])
		fits := func(kept string) bool {
			said := b.open
			said.Text = append(slices.Clone(said.Text[:n-1]), kept)
			return b.holds(said)
		}
		b.open.Text[n-1] = prose.Cut(last, "…", fits)
	}
	b.turn()
}

// with is what is said and one sentence more.
func (said Said) with(next sentence) Said {
	said.Text = slices.Clone(said.Text)
	if n := len(said.Text); n > 0 && !next.opens {
		said.Text[n-1] += " " + next.text
	} else {
		said.Text = append(said.Text, next.text)
	}
	return said
}
