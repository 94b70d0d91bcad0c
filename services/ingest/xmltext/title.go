package xmltext

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
)

// Title reads what a feed, an index of alerts or an alert calls itself, before
// its first item; "" when it does not say.
func Title(body []byte, contentType string) string {
	text, err := Clean(body, contentType)
	if err != nil {
		return ""
	}
	if text[0] == '{' {
		var doc struct {
			Title string `json:"title"`
		}
		_ = json.Unmarshal(text, &doc) // a document without title and one that cannot be read say nothing
		return doc.Title
	}
	dec := xml.NewDecoder(bytes.NewReader(text))
	dec.Strict = false
	dec.Entity = xml.HTMLEntity
	for {
		token, err := dec.Token()
		if err != nil {
			return ""
		}
		el, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch el.Name.Local {
		case "item", "entry", "area":
			return ""
		case "title", "senderName":
			var title struct {
				Text string `xml:",chardata"`
			}
			if dec.DecodeElement(&title, &el) != nil {
				return ""
			}
			return title.Text
		}
	}
}
