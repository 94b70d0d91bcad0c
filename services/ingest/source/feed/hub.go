package feed

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/url"
	"regexp"
	"strings"

	"github.com/crieur/crieur/services/ingest/fetch"
)

// linkValue is one link of a Link header (RFC 8288 §3).
var (
	linkValue = regexp.MustCompile(`<([^>]*)>((?:\s*;\s*[A-Za-z*]+\s*=\s*(?:"[^"]*"|[^",;\s]*))*)`)
	linkRel   = regexp.MustCompile(`(?i);\s*rel\s*=\s*(?:"([^"]*)"|([^",;\s]*))`)
)

// discover finds the hub of a feed and the address that the hub knows it by: in
// the Link header first, then in the document (WebSub §4). Empty without a hub.
func discover(res *fetch.Response) (hub, topic string) {
	base, err := url.Parse(res.FinalURL)
	if err != nil {
		return "", ""
	}
	found := map[string]string{}
	note := func(rels, address string) {
		u, err := base.Parse(strings.TrimSpace(address))
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return
		}
		for _, rel := range strings.Fields(strings.ToLower(rels)) {
			if found[rel] == "" {
				found[rel] = u.String()
			}
		}
	}
	for _, header := range res.Header.Values("Link") {
		for _, link := range linkValue.FindAllStringSubmatch(header, -1) {
			if rel := linkRel.FindStringSubmatch(link[2]); rel != nil {
				note(rel[1]+rel[2], link[1])
			}
		}
	}
	if found["hub"] == "" {
		links(res, note)
	}
	if found["hub"] == "" {
		return "", ""
	}
	if found["self"] == "" {
		found["self"] = res.FinalURL
	}
	return found["hub"], found["self"]
}

// links reads the links of the document's own, before its first item.
func links(res *fetch.Response, note func(rels, address string)) {
	text, err := mend(res.Body, res.ContentType)
	if err != nil {
		return
	}
	if text[0] == '{' {
		var doc struct {
			Self string `json:"feed_url"`
			Hubs []struct {
				URL string `json:"url"`
			} `json:"hubs"`
		}
		if json.Unmarshal(text, &doc) == nil && len(doc.Hubs) > 0 {
			note("hub", doc.Hubs[0].URL)
			note("self", doc.Self)
		}
		return
	}
	if !bytes.Contains(text, []byte("hub")) {
		return
	}
	dec := xml.NewDecoder(bytes.NewReader(text))
	dec.Strict = false
	dec.Entity = xml.HTMLEntity
	for {
		token, err := dec.Token()
		if err != nil {
			return
		}
		el, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch el.Name.Local {
		case "item", "entry":
			return
		case "link":
			var rel, href string
			for _, a := range el.Attr {
				switch a.Name.Local {
				case "rel":
					rel = a.Value
				case "href":
					href = a.Value
				}
			}
			note(rel, href)
		}
	}
}
