package panel

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/crieur/crieur/services/publisher/prose"
)

// Content is what the sign must say. Empty fields are left out.
type Content struct {
	Title string `json:"title"`
	When  string `json:"when,omitempty"` // in words: "samedi 16 mai, 20 h 30"
	Place string `json:"place,omitempty"`
	Text  string `json:"text,omitempty"`
	Link  string `json:"link,omitempty"`
	// ShortWhen is When as drivers read it: "16/05 20h30".
	ShortWhen string `json:"shortWhen,omitempty"`
}

// Page is what the sign shows at once.
type Page struct {
	// Lines are the text from the top, without the spaces that centre it: see
	// Page.Text and Bitmap. An empty line separates.
	Lines   []string `json:"lines"`
	Title   []int    `json:"title,omitempty"` // indexes of the title's lines
	Seconds int      `json:"seconds"`
	Said    *Said    `json:"said,omitempty"` // of kiosks: the same as people write it
}

// Code says what kind of loss a Warning tells of.
type Code string

// Codes of warnings.
const (
	Abbreviated Code = "abbreviated" // Detail lists the words
	Truncated   Code = "truncated"   // Detail names the fields
	Hyphenated  Code = "hyphenated"  // Detail lists the words longer than a line
	Folded      Code = "folded"      // Detail lists characters written otherwise
	Unprintable Code = "unprintable" // Detail lists characters replaced by "?"
	Removed     Code = "removed"     // Detail lists emoji left out
	LinkLeft    Code = "link_left_out"
	RoadLimit   Code = "road_limit" // Detail counts units and words
	Empty       Code = "empty"      // nothing to show
)

// Warning is one thing the officer should know before approving.
type Warning struct {
	Code   Code   `json:"code"`
	Detail string `json:"detail,omitempty"`
}

// Rendition is the pages of a content on a sign.
type Rendition struct {
	Pages    []Page    `json:"pages"`
	Warnings []Warning `json:"warnings,omitempty"`
}

// ErrRoadLimit is wrapped by Render when a road sign in mode refuse would show
// more than 3 units of information or 7 words.
var ErrRoadLimit = errors.New("too much to read from a car")

// Render lays c out on a sign of profile p. It fails with ErrProfile or
// ErrRoadLimit; every other difficulty is a Warning.
func Render(c Content, p Profile) (Rendition, error) {
	s, err := p.resolve()
	if err != nil {
		return Rendition{}, err
	}
	var out Rendition
	d := s.draft(c)
	if s.kiosk {
		s.notice(d, &out)
		return out, nil
	}
	if s.road != NotRoad {
		if d.link != "" {
			d.link = ""
			out.warn(LinkLeft, "road sign")
		}
		if units, words := d.load(); d.tooMuch() {
			detail := fmt.Sprintf("%d units of information (at most %d), %d words (at most %d)", units, maxRoadUnits, words, maxRoadWords)
			if s.road == RoadRefuse {
				return Rendition{}, fmt.Errorf("panel: %s: %w", detail, ErrRoadLimit)
			}
			out.warn(RoadLimit, detail)
			d = d.forDrivers()
		}
	}
	l := s.settle(d, &out)
	for _, page := range l.pages {
		page.Seconds = s.seconds
		out.Pages = append(out.Pages, page)
	}
	l.log.report(&out)
	if len(out.Pages) == 0 {
		out.warn(Empty, "")
	}
	return out, nil
}

func (r *Rendition) warn(code Code, detail string) {
	r.Warnings = append(r.Warnings, Warning{code, detail})
}

func (l shown) report(out *Rendition) {
	for _, w := range []struct {
		code  Code
		runes []rune
	}{{Folded, l.folded}, {Unprintable, l.lost}, {Removed, l.removed}} {
		if len(w.runes) == 0 {
			continue
		}
		slices.Sort(w.runes)
		var parts []string
		for _, r := range slices.Compact(w.runes) {
			parts = append(parts, string(r))
		}
		out.warn(w.code, strings.Join(parts, " "))
	}
}

// settle finds the least loss that fits: as it is, then with one more
// abbreviation at a time, then with less text.
func (s screen) settle(full draft, out *Rendition) layout {
	d, l, used := s.abbreviate(full, s.lay(full), s.pages, LastResort)
	if n := len(l.pages); l.oneRow && n <= s.pages {
		// A page for one row is long to wait for.
		if shorter, fewer, more := s.abbreviate(d, l, n-1, LastResort-1); len(fewer.pages) < n {
			d, l, used = shorter, fewer, append(used, more...)
		}
	}
	if len(used) > 0 {
		out.warn(Abbreviated, strings.Join(used, ", "))
	}
	cut := d.clipped
	if len(l.pages) > s.pages {
		var more []string
		l, more = s.truncate(d, full)
		cut = append(cut, more...)
	}
	if len(cut) > 0 {
		slices.Sort(cut)
		out.warn(Truncated, strings.Join(slices.Compact(cut), ", "))
	}
	s.reportLong(l, out)
	return l
}

// abbreviate shortens one more word at a time, up to a rank, until the pages are
// as few as wanted; used lists the words.
func (s screen) abbreviate(d draft, l layout, pages, rank int) (_ draft, _ layout, used []string) {
	for _, a := range s.abbreviations {
		if len(l.pages) <= pages {
			break
		}
		if a.Rank > rank {
			continue
		}
		if shorter := d.apply(a); !shorter.equal(d) {
			d, used = shorter, append(used, a.Full)
			l = s.lay(d)
		}
	}
	return d, l, used
}

func (s screen) reportLong(l layout, out *Rendition) {
	var long []string
	for _, f := range l.fields {
		for _, w := range strings.Fields(f) {
			if utf8.RuneCountInString(w) > s.columns && !slices.Contains(long, w) && !strings.ContainsAny(plainSpaces(w), weakMark+strongMark) {
				long = append(long, w)
			}
		}
	}
	if len(long) > 0 {
		out.warn(Hyphenated, strings.Join(long, ", "))
	}
}

// truncate drops the end of the text at a sentence, then at a word, then the
// link, then cuts the place, the title and the time, until the pages suffice. The
// time goes before the last of the title. full is d before it was abbreviated.
func (s screen) truncate(d, full draft) (layout, []string) {
	var cut []string
	title := d.title
	steps := []struct {
		name  string
		field func(*draft) *[]string
		cut   cutter
	}{
		{"text", func(d *draft) *[]string { return &d.text }, prose.CutAtWord},
		{"link", nil, nil},
		{"place", func(d *draft) *[]string { return &d.place }, prose.CutPlace},
		{"title", func(d *draft) *[]string { return &d.title }, prose.CutAtWord},
		{"when", func(d *draft) *[]string { return &d.when }, prose.CutAtWord},
	}
	for _, step := range steps {
		switch {
		case step.field == nil && d.link == "":
			continue
		case step.field == nil:
			d.link = ""
		default:
			whole := *step.field(&d)
			if len(whole) == 0 {
				continue
			}
			s.shorten(&d, *step.field(&full), step.field, step.cut)
		}
		if step.name == "title" && len(d.title) == 0 {
			// A time without what it is about tells nothing.
			d.title, d.when = title, nil
			cut = append(cut, "when")
			if l := s.lay(d); len(l.pages) <= s.pages {
				return l, cut
			}
			s.shorten(&d, *step.field(&full), step.field, step.cut)
		}
		cut = append(cut, step.name)
		if l := s.lay(d); len(l.pages) <= s.pages {
			return l, cut
		}
	}
	return s.lay(draft{}), cut
}

// shorten keeps the longest beginning of a field with which the draft fits, or
// empties it: whole sentences, else words of the first one. full is the field
// before it was abbreviated.
func (s screen) shorten(d *draft, full []string, field func(*draft) *[]string, cut cutter) {
	whole := *field(d)
	fits := func(kept []string) bool {
		try := *d
		*field(&try) = kept
		return len(s.lay(try).pages) <= s.pages
	}
	if kept := longest(len(whole)-1, func(n int) []string { return s.elided(whole[:n], full) }, fits); kept != nil {
		*field(d) = kept
		return
	}
	*field(d) = nil
	if kept := cut(whole[0], "…", func(text string) bool { return fits([]string{s.spelledOut(text, full[0])}) }); kept != "" {
		*field(d) = []string{s.spelledOut(kept, full[0])}
	}
}

// spelledOut writes the last word of a beginning in full, as the text has it: a
// short form that is cut off reads as half a word.
func (s screen) spelledOut(kept, full string) string {
	stem, cut := strings.CutSuffix(kept, "…")
	if !cut {
		return kept
	}
	last := strings.TrimLeftFunc(stem[max(0, strings.LastIndexFunc(stem, unicode.IsSpace)):], unicode.IsSpace)
	for _, a := range s.abbreviations {
		if short, point := strings.CutSuffix(a.Short, "."); !point || !strings.EqualFold(last, short) {
			continue
		}
		if word := regexp.MustCompile(`(?i)(?:^|\PL)(` + regexp.QuoteMeta(a.Full) + `)(?:\PL|$)`).FindStringSubmatch(full); word != nil {
			return strings.TrimSuffix(stem, last) + word[1] + "…"
		}
	}
	return kept
}

// cutter cuts a text, with a mark, to what fits.
type cutter func(text, mark string, fits func(string) bool) string

// longest returns the most of n pieces that fit, by bisection; nil when not even
// one does.
func longest(n int, kept func(int) []string, fits func([]string) bool) []string {
	n = sort.Search(n, func(i int) bool { return !fits(kept(i + 1)) })
	if n == 0 {
		return nil
	}
	return kept(n)
}

// elided ends the last kept sentence with an ellipsis.
func (s screen) elided(kept, full []string) []string {
	if len(kept) == 0 {
		return nil
	}
	out, last := slices.Clone(kept), len(kept)-1
	out[last] = s.spelledOut(ellipsis(out[last]), full[last])
	return out
}

func ellipsis(s string) string {
	return prose.Trim(s) + "…"
}
