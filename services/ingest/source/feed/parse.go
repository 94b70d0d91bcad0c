package feed

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/atom"
	ext "github.com/mmcdole/gofeed/extensions"
	"github.com/mmcdole/gofeed/rss"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/xmltext"
)

// Options say what the document itself may not.
type Options struct {
	ContentType string
	// URL is where the document came from; relative links start there.
	URL string
	// Zone is that of dates written without one; UTC when nil.
	Zone *time.Location
}

// Looks reports whether a body is a feed of a form this package reads.
func Looks(body []byte, contentType string) bool {
	text, err := mend(body, contentType)
	if err != nil {
		return false
	}
	head := text[:min(len(text), 4096)]
	if text[0] == '{' {
		return bytes.Contains(head, []byte("jsonfeed.org/version")) || bytes.Contains(head, []byte(`"items"`)) && bytes.Contains(head, []byte(`"version"`))
	}
	return gofeed.DetectFeedType(bytes.NewReader(head)) != gofeed.FeedTypeUnknown
}

// errCut is why the rest of a document is not read.
var errCut = errors.New("feed: the document breaks off: what follows its last whole item is missing")

// Parse reads a feed document into records, in its order. One that breaks off
// gives its whole items, and a record refused with errCut. Its errors hold no
// part of the document.
func Parse(body []byte, opt Options) (records []source.Record, err error) {
	text, err := mend(body, opt.ContentType)
	if err != nil {
		return nil, err
	}
	// A parser of others must not end the service.
	defer func() {
		if p := recover(); p != nil {
			records, err = nil, fmt.Errorf("feed: the parser stopped: %T", p)
		}
	}()
	if text[0] == '{' {
		return parseJSON(text, opt)
	}
	parser := gofeed.NewParser()
	parser.KeepOriginalFeed = true
	parser.RSSTranslator = &gofeed.DefaultRSSTranslator{DisableContentImageScan: true}
	parser.AtomTranslator = &gofeed.DefaultAtomTranslator{}
	doc, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		text = xmltext.Repair(text)
		doc, err = parser.Parse(bytes.NewReader(text))
	}
	cut := false
	if err != nil {
		if whole := salvage(text); whole != nil {
			if saved, again := parser.Parse(bytes.NewReader(whole)); again == nil {
				doc, text, cut, err = saved, whole, true, nil
			}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("feed: %w", reason(err, body, text))
	}
	records = documentOf(doc, text, opt).records()
	if cut {
		records = append(records, source.Record{Refused: events.Permanent(events.ReasonInvalidContent, errCut)})
	}
	return records, nil
}

// a document is what gofeed made of a feed, with what it leaves aside.
type document struct {
	builder
	doc       *gofeed.Feed
	atom      *atom.Feed // nil for RSS
	rss       *rss.Feed  // nil for Atom
	languages []string   // of each item, nil where none says its own
}

func documentOf(doc *gofeed.Feed, text []byte, opt Options) document {
	from, err := url.Parse(opt.URL)
	if err != nil {
		from = &url.URL{}
	}
	d := document{builder: builder{opt: opt, base: from}, doc: doc, languages: languages(text)}
	switch original := doc.OriginalFeed().(type) {
	case *atom.Feed: // whose links start from the document or xml:base, RFC 4287 §2
		d.atom = original
	case *rss.Feed:
		d.rss = original
		d.base = site(from, doc.Link)
	}
	return d
}

func (d document) records() []source.Record {
	var records []source.Record
	for n, item := range d.doc.Items {
		if item == nil {
			continue
		}
		var entry *atom.Entry
		permanent := true
		if d.atom != nil && n < len(d.atom.Entries) {
			entry = d.atom.Entries[n]
		}
		if d.rss != nil && n < len(d.rss.Items) && d.rss.Items[n].GUID != nil {
			permanent = !strings.EqualFold(strings.TrimSpace(d.rss.Items[n].GUID.IsPermalink), "false")
		}
		r := d.record(item, entry, permanent)
		if e, ok := r.Value.(record.Entry); ok && len(d.languages) == len(d.doc.Items) {
			e.Language = cmp.Or(d.languages[n], e.Language)
			r.Value = e
		}
		if !empty(r) {
			records = append(records, r)
		}
	}
	return records
}

// reason keeps of a parser's error on text, which mend made of body, what cannot
// quote the document. gofeed tells a decoder's error as words.
func reason(err error, body, text []byte) error {
	if errors.Is(err, gofeed.ErrFeedTypeNotDetected) {
		return errors.New("not a feed")
	}
	if _, after, ok := strings.Cut(err.Error(), "XML syntax error on line "); ok {
		at, _, _ := strings.Cut(after, ":")
		if line, atoi := strconv.Atoi(at); atoi == nil {
			return xmltext.Broken(&xml.SyntaxError{Line: line}, body, text)
		}
	}
	if strings.Contains(err.Error(), "EOF") {
		return xmltext.Broken(io.EOF, body, text)
	}
	return errors.New("cannot be read")
}

func empty(r source.Record) bool {
	e, ok := r.Value.(record.Entry)
	return !ok || e.Title == "" && e.Summary == "" && e.Body == "" && e.Link == "" && r.Item == "" && len(e.Media) == 0
}

// site is what the relative links of RSS start from, of which its standard says
// nothing: the site, against the feed's own address.
func site(from *url.URL, link string) *url.URL {
	if link, err := from.Parse(strings.TrimSpace(link)); err == nil && link.Host != "" {
		return link
	}
	return from
}

type builder struct {
	opt  Options
	base *url.URL
}

// record reads an item. entry is the same of an Atom feed, else nil; permanent says
// that the identifier may be an address to go to.
func (d document) record(i *gofeed.Item, entry *atom.Entry, permanent bool) source.Record {
	e := record.Entry{
		Title:      title(i.Title),
		Summary:    markup(i.Description),
		Body:       markup(i.Content),
		Link:       d.resolve(linkOf(i, entry, permanent)),
		Language:   cmp.Or(dcFirst(i.DublinCoreExt, func(d *ext.DublinCoreExtension) []string { return d.Language }), d.doc.Language),
		Categories: words(i.Categories),
		Authors:    d.authors(i, entry),
		Published:  date(i.Published, i.PublishedParsed, d.opt.Zone),
		Updated:    date(i.Updated, i.UpdatedParsed, d.opt.Zone),
		Starts:     d.extensionDate(i, "ev", "startdate"),
		Ends:       d.extensionDate(i, "ev", "enddate"),
		Expires:    d.expires(i),
		Place:      place(i),
		Media:      d.media(i, entry),
	}
	if e.Summary == "" && e.Body == "" {
		e.Summary = markup(described(i))
	}
	for _, name := range []string{"summary", "body", "fullitem"} { // texts beside the description, of no name space
		if e.Body == "" {
			e.Body = markup(i.Custom[name])
		}
	}
	if e.Summary == e.Body {
		e.Body = ""
	}
	if e.Published.IsZero() {
		if dates := i.DublinCoreExt; dates != nil && len(dates.Date) > 0 {
			e.Published = date(dates.Date[0], nil, d.opt.Zone)
		}
	}
	for _, name := range []string{"issued", "created"} {
		if e.Published.IsZero() {
			e.Published = d.extensionDate(i, "dcterms", name)
		}
	}
	if e.Updated.IsZero() {
		e.Updated = d.extensionDate(i, "dcterms", "modified")
	}
	return source.Record{Item: strings.TrimSpace(i.GUID), URL: e.Link, Value: e}
}

// linkOf is where a person reads the item: of an Atom entry the alternate, a page
// before anything else; of RSS the link, or an identifier that is one.
func linkOf(i *gofeed.Item, entry *atom.Entry, permanent bool) string {
	if entry != nil {
		return alternate(entry.Links)
	}
	links := append([]string{i.Link}, i.Links...)
	for _, e := range i.Extensions["atom"]["link"] {
		if rel := e.Attrs["rel"]; rel == "" || rel == "alternate" {
			links = append(links, e.Attrs["href"])
		}
	}
	if permanent && isAddress(i.GUID) {
		links = append(links, i.GUID)
	}
	return first(links...)
}

func alternate(links []*atom.Link) string {
	var any string
	for _, l := range links {
		rel := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(l.Rel)), "http://www.iana.org/assignments/relation/")
		switch {
		case rel != "alternate" && rel != "" || strings.TrimSpace(l.Href) == "":
		case strings.Contains(l.Type, "html"):
			return l.Href
		case any == "":
			any = l.Href
		}
	}
	return any
}

func isAddress(s string) bool {
	s = strings.TrimSpace(s)
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://")
}

// expires reads the end of a DCMI period (dcterms:valid), and what older RSS and
// PRISM call it.
func (d document) expires(i *gofeed.Item) time.Time {
	for _, e := range i.Extensions["dcterms"]["valid"] {
		for part := range strings.SplitSeq(e.Value, ";") {
			if name, value, _ := strings.Cut(strings.TrimSpace(part), "="); strings.EqualFold(name, "end") {
				return date(value, nil, d.opt.Zone)
			}
		}
	}
	if t := d.extensionDate(i, "prism", "expirationDate"); !t.IsZero() {
		return t
	}
	return date(i.Custom["expirationDate"], nil, d.opt.Zone)
}

var broken = regexp.MustCompile(`\s*[\r\n\t]\s*`)

// resolve makes an address absolute; what is not http or https is dropped.
func (b builder) resolve(raw string) string {
	// Breaks and tabs in an address say nothing (https://url.spec.whatwg.org/#url-parsing),
	// nor does the indentation that comes with them.
	raw = strings.TrimSpace(raw)
	if strings.ContainsAny(raw, "\r\n\t") {
		raw = broken.ReplaceAllLiteralString(raw, "")
	}
	if raw == "" {
		return ""
	}
	u, err := b.base.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.String()
}

// authors keeps names only: an e-mail address is no one's to publish. An Atom entry
// without author has those of its source or feed (RFC 4287 §4.2.1).
func (d document) authors(i *gofeed.Item, entry *atom.Entry) []string {
	people := i.Authors
	if len(people) == 0 && entry != nil {
		inherited := d.atom.Authors
		if entry.Source != nil && len(entry.Source.Authors) > 0 {
			inherited = entry.Source.Authors
		}
		for _, p := range inherited {
			people = append(people, &gofeed.Person{Name: p.Name})
		}
	}
	var names []string
	for _, p := range people {
		if p == nil {
			continue
		}
		if name := title(p.Name); name != "" && !strings.Contains(name, "@") {
			names = append(names, name)
		}
	}
	return names
}

func (d document) extensionDate(i *gofeed.Item, prefix, name string) time.Time {
	for _, e := range i.Extensions[prefix][name] {
		if t := date(e.Value, nil, d.opt.Zone); !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

func dcFirst(dc *ext.DublinCoreExtension, field func(*ext.DublinCoreExtension) []string) string {
	if dc == nil {
		return ""
	}
	if values := field(dc); len(values) > 0 {
		return strings.TrimSpace(values[0])
	}
	return ""
}

func words(list []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, w := range list {
		if w = title(w); w != "" && !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}
