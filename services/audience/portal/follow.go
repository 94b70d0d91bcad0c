package portal

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/web"
)

// follow is what can be followed without an address: the feeds of an
// authority, as package feed of publisher serves them.
type follow struct {
	Forms                  []web.Link // all of it, in each form
	Streams, Topics, Areas []web.Link
}

// Any reports whether there is anything to follow.
func (f follow) Any() bool { return len(f.Forms) > 0 }

// maxAreas bounds the communes whose feeds are listed.
const maxAreas = 100

// following lists the feeds of an authority that has a channel for them: those
// of its public streams, of the topics that these are about or speak of now,
// and of its communes where it has several.
func (p *Portal) following(t *web.Translator, b *Backend, a registry.Authority, current []events.Publication) follow {
	if !p.hasFeed(b, a.ID) {
		return follow{}
	}
	base := "/feeds/" + a.ID
	f := follow{Forms: []web.Link{
		{Label: "RSS", Href: base + ".rss", Icon: "rss"},
		{Label: "Atom", Href: base + ".atom", Icon: "rss"},
		{Label: "JSON Feed", Href: base + ".json", Icon: "rss"},
		{Label: t.T("follow.calendar"), Href: base + ".ics", Icon: "calendar"},
		{Label: t.T("follow.alerts"), Href: base + ".cap", Icon: "alert"},
	}}
	topics := map[string]bool{}
	for _, s := range b.Streams.All(a.ID) {
		if !s.Public {
			continue
		}
		f.Streams = append(f.Streams, web.Link{Label: s.Name, Href: base + "/" + s.ID + ".rss", Icon: "rss"})
		for _, topic := range s.Topics {
			topics[topic] = true
		}
	}
	for _, pub := range current {
		topics[pub.Topic] = true
	}
	for topic := range topics {
		if topic != "" {
			f.Topics = append(f.Topics, web.Link{Label: topicName(t, topic), Href: base + "/topic/" + topic + ".rss", Icon: "rss"})
		}
	}
	if len(a.INSEE) > 1 && len(a.INSEE) <= maxAreas {
		for _, code := range a.INSEE {
			if c, ok := territory.France().Commune(code); ok {
				f.Areas = append(f.Areas, web.Link{Label: c.Name, Href: base + "/area/" + code + ".rss", Icon: "pin"})
			}
		}
	}
	for _, list := range [][]web.Link{f.Streams, f.Topics, f.Areas} {
		slices.SortFunc(list, func(x, y web.Link) int { return strings.Compare(territory.Fold(x.Label), territory.Fold(y.Label)) })
	}
	return f
}

// feeds is the page of what can be followed: where /feeds/<authority> leads.
func (p *Portal) feeds(w http.ResponseWriter, r *http.Request, b *Backend) error {
	a, err := p.authority(r, b)
	if err != nil {
		return err
	}
	t := p.pages.Translator(r)
	public := func(stream string) bool { s, ok := b.Streams.Get(a.ID, stream); return ok && s.Public }
	f := p.following(t, b, a, p.board.current(a.ID, public, p.cfg.Now()))
	if !f.Any() {
		return errNotFound
	}
	page := p.page(r, a, t.T("commune.feeds"))
	page.Lede, page.Breadcrumb, page.Data = t.T("commune.feeds.text"), []web.Link{{Label: a.Name, Href: "/c/" + a.ID}}, f
	p.pages.Render(w, r, http.StatusOK, "flux", page)
	return nil
}

// feedsOf are the feeds that a publication is in, nearest to it first.
func (p *Portal) feedsOf(t *web.Translator, b *Backend, a registry.Authority, s registry.Stream, pub events.Publication) []web.Link {
	if !p.hasFeed(b, a.ID) || !s.Public {
		return nil
	}
	base := "/feeds/" + a.ID
	topic := base + "/topic/" + pub.Topic
	list := []web.Link{{Label: t.T("follow.topic", "topic", topicName(t, pub.Topic)), Href: topic + ".rss", Icon: "rss"}}
	if pub.Onset != nil {
		list = append(list, web.Link{Label: t.T("follow.topic.calendar", "topic", topicName(t, pub.Topic)), Href: topic + ".ics", Icon: "calendar"})
	}
	return append(list, web.Link{Label: t.T("follow.stream", "stream", s.Name), Href: base + "/" + s.ID + ".rss", Icon: "rss"})
}

// manifestPath is where the web app of an authority is described; with
// notifications, it opens on that page: telephones of Apple give them to a page
// on the home screen only.
func manifestPath(authority string, notifications bool) string {
	path := "/c/" + authority + "/manifest.webmanifest"
	if notifications {
		path += "?notifications=1"
	}
	return path
}

// manifest describes the web app. https://www.w3.org/TR/appmanifest/
func (p *Portal) manifest(w http.ResponseWriter, r *http.Request, b *Backend) error {
	a, err := p.authority(r, b)
	if err != nil {
		return err
	}
	theme := web.Authority{Color: a.Theme.Colour}.Theme()
	type icon struct {
		Src     string `json:"src"`
		Sizes   string `json:"sizes"`
		Type    string `json:"type"`
		Purpose string `json:"purpose"`
	}
	m := struct {
		ID         string `json:"id"`
		Name       string `json:"name"`
		ShortName  string `json:"short_name"`
		Lang       string `json:"lang"`
		StartURL   string `json:"start_url"`
		Scope      string `json:"scope"`
		Display    string `json:"display"`
		Background string `json:"background_color"`
		Theme      string `json:"theme_color"`
		Icons      []icon `json:"icons"`
	}{
		ID: "/c/" + a.ID, Name: a.Name, ShortName: a.Name, Lang: "fr", StartURL: "/c/" + a.ID, Scope: "/c/" + a.ID,
		Display: "standalone", Background: "#f6f3ec", Theme: theme.Brand,
	}
	if r.URL.Query().Get("notifications") != "" {
		m.StartURL = notificationsPath(a.ID)
	}
	for _, size := range []struct {
		side  int
		sizes string
	}{{192, "192x192"}, {512, "512x512"}} {
		m.Icons = append(m.Icons, icon{theme.IconPath(size.side), size.sizes, "image/png", "any maskable"})
	}
	w.Header().Set("Content-Type", "application/manifest+json")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	return json.NewEncoder(w).Encode(m)
}
