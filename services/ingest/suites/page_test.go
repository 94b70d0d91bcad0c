package suites

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source/page"
)

// Bounds of the similarity of texts, see alike, and the letters of an article.
const (
	sameArticle  = 0.95
	otherArticle = 0.70
	leastText    = 80
)

// Reasons for which a page differs by choice.
const (
	drawnElsewhere = "the bounds of the article are drawn elsewhere (similarity of 0.70 to 0.95)"
	noArticle      = "a page of less than 80 letters is no article"
)

func pages(t *testing.T, tb *table) {
	t.Helper()
	tb.walk(t, "pages: mozilla__readability", "web/mozilla__readability", func(path string) bool { return filepath.Base(path) == "source.html" }, readabilityCase)
	tb.walk(t, "pages: adbar__trafilatura", "web/adbar__trafilatura", ext(".html"), func(_ *testing.T, _ string, body []byte) verdict {
		_, v := readPage(body)
		return v
	})
}

// readPage reads a page in reader's mode and by a selector.
func readPage(body []byte) (record.Entry, verdict) {
	var entry record.Entry
	for mode, rules := range map[string]page.Rules{"reader": {Zone: time.UTC}, "selector": {Zone: time.UTC, Body: cascadia.MustCompile("p, h1, h2, li")}} {
		records, err := page.Parse(body, "text/html; charset=utf-8", "http://fakehost/test/page.html", rules)
		if err != nil {
			continue // not every page has an article, or these elements
		}
		e := records[0].Value.(record.Entry)
		if !utf8.ValidString(e.Body + e.Title) {
			return e, fails("not UTF-8")
		}
		if mode == "reader" {
			entry = e
		}
	}
	return entry, met()
}

// readabilityCase is met from a similarity of 0.95 on and with the same title.
func readabilityCase(t *testing.T, path string, body []byte) verdict {
	want, err := os.ReadFile(filepath.Join(filepath.Dir(path), "expected.html"))
	if err != nil {
		t.Fatal(err)
	}
	var expected struct{ Title string }
	meta, err := os.ReadFile(filepath.Join(filepath.Dir(path), "expected-metadata.json"))
	if err != nil || json.Unmarshal(meta, &expected) != nil {
		t.Fatal(path, err)
	}
	e, v := readPage(body)
	if v.fails != "" {
		return v
	}
	text := pageWords(string(want))
	similarity := alike(pageWords(e.Body), text)
	switch title := squeezed(expected.Title); {
	case len(text) < leastText:
		return choice(noArticle)
	case e.Title != title:
		return fails("title %q, want %q", e.Title, title)
	case similarity >= sameArticle:
		return met()
	case similarity >= otherArticle:
		return choice(drawnElsewhere)
	}
	return fails("similarity %.2f", similarity)
}

func pageWords(markup string) string {
	doc, err := html.Parse(strings.NewReader(markup))
	if err != nil {
		return ""
	}
	var out strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && n.Parent.DataAtom != atom.Script && n.Parent.DataAtom != atom.Style {
			out.WriteString(n.Data + " ")
		}
	}
	return squeezed(out.String())
}

// alike is the Dice coefficient of the pairs of neighbouring words: 1 for the same
// text, 0 for nothing in common.
func alike(a, b string) float64 {
	count := func(s string) (map[string]int, int) {
		pairs, all := map[string]int{}, 0
		list := strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		for i := range list {
			previous := ""
			if i > 0 {
				previous = list[i-1]
			}
			pairs[previous+" "+list[i]]++
			all++
		}
		return pairs, all
	}
	pa, na := count(a)
	pb, nb := count(b)
	if na+nb == 0 {
		return 1
	}
	common := 0
	for pair, n := range pa {
		common += min(n, pb[pair])
	}
	return 2 * float64(common) / float64(na+nb)
}
