package feed

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"time"
)

const generator = "Crieur"

type rssDoc struct {
	XMLName xml.Name   `xml:"rss"`
	Version string     `xml:"version,attr"`
	Atom    string     `xml:"xmlns:atom,attr"`
	Content string     `xml:"xmlns:content,attr"`
	DC      string     `xml:"xmlns:dc,attr"`
	Channel rssChannel `xml:"channel"`
}

type rssChannel struct {
	Lang        string     `xml:"xml:lang,attr"`
	Title       string     `xml:"title"`
	Link        string     `xml:"link"`
	Description string     `xml:"description"`
	Language    string     `xml:"language"`
	LastBuild   string     `xml:"lastBuildDate"`
	Generator   string     `xml:"generator"`
	TTL         int        `xml:"ttl"`
	Links       []atomLink `xml:"atom:link"`
	Items       []rssItem  `xml:"item"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr,omitempty"`
	Lang string `xml:"hreflang,attr,omitempty"`
	Href string `xml:"href,attr"`
}

type rssItem struct {
	Title       string   `xml:"title"`
	Link        string   `xml:"link"`
	GUID        rssGUID  `xml:"guid"`
	PubDate     string   `xml:"pubDate"`
	Creator     string   `xml:"dc:creator"`
	Language    string   `xml:"dc:language,omitempty"`
	Categories  []string `xml:"category"`
	Description string   `xml:"description"`
	Content     string   `xml:"content:encoded"`

	Enclosure *rssEnclosure `xml:"enclosure"`
}

// rssEnclosure is an entry's audio. Its length is not known before somebody
// listens: 0 (https://www.rssboard.org/rss-profile#element-channel-item-enclosure).
type rssEnclosure struct {
	URL    string `xml:"url,attr"`
	Length int    `xml:"length,attr"`
	Type   string `xml:"type,attr"`
}

type rssGUID struct {
	Permalink bool   `xml:"isPermaLink,attr"`
	Value     string `xml:",chardata"`
}

// links name the feed itself, who tells of its changes (WebSub, 4), and the
// same feed in the other languages.
func links(d document, mime, format string) []atomLink {
	links := []atomLink{{Rel: "self", Type: mime, Href: d.Self}}
	if d.Hub != "" {
		links = append(links, atomLink{Rel: "hub", Href: d.Hub})
	}
	for _, l := range d.Languages {
		links = append(links, atomLink{Rel: "alternate", Type: mime, Lang: l, Href: d.path + "." + l + format})
	}
	return links
}

// rssTime is RFC 822 with four digits of year, as the specification prefers.
func rssTime(t time.Time) string { return t.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT") }

func writeRSS(d document) (string, []byte, error) {
	const mime = "application/rss+xml"
	doc := rssDoc{
		Version: "2.0", Atom: "http://www.w3.org/2005/Atom", Content: "http://purl.org/rss/1.0/modules/content/",
		DC: "http://purl.org/dc/elements/1.1/",
		Channel: rssChannel{
			Lang: d.Language, Title: d.Title, Link: d.Home, Description: d.Description, Language: d.Language,
			LastBuild: rssTime(d.Updated), Generator: generator, TTL: 5,
			Links: links(d, mime, ".rss"),
		},
	}
	for _, e := range d.Entries {
		summary := e.Summary
		if summary == "" {
			summary = e.whole()
		}
		item := rssItem{
			Title: e.Title, Link: e.URL, GUID: rssGUID{Value: e.ID}, PubDate: rssTime(e.Published),
			Creator: e.Author, Language: e.Language, Categories: e.Categories, Description: summary, Content: e.HTML,
		}
		if e.Heard != nil {
			item.Enclosure = &rssEnclosure{URL: e.Heard.URL, Type: e.Heard.Type}
		}
		doc.Channel.Items = append(doc.Channel.Items, item)
	}
	body, err := writeXML(doc)
	return mime + "; charset=utf-8", body, err
}

type atomDoc struct {
	XMLName   xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang      string      `xml:"xml:lang,attr"`
	ID        string      `xml:"id"`
	Title     string      `xml:"title"`
	Subtitle  string      `xml:"subtitle"`
	Updated   string      `xml:"updated"`
	Author    atomPerson  `xml:"author"`
	Generator string      `xml:"generator"`
	Links     []atomLink  `xml:"link"`
	Entries   []atomEntry `xml:"entry"`
}

type atomPerson struct {
	Name string `xml:"name"`
}

type atomEntry struct {
	Lang       string         `xml:"xml:lang,attr,omitempty"`
	ID         string         `xml:"id"`
	Title      string         `xml:"title"`
	Published  string         `xml:"published"`
	Updated    string         `xml:"updated"`
	Author     atomPerson     `xml:"author"`
	Links      []atomLink     `xml:"link"`
	Categories []atomCategory `xml:"category"`
	Summary    string         `xml:"summary,omitempty"`
	Content    atomText       `xml:"content"`
}

type atomCategory struct {
	Term string `xml:"term,attr"`
}

type atomText struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

func writeAtom(d document) (string, []byte, error) { return writeAtomWith(d, ".atom", nil) }

// writeAlerts is an Atom index of CAP messages.
func writeAlerts(d document) (string, []byte, error) {
	return writeAtomWith(d, ".cap", func(e entry) atomLink {
		return atomLink{
			Rel: "alternate", Type: "application/cap+xml",
			Href: fmt.Sprintf("%s/feeds/%s/cap/%s.%d.xml", d.Base, d.Authority, e.publicID, e.revision),
		}
	})
}

// writeAtomWith adds a link to each entry; none when it is nil.
func writeAtomWith(d document, format string, link func(entry) atomLink) (string, []byte, error) {
	const mime = "application/atom+xml"
	doc := atomDoc{
		Lang: d.Language, ID: d.ID, Title: d.Title, Subtitle: d.Description, Updated: d.Updated.UTC().Format(time.RFC3339),
		Author: atomPerson{d.Title}, Generator: generator,
		Links: append(links(d, mime, format), atomLink{Rel: "alternate", Type: "text/html", Href: d.Home}),
	}
	for _, e := range d.Entries {
		entry := atomEntry{
			Lang: e.Language, ID: e.ID, Title: e.Title, Author: atomPerson{e.Author}, Summary: e.Summary,
			Published: e.Published.Format(time.RFC3339), Updated: e.Updated.Format(time.RFC3339),
			Content: atomText{"html", e.HTML},
		}
		if e.URL != "" {
			entry.Links = append(entry.Links, atomLink{Rel: "alternate", Type: "text/html", Href: e.URL})
		}
		if e.Heard != nil {
			entry.Links = append(entry.Links, atomLink{Rel: "enclosure", Type: e.Heard.Type, Lang: e.Heard.Language, Href: e.Heard.URL})
		}
		if link != nil {
			entry.Links = append(entry.Links, link(e))
		}
		if e.Source != "" && e.Source != e.URL {
			entry.Links = append(entry.Links, atomLink{Rel: "via", Href: e.Source})
		}
		for _, c := range e.Categories {
			entry.Categories = append(entry.Categories, atomCategory{c})
		}
		doc.Entries = append(doc.Entries, entry)
	}
	body, err := writeXML(doc)
	return mime + "; charset=utf-8", body, err
}

func writeXML(doc any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	enc := xml.NewEncoder(&b)
	enc.Indent("", " ")
	if err := enc.Encode(doc); err != nil {
		return nil, fmt.Errorf("feed: encode: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

type jsonDoc struct {
	Version     string     `json:"version"`
	Title       string     `json:"title"`
	HomePageURL string     `json:"home_page_url"`
	FeedURL     string     `json:"feed_url"`
	Description string     `json:"description"`
	Language    string     `json:"language,omitempty"`
	Hubs        []jsonHub  `json:"hubs,omitempty"`
	Items       []jsonItem `json:"items"`
}

type jsonItem struct {
	ID            string       `json:"id"`
	URL           string       `json:"url,omitempty"`
	ExternalURL   string       `json:"external_url,omitempty"`
	Title         string       `json:"title"`
	ContentHTML   string       `json:"content_html"`
	ContentText   string       `json:"content_text,omitempty"`
	Summary       string       `json:"summary,omitempty"`
	Image         string       `json:"image,omitempty"`
	DatePublished string       `json:"date_published"`
	DateModified  string       `json:"date_modified"`
	Authors       []jsonAuthor `json:"authors"`
	Tags          []string     `json:"tags,omitempty"`
	Language      string       `json:"language,omitempty"`
	Attachments   []jsonFile   `json:"attachments,omitempty"`
}

type jsonFile struct {
	URL  string `json:"url"`
	Type string `json:"mime_type"`
}

type jsonHub struct {
	Type string `json:"type"`
	URL  string `json:"url"`
}

type jsonAuthor struct {
	Name string `json:"name"`
}

func writeJSON(d document) (string, []byte, error) {
	doc := jsonDoc{
		Version: "https://jsonfeed.org/version/1.1", Title: d.Title, HomePageURL: d.Home, FeedURL: d.Self,
		Description: d.Description, Language: d.Language, Items: []jsonItem{},
	}
	if d.Hub != "" {
		doc.Hubs = []jsonHub{{"WebSub", d.Hub}}
	}
	for _, e := range d.Entries {
		item := jsonItem{
			ID: e.ID, URL: e.URL, ExternalURL: e.Source, Title: e.Title, ContentHTML: e.HTML, ContentText: e.whole(),
			Summary: e.Summary, Image: e.Image, DatePublished: e.Published.Format(time.RFC3339),
			DateModified: e.Updated.Format(time.RFC3339), Authors: []jsonAuthor{{e.Author}}, Tags: e.Categories,
			Language: e.Language,
		}
		if e.Heard != nil {
			item.Attachments = []jsonFile{{e.Heard.URL, e.Heard.Type}}
		}
		doc.Items = append(doc.Items, item)
	}
	body, err := json.Marshal(doc)
	if err != nil {
		return "", nil, fmt.Errorf("feed: encode: %w", err)
	}
	return "application/feed+json; charset=utf-8", body, nil
}
