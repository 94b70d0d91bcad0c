package suites

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/source/feed"
)

// Reasons for which a case of a feed suite differs by choice.
const (
	wholeFeed   = "what concerns the feed as a whole is no record"
	notCarried  = "a field that no channel shows is not kept"
	dateWords   = "dates are kept as instants, not as they are spelt"
	noEmail     = "e-mail addresses of authors are not kept"
	laterStage  = "markup is kept as it is: the normalizer sanitises it"
	readsAnyway = "a feed that is not valid is read all the same"
	elsewhere   = "a place in a projection that does not hold in France is none"
	broken      = "what no XML reader takes is mended and read, where it can be"
	oneLink     = "one link is kept, the others only where they are media"
	labels      = "of a category, the label that people read is kept"
	inTexts     = "relative links inside texts are resolved by the normalizer"
	noBase64    = "texts in base64 of Atom 0.3, which no one writes, are not decoded"
	noEntities  = "entities of a document type are never expanded"
	theirWay    = "the other parser's own option, wrapping or loss of characters"
	asianBytes  = "Asian encodings that are not declared are not guessed"
	lowerScheme = "an identifier that is an address has its scheme in lower case"
	linkText    = "an Atom link whose address is its text, against the standard, is not read"
	oldForm     = "a form that no French source uses is refused: CDF, OPML, HTML"
)

func feeds(t *testing.T, tb *table) {
	t.Helper()
	tb.walk(t, "feeds: feedparser", "feeds/kurtmckee__feedparser", ext(".xml"), feedparserCase)
	tb.walk(t, "feeds: gofeed", "feeds/mmcdole__gofeed", withGolden(gofeedGolden), gofeedCase)
	tb.walk(t, "feeds: feed-rs", "feeds/feed-rs__feed-rs", withGolden(feedRSGolden), feedRSCase)
	tb.walk(t, "feeds: rss-parser", "feeds/rbren__rss-parser/input", nil, rssParserCase)
	tb.walk(t, "feeds: W3C feed validator", "feeds/w3c__feedvalidator", ext(".xml"), validatorCase)
	for _, suite := range []string{"adbar__trafilatura", "alexdebril__feed-io", "danmactough__node-feedparser", "feedjira__feedjira", "nmdias__FeedKit", "prof18__RSS-Parser", "simplepie__simplepie"} {
		tb.walk(t, "feeds: "+suite, "feeds/"+suite, nil, readCase)
	}
	tb.walk(t, "feeds: miniflux__v2", "feeds/miniflux__v2", func(p string) bool { return strings.Contains(p, "parser") }, readCase)
	tb.walk(t, "feeds: univmobile__unm-backend", "feeds-fr", nil, readCase)
}

func ext(want string) func(string) bool {
	return func(path string) bool { return filepath.Ext(path) == want }
}

func withGolden(golden func(path string) string) func(string) bool {
	return func(path string) bool {
		return !strings.Contains(path, "_expected.json") && !strings.HasSuffix(path, ".serde.json") && (filepath.Ext(path) == ".xml" || strings.Contains(path, "json/")) && golden(path) != path
	}
}

const here = "https://mairie.example/flux"

func read(body []byte, contentType string) ([]source.Record, error) {
	return feed.Parse(body, feed.Options{ContentType: contentType, URL: here})
}

// isFeed reports whether a strict XML reader finds a whole feed.
func isFeed(body []byte) bool {
	d := xml.NewDecoder(strings.NewReader(string(body)))
	root := ""
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
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

// readCase is a recorded feed without expectation: it must be read, and a real
// one gives something.
func readCase(_ *testing.T, _ string, body []byte) verdict {
	records, err := read(body, "")
	switch {
	case err != nil && isFeed(body):
		return fails("well-formed and refused: %v", err)
	case err != nil && !strings.Contains(string(body), "<item") && !strings.Contains(string(body), "<entry"):
		return choice(oldForm)
	case err != nil:
		return choice("what is no feed, or is cut before its first item, is refused")
	case len(records) == 0 && titled.Match(body) && !isFeed(body):
		return choice(broken)
	case len(records) == 0 && titled.Match(body):
		return fails("nothing was read")
	}
	return met()
}

// titled finds an item that has a title.
var titled = regexp.MustCompile(`(?s)<item[ >](?:[^<]|<[^/]|</[^i])*<title>\s*[^\s<]`)

func entryOf(records []source.Record, i int) (record.Entry, source.Record, bool) {
	if i >= len(records) {
		return record.Entry{}, source.Record{}, false
	}
	e, ok := records[i].Value.(record.Entry)
	return e, records[i], ok
}

func sameText(a, b string) bool { return plain(a) == plain(b) }

// plain are the words of a text; the tests of others differ in markup and spaces.
func plain(s string) string {
	for range 2 {
		s = html.UnescapeString(tag.ReplaceAllString(s, ""))
	}
	return strings.Join(strings.Fields(s), "")
}

var tag = regexp.MustCompile(`<[/!?A-Za-z][^>]*>`)

// want compares one field with what a suite expects; "" expects nothing.
func want(what, expected string, got ...string) verdict {
	if strings.TrimSpace(expected) == "" || slices.ContainsFunc(got, func(g string) bool { return sameText(expected, g) }) {
		return met()
	}
	return fails("%s %.80q, want %.80q", what, strings.Join(got, " | "), expected)
}

func wantTime(what, expected string, got ...time.Time) verdict {
	at, err := time.Parse(time.RFC3339, expected)
	if expected == "" || err != nil || slices.ContainsFunc(got, at.Equal) {
		return met()
	}
	return fails("%s %v, want %s", what, got, expected)
}

// wantLink compares addresses, relative ones from where the feed was read.
func wantLink(expected, got string) verdict {
	if expected = strings.TrimSpace(expected); expected == "" || got == expected || strings.HasSuffix(got, strings.TrimLeft(expected, "./")) {
		return met()
	}
	if !strings.HasPrefix(expected, "http") && got == "" {
		return choice("a link that is no http address is not kept")
	}
	if source.CleanURL(got) == source.CleanURL(expected) || strings.TrimSuffix(got, "/") == strings.TrimSuffix(expected, "/") {
		return met()
	}
	return fails("link %q, want %q", got, expected)
}

// goldenItem are the fields that goldens of other parsers share with our records.
type goldenItem struct {
	Title, Summary, Body, Link, ID string
	Published, Updated             string
	Categories, Authors, Media     []string
}

func compareItems(records []source.Record, items []goldenItem) verdict {
	var parts []verdict
	at := 0
	for _, it := range items {
		if it.Title+it.Summary+it.Body+it.Link+it.ID == "" && len(it.Media) == 0 {
			parts = append(parts, choice("an item without title, text, link or identifier is none"))
			continue
		}
		e, r, ok := entryOf(records, at)
		at++
		if !ok {
			return fails("%d items, want %d", len(records), len(items))
		}
		parts = append(parts, want("title", it.Title, e.Title), want("text", it.Summary, e.Summary, e.Body), want("content", it.Body, e.Body, e.Summary),
			wantLink(it.Link, r.URL), want("id", it.ID, r.Item), wantTime("published", it.Published, e.Published, e.Updated), wantTime("updated", it.Updated, e.Updated, e.Published))
		for _, c := range it.Categories {
			parts = append(parts, want("category", c, e.Categories...))
		}
		for _, a := range it.Authors {
			if strings.Contains(a, "@") {
				parts = append(parts, choice(noEmail))
				continue
			}
			parts = append(parts, want("author", a, e.Authors...))
		}
		for _, m := range it.Media {
			if !slices.ContainsFunc(e.Media, func(got record.Media) bool { return wantLink(m, got.URL).fails == "" }) {
				parts = append(parts, fails("media %q is missing", m))
			}
		}
	}
	return all(parts...)
}

// refused judges a document that was not read.
func refused(body []byte, err error) verdict {
	if isFeed(body) {
		return fails("well-formed and refused: %v", err)
	}
	if strings.Contains(string(body), "<item") || strings.Contains(string(body), "<entry") {
		return choice("what is broken in its first item is refused")
	}
	return choice(oldForm)
}

func gofeedGolden(path string) string {
	base := strings.TrimSuffix(path, filepath.Ext(path))
	if filepath.Ext(path) == ".json" {
		return base + "_expected.json"
	}
	return base + ".json"
}

func gofeedCase(t *testing.T, path string, body []byte) verdict {
	records, err := read(body, "")
	golden, errGolden := os.ReadFile(gofeedGolden(path))
	if errGolden != nil {
		return readCase(t, path, body)
	}
	if err != nil {
		return refused(body, err)
	}
	type person struct{ Name string }
	type item struct {
		Title, Description, Summary, Link, GUID, ID string
		Content                                     json.RawMessage
		PubDateParsed, PublishedParsed              string
		UpdatedParsed                               string
		Categories                                  []json.RawMessage
		Authors                                     []person
		Enclosures                                  []struct{ URL string }
	}
	var doc struct{ Items, Entries []item }
	if json.Unmarshal(golden, &doc) != nil {
		return choice(wholeFeed)
	}
	var items []goldenItem
	for _, i := range append(doc.Items, doc.Entries...) {
		g := goldenItem{
			Title: i.Title, Summary: i.Description + i.Summary, Body: textOf(i.Content), Link: i.Link, ID: textOr(i.GUID, i.ID),
			Published: textOr(i.PubDateParsed, i.PublishedParsed), Updated: i.UpdatedParsed,
		}
		for _, c := range i.Categories {
			g.Categories = append(g.Categories, textOf(c))
		}
		for _, e := range i.Enclosures {
			g.Media = append(g.Media, e.URL)
		}
		for _, a := range i.Authors {
			g.Authors = append(g.Authors, a.Name)
		}
		items = append(items, g)
	}
	if len(items) == 0 {
		return choice(wholeFeed)
	}
	v := compareItems(records, items)
	if v.fails == "" && v.choice == "" && !strings.ContainsAny(string(golden), "ti") {
		return verdict{choice: notCarried, field: "an item of no text"}
	}
	return v
}

// textOf is a golden's text: a string, or an object that has one as its value.
func textOf(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var o struct{ Value, Term, Content, Body string }
	_ = json.Unmarshal(raw, &o) // another shape has no text
	return o.Value + o.Term + o.Content + o.Body
}

func textOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func feedRSGolden(path string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + ".serde.json"
}

func feedRSCase(t *testing.T, path string, body []byte) verdict {
	records, err := read(body, "")
	golden, errGolden := os.ReadFile(feedRSGolden(path))
	if errGolden != nil {
		return readCase(t, path, body)
	}
	if err != nil {
		return refused(body, err)
	}
	type text struct{ Content string }
	var doc struct {
		Entries []struct {
			ID                 string
			Title, Summary     *text
			Updated, Published string
			Content            *struct{ Body string }
			Links              []struct{ Href, Rel string }
			Authors            []struct{ Name string }
			Categories         []struct{ Term string }
		}
	}
	if err := json.Unmarshal(golden, &doc); err != nil {
		return fails("golden: %v", err)
	}
	var items []goldenItem
	for _, e := range doc.Entries {
		g := goldenItem{Published: e.Published, Updated: e.Updated}
		if strings.Contains(string(body), strings.TrimSpace(e.ID)) { // else feed-rs made it
			g.ID = e.ID
		}
		if e.Title != nil {
			g.Title = e.Title.Content
		}
		if e.Summary != nil {
			g.Summary = e.Summary.Content
		}
		if e.Content != nil {
			g.Body = e.Content.Body
		}
		for _, l := range e.Links {
			if g.Link == "" && (l.Rel == "" || l.Rel == "alternate") {
				g.Link = l.Href
			}
		}
		for _, c := range e.Categories {
			g.Categories = append(g.Categories, c.Term)
		}
		items = append(items, g)
	}
	v := compareItems(records, items)
	if strings.HasPrefix(v.fails, "category") && strings.Contains(string(body), "label=") {
		return choice(labels)
	}
	return v
}

func rssParserCase(t *testing.T, path string, body []byte) verdict {
	records, err := read(body, "")
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)) + ".json"
	golden, errGolden := os.ReadFile(filepath.Join(filepath.Dir(path), "..", "output", name))
	if errGolden != nil {
		return readCase(t, path, body)
	}
	if err != nil {
		return refused(body, err)
	}
	var doc struct {
		Feed struct {
			Items []struct {
				Title, Content, Link, GUID, ID, ISODate string
				Summary                                 json.RawMessage
				Enclosure                               struct{ URL string }
			}
		}
	}
	if err := json.Unmarshal(golden, &doc); err != nil {
		return fails("golden: %v", err)
	}
	var items []goldenItem
	for _, i := range doc.Feed.Items {
		g := goldenItem{Title: i.Title, Body: i.Content, Summary: textOf(i.Summary), Link: i.Link, ID: textOr(i.GUID, i.ID), Published: i.ISODate}
		if i.Enclosure.URL != "" {
			g.Media = []string{i.Enclosure.URL}
		}
		items = append(items, g)
	}
	v := compareItems(records, items)
	if strings.Contains(v.fails, "\uFFFD") || strings.Contains(v.fails, "EMPTY") || strings.HasPrefix(v.fails, "content") {
		return choice(theirWay)
	}
	return v
}

var expects = regexp.MustCompile(`(?s)Expect:\s*(.*?)\s*(?:-->|\n\s*\n|$)`)

// validatorCase is one of a validator: !Rule must not be raised by it, Rule must.
// We judge nothing, and read what can be read.
func validatorCase(_ *testing.T, _ string, body []byte) verdict {
	records, err := read(body, "")
	if err != nil {
		return refused(body, err)
	}
	m := expects.FindSubmatch(body)
	switch {
	case m == nil, strings.HasPrefix(string(m[1]), "!"), strings.HasPrefix(string(m[1]), "Valid"):
		if len(records) == 0 && isFeed(body) && titled.Match(body) {
			return fails("nothing was read")
		}
		return met()
	case !isFeed(body):
		return choice(broken)
	}
	return choice(readsAnyway)
}
