package page

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"codeberg.org/readeck/go-readability/v2"
	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/dates"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
)

const (
	maxItems = 300
	// maxNodes bounds the pages that are read.
	maxNodes = 200_000
	// maxAttributes bounds those of one element.
	maxAttributes = 1000
	maxDepth      = 400
	// leastText is the letters below which a page is no article.
	leastText = 80
)

// Rules say where things are in a page. Nil selectors are guessed.
type Rules struct {
	Item, Title, Body, Link, Date cascadia.Selector
	Zone                          *time.Location
	// Now tells what was published from what is to come: a guessed date after it is
	// that of the thing. Zero asks nothing.
	Now time.Time
}

func (r Rules) selected() bool {
	return r.Item != nil || r.Title != nil || r.Body != nil || r.Link != nil || r.Date != nil
}

// Parse reads a page. Its errors hold no part of it; that of a selector without a
// match is a [source.DriftError].
func Parse(body []byte, contentType, address string, rules Rules) (records []source.Record, err error) {
	defer func() {
		if recover() != nil { // a parser of others must not end the service
			records, err = nil, errors.New("page: the parser stopped")
		}
	}()
	text, _ := fetch.UTF8(body, contentType)
	text = bytes.ReplaceAll(text, []byte{0}, nil)
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, errors.New("page: empty")
	}
	if err := shallow(text); err != nil {
		return nil, err
	}
	doc, err := html.Parse(bytes.NewReader(text))
	if err != nil {
		return nil, errors.New("page: not HTML")
	}
	base, err := url.Parse(address)
	if err != nil {
		base = &url.URL{}
	}
	e := extractor{rules: rules, base: base, doc: doc, address: address}
	if !rules.selected() {
		return e.article()
	}
	return e.selection()
}

// shallow refuses what would cost too much to make a tree of.
func shallow(text []byte) error {
	z := html.NewTokenizer(bytes.NewReader(text))
	nodes, depth := 0, 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			return nil
		case html.StartTagToken:
			name, more := z.TagName()
			if !isVoid(string(name)) {
				depth++
			}
			for n := 0; more; n++ {
				if n > maxAttributes {
					return errors.New("page: an element with too many attributes")
				}
				_, _, more = z.TagAttr()
			}
			nodes++
		case html.EndTagToken:
			depth = max(depth-1, 0)
		case html.TextToken:
			nodes++
		}
		if nodes > maxNodes || depth > 4*maxDepth {
			return errors.New("page: too many elements, or too deep")
		}
	}
}

func isVoid(name string) bool {
	switch name {
	case "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "p", "li", "td", "tr", "th", "option", "dt", "dd":
		return true
	}
	return false
}

// What is looked for where the configuration says nothing.
var (
	anyHeading = cascadia.MustCompile("h1, h2, h3, h4, h5, h6, a")
	mainTitle  = cascadia.MustCompile("h1")
	anyLink    = cascadia.MustCompile("a[href]")
	anyTime    = cascadia.MustCompile("time")
	mainPart   = cascadia.MustCompile("main, body")
	withLang   = cascadia.MustCompile("html[lang]")
)

type extractor struct {
	rules   Rules
	base    *url.URL
	doc     *html.Node
	address string
	told    []*html.Node // what gave the title and the date, no part of a guessed body
}

// selection reads what the selectors find.
func (e extractor) selection() ([]source.Record, error) {
	scopes := []*html.Node{e.doc}
	if e.rules.Item != nil {
		if scopes = cascadia.QueryAll(e.doc, e.rules.Item); len(scopes) == 0 {
			return nil, fmt.Errorf("page: %w", &source.DriftError{Field: "item"})
		}
	}
	found := map[string]bool{}
	records := make([]source.Record, 0, min(len(scopes), maxItems))
	for _, scope := range scopes[:min(len(scopes), maxItems)] {
		entry := e.entry(scope, found)
		if entry.Title == "" && entry.Body == "" {
			continue
		}
		r := source.Record{URL: cmp.Or(entry.Link, e.address), Value: entry}
		switch {
		case e.rules.Item == nil:
			r.Item = e.address
		case entry.Link != "":
			r.Item = entry.Link
		default:
			r.Item = attribute(scope, "id")
		}
		records = append(records, r)
	}
	for _, f := range []struct {
		field    string
		selector cascadia.Selector
	}{{"title", e.rules.Title}, {"body", e.rules.Body}, {"link", e.rules.Link}, {"date", e.rules.Date}} {
		if f.selector != nil && !found[f.field] {
			return nil, fmt.Errorf("page: %w", &source.DriftError{Field: f.field})
		}
	}
	if len(records) == 0 {
		return nil, fmt.Errorf("page: %w", &source.DriftError{Field: "item"})
	}
	return records, nil
}

// entry reads one item, noting in found the selectors of which something was read.
func (e extractor) entry(scope *html.Node, found map[string]bool) record.Entry {
	title, link, date := mainTitle, cascadia.Selector(nil), cascadia.Selector(nil)
	if e.rules.Item != nil {
		title, link, date = anyHeading, anyLink, anyTime
	}
	one := func(selector, otherwise cascadia.Selector) *html.Node {
		if selector == nil {
			selector = otherwise
		}
		if selector == nil {
			return nil
		}
		return cascadia.Query(scope, selector)
	}
	var entry record.Entry
	if n := one(e.rules.Title, title); n != nil {
		if entry.Title = words(n); entry.Title != "" {
			e.told = append(e.told, n)
		}
	}
	entry.Link = e.link(scope, link)
	if n := one(e.rules.Date, date); n != nil {
		at, _, _ := dates.Read(cmp.Or(attribute(n, "datetime"), attribute(n, "content"), words(n)), e.rules.Zone)
		ahead := !e.rules.Now.IsZero() && at.After(e.rules.Now)
		if !ahead || e.rules.Date != nil {
			entry.Published = at
		}
		if !at.IsZero() && !ahead {
			e.told = append(e.told, n)
		}
	}
	entry.Body = e.body(scope)
	for field, read := range map[string]bool{"title": entry.Title != "", "link": entry.Link != "", "date": !entry.Published.IsZero(), "body": says(entry.Body)} {
		found[field] = found[field] || read
	}
	entry.Language = language(e.doc)
	return entry
}

// link is the first address that people can open.
func (e extractor) link(scope *html.Node, otherwise cascadia.Selector) string {
	selector := e.rules.Link
	if selector == nil {
		selector = otherwise
	}
	if selector == nil {
		return ""
	}
	for _, n := range cascadia.QueryAll(scope, selector) {
		if n.DataAtom != atom.A {
			if n = cascadia.Query(n, anyLink); n == nil {
				continue
			}
		}
		if address := e.resolve(attribute(n, "href")); strings.HasPrefix(address, "http") {
			return address
		}
	}
	return ""
}

func (e extractor) body(scope *html.Node) string {
	if e.rules.Body != nil {
		var parts []string
		for _, n := range cascadia.QueryAll(scope, e.rules.Body) {
			parts = append(parts, e.markup(n))
		}
		return strings.TrimSpace(strings.Join(parts, "\n"))
	}
	if e.rules.Item == nil {
		if root := cascadia.Query(e.doc, mainPart); root != nil {
			scope = root
		}
	}
	if rest := e.markup(scope); says(rest) {
		return rest
	}
	e.told = nil
	return e.markup(scope)
}

// article finds the text of a page as a reader's mode does.
func (e extractor) article() ([]source.Record, error) {
	parser := readability.NewParser()
	parser.MaxElemsToParse = maxNodes
	a, err := parser.ParseDocument(e.doc, e.base)
	if err != nil || a.Node == nil {
		return nil, fmt.Errorf("page: %w", &source.DriftError{Field: "body"})
	}
	var body bytes.Buffer
	if err := a.RenderHTML(&body); err != nil {
		return nil, errors.New("page: its text cannot be written")
	}
	if len(strings.Join(strings.Fields(words(a.Node)), "")) < leastText {
		return nil, fmt.Errorf("page: %w", &source.DriftError{Field: "body"})
	}
	entry := record.Entry{
		Title: strings.Join(strings.Fields(a.Title()), " "), Body: strings.TrimSpace(strings.ToValidUTF8(body.String(), "\uFFFD")),
		Link: e.resolve(e.address), Language: a.Language(),
	}
	if at, err := a.PublishedTime(); err == nil && at.Year() >= 1990 && at.Year() < 2100 {
		entry.Published = at.UTC()
	}
	if at, err := a.ModifiedTime(); err == nil && at.Year() >= 1990 && at.Year() < 2100 {
		entry.Updated = at.UTC()
	}
	return []source.Record{{Item: e.address, URL: e.address, Value: entry}}, nil
}

func language(doc *html.Node) string {
	if root := cascadia.Query(doc, withLang); root != nil {
		return strings.TrimSpace(attribute(root, "lang"))
	}
	return ""
}
