package feed

import (
	"encoding/xml"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

// TestCorpus reads every recorded feed: none panics, hangs or takes more than a
// second; every text is UTF-8; a well-formed feed is never refused.
func TestCorpus(t *testing.T) {
	dir := eventstest.Corpus(t)
	type count struct{ files, feeds, refused, records int }
	suites := map[string]*count{}
	for _, group := range []string{"feeds", "feeds-fr"} {
		root := filepath.Join(dir, group)
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			body, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			rel, _ := filepath.Rel(root, path)
			suite, _, _ := strings.Cut(rel, string(filepath.Separator))
			c := suites[suite]
			if c == nil {
				c = &count{}
				suites[suite] = c
			}
			c.files++
			records, err := sourcetest.Within(t, func() ([]source.Record, error) {
				return Parse(body, Options{ContentType: headerComment(body), URL: "https://mairie.example/flux"})
			})
			if err == nil {
				c.feeds++
				c.records += len(records)
				checkUTF8(t, rel, records)
				return nil
			}
			c.refused++
			if isFeed(body) {
				t.Errorf("%s: well-formed, yet %v", rel, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for suite, c := range suites {
		t.Logf("%-28s %5d files %5d read %5d refused %6d records", suite, c.files, c.feeds, c.refused, c.records)
	}
}

// headerComment is the content type that feedparser's cases assume.
func headerComment(body []byte) string {
	head := string(body[:min(len(body), 600)])
	for _, mark := range []string{"Content-type:", "Content-Type:"} {
		if _, rest, ok := strings.Cut(head, mark); ok {
			line, _, _ := strings.Cut(rest, "\n")
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// isFeed reports whether a strict XML reader finds a whole feed.
func isFeed(body []byte) bool {
	d := xml.NewDecoder(strings.NewReader(string(body)))
	root := ""
	for {
		token, err := d.Token()
		if err == io.EOF {
			return root == "rss" || root == "feed" || root == "RDF"
		}
		if err != nil {
			return false
		}
		if el, ok := token.(xml.StartElement); ok && root == "" {
			root = el.Name.Local
		}
	}
}

func checkUTF8(t *testing.T, name string, records []source.Record) {
	t.Helper()
	for _, r := range records {
		e, ok := r.Value.(record.Entry)
		if !ok { // where a feed broke off
			continue
		}
		for _, text := range []string{r.Item, e.Title, e.Summary, e.Body, e.Link} {
			if !utf8.ValidString(text) {
				t.Errorf("%s: a text is not UTF-8", name)
			}
		}
		source.Meaning(e)
	}
}
