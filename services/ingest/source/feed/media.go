package feed

import (
	"mime"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/atom"
	ext "github.com/mmcdole/gofeed/extensions"

	"github.com/crieur/crieur/events/record"
)

// anyImage is the type of a picture of which no more is known.
const anyImage = "image/*"

// A gallery gathers the media of an item, each address once.
type gallery struct {
	list []record.Media
	seen map[string]bool
}

// add keeps one; what it does not say of its type its address may.
func (g *gallery) add(address, kind, bytes, alt string) {
	kind = strings.ToLower(strings.TrimSpace(kind))
	if address == "" || g.seen[address] {
		return
	}
	if g.seen == nil {
		g.seen = map[string]bool{}
	}
	g.seen[address] = true
	if kind == "" || kind == anyImage {
		if byName := typeByName(address); kind == "" || strings.HasPrefix(byName, "image/") {
			kind = byName
		}
	}
	size, err := strconv.ParseInt(strings.TrimSpace(bytes), 10, 64)
	if err != nil || size < 0 {
		size = 0
	}
	g.list = append(g.list, record.Media{URL: address, Type: kind, Alt: title(alt), Bytes: size})
}

func typeByName(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	kind, _, _ := strings.Cut(mime.TypeByExtension(path.Ext(u.Path)), ";")
	return kind
}

// media are the enclosures of an item, its Media RSS, its picture of iTunes and the
// content that an Atom entry has elsewhere.
func (d document) media(i *gofeed.Item, entry *atom.Entry) []record.Media {
	var g gallery
	for _, enclosure := range i.Enclosures {
		if enclosure != nil {
			g.add(d.resolve(enclosure.URL), enclosure.Type, enclosure.Length, "")
		}
	}
	if entry != nil && entry.Content != nil && entry.Content.Src != "" {
		g.add(d.resolve(entry.Content.Src), entry.Content.Type, "", "")
	}
	for _, group := range mediaOf(i) {
		for _, name := range []string{"content", "thumbnail"} {
			for _, m := range group[name] {
				kind := m.Attrs["type"]
				if kind == "" && (name == "thumbnail" || m.Attrs["medium"] == "image") {
					kind = anyImage
				}
				g.add(d.resolve(m.Attrs["url"]), kind, m.Attrs["fileSize"], said(m.Children, "description", "title"))
			}
		}
	}
	if i.Image != nil {
		g.add(d.resolve(i.Image.URL), anyImage, "", "")
	}
	return g.list
}

// mediaOf are the Media RSS elements of an item, of its groups and of its contents.
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
		if text := said(group, "description"); text != "" {
			return text
		}
	}
	return ""
}

// said is the first text that one of the elements named holds.
func said(elements map[string][]ext.Extension, names ...string) string {
	for _, name := range names {
		for _, e := range elements[name] {
			if text := strings.TrimSpace(e.Value); text != "" {
				return text
			}
		}
	}
	return ""
}
