package channel

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/prose"
)

// MaxThread is how many posts a thread may have.
const MaxThread = 10

// Thread writes what Compose does, with the whole text, in as many posts as it
// takes, at most some: each is numbered, the first has the tags and the link. A
// text that fits in one is one post without a number. size is that of the
// longest; cut tells that the last one does not end the text.
func (l Limit) Thread(p events.Publication, profile Profile, override string, most int) (posts []string, size int, cut bool) {
	posts, size, cut = l.thread(p, profile, override, most)
	if len(l.Tags) > 0 && (cut || len(posts) > 1) {
		if fewer, its, short := l.bare().thread(p, profile, override, most); cut || len(fewer) < len(posts) {
			return fewer, its, short
		}
	}
	return posts, size, cut
}

func (l Limit) thread(p events.Publication, profile Profile, override string, most int) (posts []string, size int, cut bool) {
	if most <= 1 {
		post, size, cut := l.Compose(p, profile, override)
		return []string{post}, size, cut
	}
	end, its := l.ending(p, profile)
	rest := join("\n\n", blocks(p, profile, override, Whole(p), atEnd)...)
	if n := l.size(rest); n+its <= l.Max {
		return []string{strings.TrimLeft(rest+end, "\n")}, n + its, false
	}
	rest = join("\n\n", blocks(p, profile, override, Whole(p), atFront)...)
	room := l.Max - l.size(number(most, most))
	for rest != "" {
		available := room
		if len(posts) == 0 {
			available -= its
		}
		var post string
		switch {
		case l.size(rest) <= available:
			post, rest = rest, ""
		case len(posts) == most-1:
			post, rest, cut = l.cut(rest, "", available), "", true
		default:
			post, rest = l.split(rest, available)
		}
		posts = append(posts, post)
	}
	for i := range posts {
		posts[i] += number(i+1, len(posts))
		n := l.size(posts[i])
		if i == 0 {
			posts[i] += end
			n += its
		}
		size = max(size, n)
	}
	return posts, size, cut
}

func number(n, of int) string { return fmt.Sprintf(" (%d/%d)", n, of) }

var numberRe = regexp.MustCompile(`\((\d{1,2})/(\d{1,2})\)$`)

// PartOf reads which post of a thread a text without tags and link is, from 2;
// 0 when it is none.
func PartOf(text string) int {
	m := numberRe.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1]) // digits
	of, _ := strconv.Atoi(m[2])
	if n < 2 || n > of || of > MaxThread {
		return 0
	}
	return n
}

// split takes what fits from the front of a text: whole paragraphs or
// sentences where these fill more than half the room, else whole words.
func (l Limit) split(text string, room int) (front, rest string) {
	fits := func(n int) bool { return l.size(text[:n]) <= room }
	at := func(n int) (string, string) { return strings.TrimSpace(text[:n]), strings.TrimSpace(text[n:]) }
	ends := prose.SentenceEnds(text)
	for i, r := range text {
		if r == '\n' && i > 0 {
			ends = append(ends, i)
		}
	}
	slices.Sort(ends)
	if n := sort.Search(len(ends), func(i int) bool { return !fits(ends[i]) }) - 1; n >= 0 && l.size(text[:ends[n]]) > room/2 {
		return at(ends[n])
	}
	if kept := prose.CutAtWord(text, "", func(s string) bool { return fits(wordEnd(text, len(s))) }); kept != "" {
		return at(wordEnd(text, len(kept)))
	}
	runes := []rune(text)
	n := max(1, sort.Search(len(runes), func(i int) bool { return l.size(string(runes[:i+1])) > room }))
	return string(runes[:n]), string(runes[n:])
}

// wordEnd is where the word at n ends, with the signs behind it.
func wordEnd(text string, n int) int {
	if i := strings.IndexFunc(text[n:], unicode.IsSpace); i >= 0 {
		return n + i
	}
	return len(text)
}
