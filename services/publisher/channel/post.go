package channel

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/topic"
	"github.com/crieur/crieur/services/publisher/prose"
)

// Standing is what a publication still says. One that is withdrawn says what it
// was about, when and where: no text, instruction, picture or officer's own
// words of it may be read as if they stood.
func Standing(p events.Publication) events.Publication {
	if p.MsgType != events.MsgCancel {
		return p
	}
	named := func(c events.Content) events.Content {
		return events.Content{Language: c.Language, Title: c.Title, Place: c.Place, Link: c.Link}
	}
	p.Content, p.Overrides, p.Variants = named(p.Content), nil, slices.Clone(p.Variants)
	for i, v := range p.Variants {
		p.Variants[i] = named(v)
	}
	return p
}

// Headline is the title, marked when it corrects, goes on, withdraws or is an
// exercise.
func Headline(p events.Publication) string {
	return headed(p, strings.Join(strings.Fields(p.Content.Title), " "))
}

// headed begins what people read first, a title or an officer's own text, with
// all that marks the publication.
func headed(p events.Publication, text string) string {
	if prefix := Prefix(p, text); prefix != "" {
		text = WordsIn(p.Content.Language).Lead(prefix, text)
	}
	return Marked(p, text)
}

// Prefix is what a revision is to those who read the one before. Empty for a
// text that begins by saying it: "Fin de la vigilance", "Mise à jour : la crue".
func Prefix(p events.Publication, text string) string {
	words := WordsIn(p.Content.Language)
	prefix := ""
	switch {
	case p.MsgType == events.MsgCancel:
		prefix = words.Cancelled
	case p.MsgType == events.MsgUpdate && p.Correction:
		prefix = words.Correction
	case p.MsgType == events.MsgUpdate:
		first, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(text)), " ")
		if !slices.Contains(words.Over, first) {
			prefix = words.Updated
		}
	}
	if prefix != "" && beginsMarked(text, prefix) {
		return ""
	}
	return prefix
}

// Why is the reason of a withdrawal, as residents read it. Empty without one.
func Why(p events.Publication) string {
	if p.MsgType != events.MsgCancel || strings.TrimSpace(p.Reason) == "" {
		return ""
	}
	words := WordsIn(p.Content.Language)
	return words.Reason + words.Colon + strings.TrimSpace(p.Reason)
}

// Marked begins a text with what says that it is an exercise or a test, unless
// it begins so already: neither may ever read as the real thing.
func Marked(p events.Publication, text string) string {
	mark := ""
	switch p.Status {
	case events.StatusExercise:
		mark = WordsIn(p.Content.Language).Exercise
	case events.StatusTest:
		mark = WordsIn(p.Content.Language).Test
	}
	if mark == "" || beginsMarked(text, mark) {
		return text
	}
	return mark + " – " + text
}

// beginsMarked tells that a text begins with a mark that stands alone: "[TEST]
// Sirène", "Exercice : évacuation", and not "Test de dépistage gratuit".
func beginsMarked(text, mark string) bool {
	text = strings.TrimLeft(text, " [(«")
	if len(text) < len(mark) || !strings.EqualFold(text[:len(mark)], mark) {
		return false
	}
	next, _ := utf8.DecodeRuneInString(strings.TrimLeft(text[len(mark):], " \u00a0\u202f"))
	return !unicode.IsLetter(next) && !unicode.IsDigit(next) && next != '’' && next != '\''
}

// Paragraphs splits a plain text at its blank lines.
func Paragraphs(text string) []string {
	var list []string
	for para := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if para = strings.TrimSpace(para); para != "" {
			list = append(list, para)
		}
	}
	return list
}

// Limit is how a network counts a post.
type Limit struct {
	Max  int                // in Count's unit
	Link int                // what a link counts; 0: as it is written
	Size func(s string) int // nil: Unicode characters
	Tags []string           // hashtags, on a line of their own before the link; left out when the text would be cut for them
}

// bare is l without what may be left out.
func (l Limit) bare() Limit { l.Tags = nil; return l }

func (l Limit) size(s string) int {
	if l.Size != nil {
		return l.Size(s)
	}
	return utf8.RuneCountInString(s)
}

func (l Limit) link(s string) int {
	if s != "" && l.Link > 0 {
		return l.Link
	}
	return l.size(s)
}

// Compose writes a post: headline, when and where, as much of the text as
// fits, the tags, and the link, which is never cut. It returns the post, its
// size, and whether text was cut.
func (l Limit) Compose(p events.Publication, profile Profile, override string) (post string, size int, cut bool) {
	end, its := l.ending(p, profile)
	post, cut = l.fill(blocks(p, profile, override, Short(p), atEnd), l.Max-its)
	if cut {
		post, _ = l.fill(blocks(p, profile, override, Short(p), atFront), l.Max-its)
	}
	if cut && len(l.Tags) > 0 {
		return l.bare().Compose(p, profile, override)
	}
	size = l.size(post) + its
	return strings.TrimLeft(post+end, "\n"), size, cut
}

// place is where what to do is said: before a text that has to be cut or
// continued, so that it never is, and before that of an alert.
type place int

const (
	atEnd place = iota
	atFront
)

// blocks are the paragraphs of a post: an officer's own, or the headline, when
// and where, the text and what to do.
func blocks(p events.Publication, profile Profile, override, text string, instruction place) []string {
	if override != "" {
		return []string{headed(p, override)}
	}
	list := []string{Headline(p)}
	if why := Why(p); why != "" {
		list = append(list, why)
	}
	if facts := profile.Facts(p); len(facts) > 0 {
		list = append(list, strings.Join(facts, "\n"))
	}
	if instruction == atFront || p.Class == events.ClassAlert {
		list = append(list, Paragraphs(p.Content.Instruction)...)
		return append(list, Paragraphs(text)...)
	}
	list = append(list, Paragraphs(text)...)
	return append(list, Paragraphs(p.Content.Instruction)...)
}

// Whole is all of a text; its summary where there is no more.
func Whole(p events.Publication) string { return cmp.Or(p.Content.Text, p.Content.Summary) }

// Short is the summary of a text; all of it where there is none.
func Short(p events.Publication) string { return cmp.Or(p.Content.Summary, p.Content.Text) }

// ending is what a post ends with, the tags and the link, and its size.
func (l Limit) ending(p events.Publication, profile Profile) (end string, size int) {
	if tags := strings.Join(l.Tags, " "); tags != "" {
		end = "\n\n" + tags
		size = l.size(end)
	}
	link := profile.Link
	if link == "" {
		link = p.Content.Link
	}
	if link != "" {
		size += l.link(link) + l.size("\n\n")
		end += "\n\n" + link
	}
	return end, size
}

func join(sep string, parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, sep)
}

// fill joins blocks until there is no room, and ends the last at a word.
func (l Limit) fill(blocks []string, room int) (string, bool) {
	out := ""
	for _, b := range blocks {
		next := join("\n\n", out, b)
		if l.size(next) <= room {
			out = next
			continue
		}
		return l.cut(next, out, room), true
	}
	return out, false
}

// cut ends text at a word within room, marked; whole is what fits without its
// last block.
func (l Limit) cut(text, whole string, room int) string {
	kept := prose.Cut(text, "…", func(s string) bool { return l.size(s) <= room })
	if whole != "" && len(strings.TrimSuffix(kept, "…")) <= len(whole) {
		return whole
	}
	return kept
}

// Tags are the hashtags of a post: its topic's.
func Tags(p events.Publication, profile Profile) []string {
	if tag := Hashtag(topic.Name(p.Topic, profile.Language)); tag != "" {
		return []string{tag}
	}
	return nil
}

// Hashtag writes a topic's name as one tag, each word with a capital so that
// screen readers can read it: "Travaux et circulation" is
// #TravauxEtCirculation. Empty when nothing is left of it.
func Hashtag(name string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		first, size := utf8.DecodeRuneInString(word)
		b.WriteRune(unicode.ToUpper(first))
		b.WriteString(word[size:])
	}
	if b.Len() == 0 {
		return ""
	}
	return "#" + b.String()
}
