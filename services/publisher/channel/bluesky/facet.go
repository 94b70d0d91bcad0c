package bluesky

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Facet marks a part of a text: https://docs.bsky.app/docs/advanced-guides/post-richtext
type Facet struct {
	Index    Index     `json:"index"`
	Features []Feature `json:"features"`
}

// Index is in bytes of UTF-8; End is after the last.
type Index struct {
	Start int `json:"byteStart"`
	End   int `json:"byteEnd"`
}

// Feature is a link or a tag.
type Feature struct {
	Type string `json:"$type"`
	URI  string `json:"uri,omitempty"`
	Tag  string `json:"tag,omitempty"`
}

const (
	typeLink = "app.bsky.richtext.facet#link"
	typeTag  = "app.bsky.richtext.facet#tag"
	// maxTag is in UTF-16 units: the network's own clients pass over longer ones.
	maxTag = 64
)

var linkRe = regexp.MustCompile(`https?://[^\s<>"«»]+`)

// Facets finds the links and tags of a text.
func Facets(text string) []Facet {
	var list []Facet
	for _, at := range linkRe.FindAllStringIndex(text, -1) {
		uri := strings.TrimRight(text[at[0]:at[1]], ".,;:!?'’…")
		if strings.Count(uri, "(") < strings.Count(uri, ")") {
			uri = strings.TrimRight(uri, ").,;:!?")
		}
		list = append(list, Facet{Index{at[0], at[0] + len(uri)}, []Feature{{Type: typeLink, URI: uri}}})
	}
	links := len(list)
	for _, t := range tags(text) {
		inLink := func(l Facet) bool { return t.Index.Start < l.Index.End && l.Index.Start < t.Index.End }
		if !slices.ContainsFunc(list[:links], inLink) {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b Facet) int { return cmp.Compare(a.Index.Start, b.Index.Start) })
	return list
}

// tags finds "#word" after a space, as the network's clients do: not a number
// alone, without the punctuation that ends it.
func tags(text string) []Facet {
	var list []Facet
	free := true // at the beginning, or after a space
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if (r != '#' && r != '＃') || !free {
			free = unicode.IsSpace(r)
			i += n
			continue
		}
		word := text[i+n:]
		if end := strings.IndexFunc(word, endsTag); end >= 0 {
			word = word[:end]
		}
		tag := strings.TrimRightFunc(word, unicode.IsPunct)
		if isTag(tag) {
			list = append(list, Facet{Index{i, i + n + len(tag)}, []Feature{{Type: typeTag, Tag: tag}}})
		}
		free = false
		i += n + len(word)
	}
	return list
}

func endsTag(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune("\u00AD\u2060\u200A\u200B\u200C\u200D\u20E2", r)
}

func isTag(tag string) bool {
	word := func(r rune) bool { return !unicode.IsDigit(r) && !unicode.IsPunct(r) }
	return !strings.HasPrefix(tag, "\uFE0F") && strings.ContainsFunc(tag, word) && len(utf16.Encode([]rune(tag))) <= maxTag
}
