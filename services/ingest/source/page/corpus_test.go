package page

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

// bounds of the similarity of texts, see alike.
const (
	sameText  = 0.95
	otherText = 0.70
)

// TestCorpus reads every recorded page in reader's mode: none panics, takes more
// than a second or allocates more than 64 MB. Mozilla's suite says what text it
// expects: met from a similarity of 0.95 on, fails below 0.70 and where the title
// is another; between them the bounds of the article are drawn elsewhere. A page of
// less than 80 letters is no article here.
func TestCorpus(t *testing.T) {
	root := filepath.Join(eventstest.Corpus(t), "web")
	cases, err := filepath.Glob(filepath.Join(root, "mozilla__readability", "*", "source.html"))
	if err != nil || len(cases) == 0 {
		t.Fatal(err)
	}
	met, differs, fails, sum := 0, 0, 0, 0.0
	for _, path := range cases {
		name := filepath.Base(filepath.Dir(path))
		want, err := os.ReadFile(filepath.Join(filepath.Dir(path), "expected.html"))
		if err != nil {
			t.Fatal(err)
		}
		var expected struct{ Title string }
		meta, err := os.ReadFile(filepath.Join(filepath.Dir(path), "expected-metadata.json"))
		if err != nil || json.Unmarshal(meta, &expected) != nil {
			t.Fatal(name, err)
		}
		e := measured(t, path)
		similarity := alike(plain(e.Body), plain(string(want)))
		sum += similarity
		title := strings.Join(strings.Fields(expected.Title), " ")
		switch {
		case similarity >= sameText && e.Title == title:
			met++
		case similarity >= otherText && e.Title == title, len(plain(string(want))) < leastText:
			differs++
			t.Logf("%s: similarity %.2f", name, similarity)
		default:
			fails++
			t.Logf("%s: similarity %.2f, title %q, want %q", name, similarity, e.Title, title)
		}
	}
	t.Logf("mozilla__readability: %d pages, met %d, differs %d, fails %d, mean similarity %.3f", len(cases), met, differs, fails, sum/float64(len(cases)))
	if fails*10 > len(cases) || met*10 < len(cases)*7 {
		t.Errorf("met %d, fails %d of %d", met, fails, len(cases))
	}
	others, err := filepath.Glob(filepath.Join(root, "adbar__trafilatura", "*.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range others {
		e := measured(t, path)
		t.Logf("%s: %d letters, %q", filepath.Base(path), len(e.Body), e.Title)
	}
}

// measured reads a page in reader's mode and by a selector, within its bounds.
func measured(t *testing.T, path string) record.Entry {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := Config{Body: "p, h1, h2, li", TimeZone: "Europe/Paris"}.rules(nil)
	if err != nil {
		t.Fatal(err)
	}
	var entry record.Entry
	for mode, rules := range map[string]Rules{"reader": {Zone: time.UTC}, "selector": rules} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		records, err := Parse(body, "text/html; charset=utf-8", "http://fakehost/test/page.html", rules)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; took > time.Second || allocated > 64<<20 {
			t.Errorf("%s: %s: took %s and %d bytes", path, mode, took, allocated)
		}
		if err != nil {
			t.Logf("%s: %s: %v", path, mode, err)
			continue
		}
		e := records[0].Value.(record.Entry)
		if !utf8.ValidString(e.Body + e.Title) {
			t.Errorf("%s: not UTF-8", path)
		}
		source.Meaning(e)
		if mode == "reader" {
			entry = e
		}
	}
	return entry
}

func plain(markup string) string {
	doc, err := html.Parse(bytes.NewReader([]byte(markup)))
	if err != nil {
		return ""
	}
	return words(doc)
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

func FuzzParse(f *testing.F) {
	f.Add([]byte(list(item("/1", "Un", "a"))))
	f.Add([]byte("<table><a><p><svg><math><select><article><p>"))
	rules, err := Config{Item: "article", Body: "p", TimeZone: "Europe/Paris"}.rules(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, r := range []Rules{rules, {Zone: time.UTC}} {
			records, err := Parse(body, "", "https://mairie.example/", r)
			if err != nil {
				continue
			}
			for _, rec := range records {
				if e := rec.Value.(record.Entry); !utf8.ValidString(e.Title + e.Body) {
					t.Error("a text is not UTF-8")
				}
			}
		}
	})
}
