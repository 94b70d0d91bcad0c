package feed

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	ext "github.com/mmcdole/gofeed/extensions"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
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

// Parse reads a feed document into records, in its order. Its errors hold no
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
	parser := gofeed.NewParser()
	parser.RSSTranslator = &gofeed.DefaultRSSTranslator{DisableContentImageScan: true}
	parser.AtomTranslator = &gofeed.DefaultAtomTranslator{}
	doc, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		rest := salvage(text)
		if rest == nil {
			return nil, errors.New("feed: " + reason(err))
		}
		if doc, err = parser.Parse(bytes.NewReader(rest)); err != nil {
			return nil, errors.New("feed: " + reason(err))
		}
	}
	b := builder{opt: opt, doc: doc, base: base(doc, opt.URL)}
	for _, item := range doc.Items {
		if item == nil || empty(item) {
			continue
		}
		records = append(records, b.record(item))
	}
	return records, nil
}

// reason keeps of a parser's error what cannot quote the document.
func reason(err error) string {
	text := err.Error()
	switch {
	case errors.Is(err, gofeed.ErrFeedTypeNotDetected):
		return "not a feed"
	case strings.Contains(text, "XML syntax error on line "):
		_, after, _ := strings.Cut(text, "XML syntax error on line ")
		line, _, _ := strings.Cut(after, ":")
		return "not well-formed on line " + line
	case strings.Contains(text, "EOF"):
		return "cut before its end"
	}
	return "cannot be read"
}

func empty(i *gofeed.Item) bool {
	return i.Title == "" && i.Description == "" && i.Content == "" && i.Link == "" && i.GUID == "" && len(i.Enclosures) == 0
}

// base is what relative links start from: the site, which stands in the feed,
// against the feed's own address.
func base(doc *gofeed.Feed, from string) *url.URL {
	u, err := url.Parse(from)
	if err != nil {
		u = &url.URL{}
	}
	if link, err := u.Parse(strings.TrimSpace(doc.Link)); err == nil && link.Host != "" {
		return link
	}
	return u
}

type builder struct {
	opt  Options
	doc  *gofeed.Feed
	base *url.URL
}

func (b builder) record(i *gofeed.Item) source.Record {
	e := record.Entry{
		Title:      title(i.Title),
		Summary:    markup(i.Description),
		Body:       markup(i.Content),
		Link:       b.link(i),
		Language:   cmp.Or(dcFirst(i.DublinCoreExt, func(d *ext.DublinCoreExtension) []string { return d.Language }), b.doc.Language),
		Categories: words(i.Categories),
		Authors:    b.authors(i),
		Published:  date(i.Published, i.PublishedParsed, b.opt.Zone),
		Updated:    date(i.Updated, i.UpdatedParsed, b.opt.Zone),
		Starts:     b.extensionDate(i, "ev", "startdate"),
		Ends:       b.extensionDate(i, "ev", "enddate"),
		Place:      place(i),
		Media:      b.media(i),
	}
	if e.Summary == "" && e.Body == "" {
		e.Summary = markup(described(i))
	}
	if e.Body == "" { // a text beside the description, of no name space
		e.Body = markup(i.Custom["summary"])
	}
	if e.Summary == e.Body {
		e.Body = ""
	}
	if e.Published.IsZero() {
		if dates := i.DublinCoreExt; dates != nil && len(dates.Date) > 0 {
			e.Published = date(dates.Date[0], nil, b.opt.Zone)
		}
	}
	return source.Record{Item: strings.TrimSpace(i.GUID), URL: e.Link, Value: e}
}

func (b builder) link(i *gofeed.Item) string {
	raw := strings.TrimSpace(i.Link)
	if raw == "" && len(i.Links) > 0 {
		raw = strings.TrimSpace(i.Links[0])
	}
	if guid := strings.TrimSpace(i.GUID); raw == "" && (strings.HasPrefix(guid, "http://") || strings.HasPrefix(guid, "https://")) {
		raw = guid
	}
	return b.resolve(raw)
}

// resolve makes an address absolute; what is not http or https is dropped.
func (b builder) resolve(raw string) string {
	raw = strings.TrimSpace(raw)
	if raw == "" {
		return ""
	}
	u, err := b.base.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.String()
}

// authors keeps names only: an e-mail address is no one's to publish.
func (b builder) authors(i *gofeed.Item) []string {
	var names []string
	for _, p := range i.Authors {
		if p == nil {
			continue
		}
		if name := title(p.Name); name != "" && !strings.Contains(name, "@") {
			names = append(names, name)
		}
	}
	return names
}

func (b builder) media(i *gofeed.Item) []record.Media {
	var media []record.Media
	seen := map[string]bool{}
	add := func(raw, kind, bytes string) {
		address := b.resolve(raw)
		if address == "" || seen[address] {
			return
		}
		seen[address] = true
		size, err := strconv.ParseInt(strings.TrimSpace(bytes), 10, 64)
		if err != nil || size < 0 {
			size = 0
		}
		media = append(media, record.Media{URL: address, Type: strings.TrimSpace(kind), Bytes: size})
	}
	for _, enclosure := range i.Enclosures {
		if enclosure != nil {
			add(enclosure.URL, enclosure.Type, enclosure.Length)
		}
	}
	for _, group := range mediaOf(i) {
		for _, name := range []string{"content", "thumbnail"} {
			for _, m := range group[name] {
				add(m.Attrs["url"], m.Attrs["type"], m.Attrs["fileSize"])
			}
		}
	}
	if i.Image != nil {
		add(i.Image.URL, "", "")
	}
	return media
}

// mediaOf are the Media RSS elements of an item and of its groups.
func mediaOf(i *gofeed.Item) []map[string][]ext.Extension {
	media := i.Extensions["media"]
	all := []map[string][]ext.Extension{media}
	for _, group := range media["group"] {
		all = append(all, group.Children)
	}
	return all
}

// described is what Media RSS says of an item, which is all that a channel of
// videos says.
func described(i *gofeed.Item) string {
	for _, group := range mediaOf(i) {
		for _, d := range group["description"] {
			if strings.TrimSpace(d.Value) != "" {
				return d.Value
			}
		}
	}
	return ""
}

func (b builder) extensionDate(i *gofeed.Item, prefix, name string) time.Time {
	for _, e := range i.Extensions[prefix][name] {
		if t := date(e.Value, nil, b.opt.Zone); !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// place reads GeoRSS-Simple and W3C Basic Geo.
func place(i *gofeed.Item) *record.Place {
	for _, e := range i.Extensions["georss"]["point"] {
		if f := strings.FieldsFunc(e.Value, func(r rune) bool { return r == ' ' || r == ',' }); len(f) == 2 {
			return point(f[0], f[1])
		}
	}
	lat, lon := i.Extensions["geo"]["lat"], i.Extensions["geo"]["long"]
	if len(lat) > 0 && len(lon) > 0 {
		return point(lat[0].Value, lon[0].Value)
	}
	return nil
}

// point refuses (0, 0), which is no place but a field left empty.
func point(latText, lonText string) *record.Place {
	lat, errLat := strconv.ParseFloat(strings.TrimSpace(latText), 64)
	lon, errLon := strconv.ParseFloat(strings.TrimSpace(lonText), 64)
	if errLat != nil || errLon != nil || !(lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180) || lat == 0 && lon == 0 {
		return nil
	}
	return &record.Place{Lat: &lat, Lon: &lon}
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
