package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"html"
	"io"
	"net/url"
	"strings"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

// parseJSON reads a JSON Feed (https://www.jsonfeed.org/version/1.1/). A field of
// another type than the standard's is read where it makes sense, and else as absent:
// "a reader should be forgiving".
func parseJSON(text []byte, opt Options) ([]source.Record, error) {
	var doc any
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errors.New("feed: cut before its end")
		}
		return nil, errors.New("feed: cannot be read")
	}
	root := object(doc)
	if root["items"] == nil && !strings.Contains(textOf(root["version"]), "jsonfeed.org") {
		return nil, errors.New("feed: not a feed")
	}
	from, err := url.Parse(opt.URL)
	if err != nil {
		from = &url.URL{}
	}
	b := builder{opt: opt, base: site(from, textOf(root["home_page_url"]))}
	var records []source.Record
	for _, item := range list(root["items"]) {
		if r, ok := b.fromJSON(root, object(item)); ok {
			records = append(records, r)
		}
	}
	return records, nil
}

// fromJSON reads an item; ok is false for one that says nothing.
func (b builder) fromJSON(root, item map[string]any) (r source.Record, ok bool) {
	text := func(name string) string { return textOf(item[name]) }
	e := record.Entry{
		Title: title(text("title")), Summary: markup(plainText(text("summary"))), Body: markup(text("content_html")),
		Language: first(text("language"), textOf(root["language"])), Categories: words(texts(item["tags"])),
		Published: date(text("date_published"), nil, b.opt.Zone), Updated: date(text("date_modified"), nil, b.opt.Zone),
	}
	if e.Body == "" {
		e.Body = markup(plainText(text("content_text")))
	}
	for _, address := range []string{text("url"), text("external_url"), text("id")} {
		if e.Link == "" && (address != text("id") || isAddress(address)) {
			e.Link = b.resolve(address)
		}
	}
	for _, from := range []map[string]any{item, root} { // an item without authors has those of its feed
		for _, author := range append(list(from["authors"]), from["author"]) {
			if name := title(first(textOf(object(author)["name"]), textOf(author))); name != "" && !strings.Contains(name, "@") && len(e.Authors) == 0 {
				e.Authors = append(e.Authors, name)
			}
		}
	}
	var m gallery
	for _, attached := range list(item["attachments"]) {
		a := object(attached)
		m.add(b.resolve(textOf(a["url"])), textOf(a["mime_type"]), textOf(a["size_in_bytes"]), textOf(a["title"]))
	}
	for _, name := range []string{"image", "banner_image"} {
		m.add(b.resolve(text(name)), anyImage, "", "")
	}
	e.Media = m.list
	ok = e.Title != "" || e.Summary != "" || e.Body != "" || e.Link != "" || text("id") != "" || len(e.Media) > 0
	return source.Record{Item: strings.TrimSpace(text("id")), URL: e.Link, Value: e}, ok
}

// plainText makes HTML of a text that is none.
func plainText(s string) string {
	if strings.ContainsAny(s, "<&") {
		return html.EscapeString(s)
	}
	return s
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// list is an array, or the one thing written in its place.
func list(v any) []any {
	switch x := v.(type) {
	case nil:
		return nil
	case []any:
		return x
	}
	return []any{v}
}

func texts(v any) []string {
	var out []string
	for _, e := range list(v) {
		out = append(out, textOf(e))
	}
	return out
}

// textOf is a string, or the number written in its place, as it was written.
func textOf(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case json.Number:
		return x.String()
	}
	return ""
}

func first(texts ...string) string {
	for _, s := range texts {
		if s = strings.TrimSpace(s); s != "" {
			return s
		}
	}
	return ""
}
