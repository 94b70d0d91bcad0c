package cap

import (
	"bytes"
	"crypto/x509"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/xmltext"
)

// Options say what the document itself may not.
type Options struct {
	ContentType string
	URL         string
	Zone        *time.Location
	// Trusted are the certificates, or authorities, that signatures are checked
	// against at the time Now; without any they are not.
	Trusted []*x509.Certificate
	Now     time.Time
}

// A Document is what an address gave: alerts, links to alerts, or both.
type Document struct {
	Records []source.Record
	Links   []Link
	// Cut says that the document breaks off: what follows is missing.
	Cut bool
}

// A Link is an entry of an index.
type Link struct {
	URL string
	// ID is the entry's identifier, Version changes when the entry does.
	ID, Version string
}

// namespace begins that of every version of CAP.
const namespace = "urn:oasis:names:tc:emergency:cap:"

// maxAlerts bounds the alerts and links of one document.
const maxAlerts = 5000

// Looks reports whether a body is an alert or an index that names CAP.
func Looks(body []byte, contentType string) bool {
	text, err := xmltext.Clean(body, contentType)
	if err != nil || text[0] != '<' {
		return false
	}
	if strings.Contains(contentType, "cap+xml") || bytes.Contains(text, []byte("application/cap+xml")) {
		return true
	}
	return bytes.Contains(text, []byte(namespace)) || bytes.Contains(text[:min(len(text), 512)], []byte("http://www.incident.com/cap/1.0"))
}

// Parse reads a document. Its errors hold no part of it.
func Parse(body []byte, opt Options) (*Document, error) {
	text, err := xmltext.Clean(body, opt.ContentType)
	if err != nil {
		return nil, fmt.Errorf("cap: %w", err)
	}
	if text[0] != '<' {
		return nil, errors.New("cap: not XML")
	}
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	base, err := url.Parse(opt.URL)
	if err != nil {
		base = &url.URL{}
	}
	p := newParser(text, opt, base)
	if err := p.run(); err != nil || p.doc.Cut {
		mended := newParser(xmltext.Repair(text), opt, base)
		switch again := mended.run(); {
		case again == nil && (err != nil || !mended.doc.Cut):
			p = mended
		case err != nil:
			return nil, fmt.Errorf("cap: %w", xmltext.Broken(err, body, text))
		}
	}
	verifier{trusted: opt.Trusted, now: opt.Now, zone: opt.Zone}.judge(body, p.doc.Records)
	whole := p.doc.Records
	p.doc.Records = make([]source.Record, 0, len(whole))
	for _, r := range whole {
		p.doc.Records = append(p.doc.Records, split(r)...)
	}
	if len(p.doc.Records) > maxAlerts {
		return nil, fmt.Errorf("cap: more than %d alerts", maxAlerts)
	}
	return &p.doc, nil
}

type parser struct {
	opt  Options
	base *url.URL
	dec  *xml.Decoder
	doc  Document
	root string
}

func newParser(text []byte, opt Options, base *url.URL) *parser {
	p := &parser{opt: opt, base: base, dec: xml.NewDecoder(bytes.NewReader(text))}
	p.dec.Strict = false
	p.dec.Entity = xml.HTMLEntity
	return p
}

func (p *parser) run() error {
	for {
		token, err := p.dec.Token()
		if errors.Is(err, io.EOF) {
			return p.done()
		}
		if err != nil {
			return p.salvage(err)
		}
		el, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if p.root == "" {
			p.root = strings.ToLower(el.Name.Local)
		}
		switch name := strings.ToLower(el.Name.Local); {
		case name == "alert":
			err = p.alert(el)
		case name == "entry" || name == "item":
			err = p.entry(el)
		}
		if err != nil {
			return p.salvage(err)
		}
		if len(p.doc.Records)+len(p.doc.Links) > maxAlerts {
			return fmt.Errorf("more than %d alerts", maxAlerts)
		}
	}
}

// salvage keeps the alerts read whole before a document broke off.
func (p *parser) salvage(err error) error {
	if len(p.doc.Records)+len(p.doc.Links) > 0 && p.root != "alert" {
		p.doc.Cut = true
		return nil
	}
	return err
}

func (p *parser) done() error {
	switch p.root {
	case "feed", "rss", "rdf", "alert", "edxldistribution", "alerts":
		return nil
	}
	if len(p.doc.Records) > 0 {
		return nil
	}
	return errors.New("neither an alert nor an index of alerts")
}

func (p *parser) alert(el xml.StartElement) error {
	var a alertXML
	if err := p.dec.DecodeElement(&a, &el); err != nil {
		return err
	}
	alert := a.record(p.opt.Zone)
	page := p.opt.URL
	for _, info := range alert.Infos {
		if info.Web != "" {
			page = info.Web
			break
		}
	}
	p.doc.Records = append(p.doc.Records, source.Record{Item: alert.Identifier, URL: page, Value: alert})
	return nil
}

// entryXML is an Atom entry or an RSS item.
type entryXML struct {
	ID      string `xml:"id"`
	GUID    string `xml:"guid"`
	Updated string `xml:"updated"`
	PubDate string `xml:"pubDate"`
	Links   []struct {
		Href string `xml:"href,attr"`
		Rel  string `xml:"rel,attr"`
		Type string `xml:"type,attr"`
		Text string `xml:",chardata"`
	} `xml:"link"`
	Enclosures []struct {
		URL  string `xml:"url,attr"`
		Type string `xml:"type,attr"`
	} `xml:"enclosure"`
	Alerts []alertXML `xml:"content>alert"`
}

func (p *parser) entry(el xml.StartElement) error {
	var e entryXML
	if err := p.dec.DecodeElement(&e, &el); err != nil {
		return err
	}
	for _, a := range e.Alerts {
		alert := a.record(p.opt.Zone)
		p.doc.Records = append(p.doc.Records, source.Record{Item: alert.Identifier, URL: p.opt.URL, Value: alert})
	}
	if len(e.Alerts) > 0 {
		return nil
	}
	link := p.resolve(e.best())
	if link == "" {
		return nil
	}
	id := strings.TrimSpace(e.ID + e.GUID)
	p.doc.Links = append(p.doc.Links, Link{URL: link, ID: id, Version: id + "\n" + strings.TrimSpace(e.Updated+e.PubDate)})
	return nil
}

// best is the link that most surely leads to an alert.
func (e entryXML) best() string {
	var alternate, any string
	for _, l := range e.Links {
		href := strings.TrimSpace(l.Href + l.Text)
		switch {
		case href == "":
		case strings.Contains(l.Type, "cap+xml"):
			return href
		case alternate == "" && (l.Rel == "" || l.Rel == "alternate"):
			alternate = href
		case any == "" && l.Rel != "self":
			any = href
		}
	}
	for _, enclosure := range e.Enclosures {
		if strings.Contains(enclosure.Type, "cap+xml") {
			return enclosure.URL
		}
	}
	for _, href := range []string{alternate, any, strings.TrimSpace(e.ID), strings.TrimSpace(e.GUID)} {
		if href != "" {
			return href
		}
	}
	return ""
}

func (p *parser) resolve(raw string) string {
	u, err := p.base.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.String()
}
