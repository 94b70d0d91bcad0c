package classify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/crieur/crieur/events/territory"
)

const (
	ellipsis = "…"
	maxGap   = 8  // words that an ellipsis stands for
	around   = 15 // words between a sign and what makes another thing of it
	beside   = 4  // words between an end and what says that it is to come
)

// dangers are the compiled rules of Danger.
type dangers struct {
	signs, orders, causes, denied, over, before, behind, still, drill, headings, other phrases
}

// phrases are patterns by the first word of each.
type phrases map[string][]pattern

// pattern is runs of words, with gaps between them.
type pattern [][]string

// span is where a pattern was found: words from begin to before end.
type span struct{ begin, end int }

func newDangers(r Danger) (*dangers, error) {
	var before, behind []string
	for _, w := range r.Pending {
		if after, ok := strings.CutPrefix(w, ellipsis); ok {
			behind = append(behind, after)
		} else {
			before = append(before, w)
		}
	}
	d := &dangers{}
	for _, l := range []struct {
		to    *phrases
		words []string
	}{
		{&d.signs, r.Signs},
		{&d.orders, r.Orders},
		{&d.causes, r.Causes},
		{&d.denied, r.UnlessBefore},
		{&d.over, r.Over},
		{&d.before, before},
		{&d.behind, behind},
		{&d.still, r.Still},
		{&d.drill, r.Drill},
		{&d.headings, r.Headings},
		{&d.other, r.Other},
	} {
		var err error
		if *l.to, err = compile(l.words); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func compile(words []string) (phrases, error) {
	found := phrases{}
	for _, w := range words {
		var p pattern
		for run := range strings.SplitSeq(w, ellipsis) {
			words := plainly(nil, territory.Fold(run), -1)
			if len(words) == 0 {
				return nil, fmt.Errorf("classify: rules: danger: %q holds no word", w)
			}
			p = append(p, words)
		}
		found[p[0][0]] = append(found[p[0][0]], p)
	}
	return found, nil
}

// plainly appends the first max words of a folded text, of all when max is negative,
// without the endings of plural and feminine: of a verb, "évacuez" is an order and
// "évacuation" a noun, which a stem does not tell.
func plainly(dst []string, folded string, max int) []string {
	for w := range strings.FieldsSeq(folded) {
		if max == 0 {
			break
		}
		max--
		if bare := strings.TrimRight(strings.TrimRight(w, "sx"), "e"); len(bare) >= 3 {
			w = bare
		}
		dst = append(dst, w)
	}
	return dst
}

// in returns where the patterns are in words, in order.
func (f phrases) in(words []string) []span {
	var list []span
	for i, s := range words {
		for _, p := range f[s] {
			if end, ok := p.at(words, i); ok {
				list = append(list, span{i, end})
			}
		}
	}
	return list
}

func (p pattern) at(words []string, i int) (end int, ok bool) {
	for n, run := range p {
		last := i
		if n > 0 {
			last = min(i+maxGap, len(words))
		}
		for !starts(words[i:], run) {
			if i++; i > last {
				return 0, false
			}
		}
		i += len(run)
	}
	return i, true
}

// judge tells whether a text tells of a danger, and whether it tells of a drill.
func (d *dangers) judge(t Text) (danger, drill bool) {
	title := plainly(make([]string, 0, 64), t.Title, maxTitleWords)
	all := plainly(title, t.Body, maxBodyWords)
	for _, s := range d.drill.in(all) {
		if s.begin == 0 || !slices.Contains(all[max(0, s.begin-2):s.begin], "pas") { // "ceci n'est pas un exercice"
			drill = true
		}
	}
	signs := d.signs.in(all)
	if orders := d.orders.in(all); len(orders) > 0 && len(d.causes.in(all)) > 0 {
		signs = append(signs, orders...)
	}
	if len(signs) == 0 || drill || d.isOther(title) || d.isOver(all) {
		return false, drill
	}
	other := d.other.in(all[len(title):])
	for _, s := range signs {
		elsewhere := slices.ContainsFunc(other, func(o span) bool {
			begin, end := o.begin+len(title), o.end+len(title)
			return s.begin >= len(title) && begin < s.end+around && s.begin < end+around
		})
		if !elsewhere && !d.deniedAt(all, s) {
			return true, drill
		}
	}
	return false, drill
}

// isOther reports whether a title announces something else than a danger.
func (d *dangers) isOther(title []string) bool {
	heading := d.headings.in(title[:min(len(title), 1)])
	return len(heading) > 0 || len(d.other.in(title)) > 0
}

// deniedAt reports whether the words right before a sign say that it is not so; one
// word may stand between ("en cas d'un").
func (d *dangers) deniedAt(all []string, s span) bool {
	from := max(0, s.begin-beside)
	return slices.ContainsFunc(d.denied.in(all[from:s.begin]), func(o span) bool { return from+o.end >= s.begin-1 })
}

// isOver reports whether a text says that the danger is past.
func (d *dangers) isOver(all []string) bool {
	past := slices.ContainsFunc(d.over.in(all), func(o span) bool {
		return len(d.before.in(all[max(0, o.begin-beside):o.end])) == 0 && len(d.behind.in(all[o.end:min(o.end+beside, len(all))])) == 0
	})
	return past && len(d.still.in(all)) == 0
}
