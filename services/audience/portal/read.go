package portal

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/audience/seal"
	"github.com/crieur/crieur/services/web"
)

// home lets one choose a commune.
func (p *Portal) home(w http.ResponseWriter, r *http.Request, b *Backend) error {
	t := p.pages.Translator(r)
	query := strings.TrimSpace(r.URL.Query().Get("q"))
	found, unknown := p.search(b, query)
	page := web.Page{Title: t.T("home.title"), Lede: t.T("home.lede")}
	page.Data = struct {
		Query    string
		Found    []registry.Authority
		Unknown  []string
		Searched bool
	}{query, found, unknown, query != ""}
	p.pages.Render(w, r, http.StatusOK, "home", page)
	return nil
}

const maxFound = 24

// search finds the authorities of a name or a post code: those so named, those
// of the communes so named, and those they belong to. unknown are communes
// that nobody serves here.
func (p *Portal) search(b *Backend, query string) (found []registry.Authority, unknown []string) {
	folded := territory.Fold(query)
	var communes []territory.Commune
	if len([]rune(query)) >= 2 {
		communes = territory.France().Search(query, maxFound)
	}
	served := map[string]bool{}
	for _, a := range b.Authorities.All() {
		hit := query == "" || len(folded) >= 2 && strings.Contains(territory.Fold(a.Name), folded)
		for _, c := range communes {
			if slices.Contains(a.INSEE, c.Code) {
				hit, served[c.Code] = true, true
			}
		}
		if hit && len(found) < maxFound {
			found = append(found, a)
		}
	}
	for _, c := range communes {
		if !served[c.Code] && len(unknown) < 5 {
			unknown = append(unknown, c.Name+" ("+c.Departement+")")
		}
	}
	wider := func(a registry.Authority) int { return len(a.INSEE) } // a commune before what it belongs to
	slices.SortStableFunc(found, func(x, y registry.Authority) int {
		if query != "" && wider(x) != wider(y) {
			return wider(x) - wider(y)
		}
		return strings.Compare(territory.Fold(x.Name), territory.Fold(y.Name))
	})
	return found, unknown
}

// commune shows what is current.
func (p *Portal) commune(w http.ResponseWriter, r *http.Request, b *Backend) error {
	a, err := p.authority(r, b)
	if err != nil {
		return err
	}
	t := p.pages.Translator(r)
	chosen := r.URL.Query().Get("flux")
	tabs := web.Tabs{Label: t.T("commune.streams"), Items: []web.Link{{Label: t.T("commune.all"), Href: "/c/" + a.ID, Current: chosen == ""}}}
	public := map[string]bool{}
	for _, s := range b.Streams.All(a.ID) {
		if !s.Public {
			continue
		}
		public[s.ID] = chosen == "" || chosen == s.ID
		tabs.Items = append(tabs.Items, web.Link{Label: s.Name, Href: "/c/" + a.ID + "?flux=" + s.ID, Current: chosen == s.ID})
	}
	var alerts, news, diary []web.Card
	current := p.board.current(a.ID, func(s string) bool { return public[s] }, p.cfg.Now())
	for _, pub := range current {
		card := p.card(t, a, pub)
		switch w := weight(pub); {
		case w > 0:
			alerts = append(alerts, card)
		case w == 0:
			news = append(news, card)
		default:
			diary = append(diary, card)
		}
	}
	page := p.page(r, a, t.T("commune.title", "name", a.Name))
	page.Lede = t.T("commune.lede")
	followed := p.following(t, b, a, current)
	if followed.Any() {
		page.Alternates = []web.Alternate{
			{Type: "application/rss+xml", Title: a.Name, Href: "/feeds/" + a.ID + ".rss"},
			{Type: "application/feed+json", Title: a.Name, Href: "/feeds/" + a.ID + ".json"},
			{Type: "text/calendar", Title: a.Name, Href: "/feeds/" + a.ID + ".ics"},
		}
	}
	page.Data = struct {
		ID          string
		Alerts      []web.Card
		News, Diary shelf
		Tabs        web.Tabs
		Empty       web.EmptyState
		Follow      follow
		Parent      web.Link
	}{a.ID, alerts, newShelf(news), newShelf(diary), tabs, web.EmptyState{
		Icon: "check", Title: t.T("commune.quiet"), Text: t.T("commune.quiet.text"),
		Actions: []web.Action{{Label: t.T("nav.subscribe"), Href: "/c/" + a.ID + "/abonnement", Kind: web.Primary, Icon: "bell"}},
	}, followed, p.parent(b, a)}
	p.pages.Render(w, r, http.StatusOK, "commune", page)
	return nil
}

// shelf is a list of which the first are seen at once.
type shelf struct{ First, Rest []web.Card }

// firstShown of a list are read without opening the rest.
const firstShown = 5

// newShelf hides no rest of one, which takes as much room as its summary.
func newShelf(all []web.Card) shelf {
	if len(all) <= firstShown+1 {
		return shelf{First: all}
	}
	return shelf{all[:firstShown], all[firstShown:]}
}

func (p *Portal) parent(b *Backend, a registry.Authority) web.Link {
	if up, ok := b.Authorities.Get(a.Parent); ok && a.Parent != "" {
		return web.Link{Label: up.Name, Href: "/c/" + up.ID}
	}
	return web.Link{}
}

func (p *Portal) hasFeed(b *Backend, authority string) bool {
	for _, ch := range b.Channels.All(authority) {
		if ch.Kind == "feed" {
			return true
		}
	}
	return false
}

func badges(p events.Publication) []web.Badge {
	var list []web.Badge
	if p.Status != events.StatusActual && p.Status != "" {
		list = append(list, "exercise")
	}
	switch {
	case p.MsgType == events.MsgCancel:
		return append(list, "cancelled") // what it was alarms nobody any more
	case p.Revision > 1:
		list = append(list, "corrected")
	}
	if p.Class == events.ClassAlert {
		list = append(list, "alert")
		if p.Severity.Rank() > 0 {
			list = append(list, web.Badge(strings.ToLower(string(p.Severity))))
		}
	}
	return list
}

func (p *Portal) card(t *web.Translator, a registry.Authority, pub events.Publication) web.Card {
	c := web.Card{
		Title: pub.Content.Title, Href: "/c/" + a.ID + "/p/" + pub.ID, Badges: badges(pub), When: pub.At,
		Lead: said(when(t, pub), place(pub)), Summary: summary(pub.Content, 220), Facts: said(topicName(t, pub.Topic), attribution(pub)),
	}
	if pub.Class == events.ClassAlert && pub.MsgType != events.MsgCancel {
		c.Tone = "alert"
		c.Summary = cmp.Or(pub.Content.Instruction, c.Summary) // what to do comes before what happens
	}
	return c
}

// said leaves out what there is nothing to say of.
func said(texts ...string) []string {
	return slices.DeleteFunc(texts, func(s string) bool { return s == "" })
}

// when is the time of the subject in words, as short as it can be.
func when(t *web.Translator, p events.Publication) string {
	switch {
	case p.Onset != nil && p.Ends != nil && t.Date(*p.Onset) == t.Date(*p.Ends):
		return t.Date(*p.Onset) + ", " + t.Clock(*p.Onset) + " – " + t.Clock(*p.Ends)
	case p.Onset != nil && p.Ends != nil:
		return t.T("when.between", "from", t.DateTime(*p.Onset), "to", t.DateTime(*p.Ends))
	case p.Onset != nil:
		return t.T("when.from", "from", t.DateTime(*p.Onset))
	case p.Ends != nil:
		return t.T("when.until", "to", t.DateTime(*p.Ends))
	}
	return ""
}

func place(p events.Publication) string {
	if p.Content.Place != "" {
		return p.Content.Place
	}
	for _, a := range p.Areas {
		if a.Place != "" {
			return a.Place
		}
		if a.Name != "" {
			return a.Name
		}
	}
	return ""
}

func attribution(p events.Publication) string {
	for _, o := range p.Origin {
		if o.Attribution != "" {
			return o.Attribution
		}
	}
	return ""
}

func summary(c events.Content, most int) string {
	s := c.Summary
	if s == "" {
		s, _, _ = strings.Cut(c.Text, "\n\n")
	}
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	cut := strings.TrimRight(string(runes[:most]), " ,;:")
	if i := strings.LastIndexByte(cut, ' '); i > most/2 {
		cut = cut[:i]
	}
	return cut + "…"
}

// paragraphs splits plain text as it is written.
func paragraphs(text string) []string {
	var list []string
	for part := range strings.SplitSeq(text, "\n\n") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// topicName is a topic in words: its slug where the catalogue has none.
func topicName(t *web.Translator, slug string) string {
	if name := t.T("topic." + slug); name != "topic."+slug {
		return name
	}
	words := strings.ReplaceAll(slug, "-", " ")
	if words == "" {
		return ""
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// revisions finds a publication of an authority.
func (p *Portal) revisions(r *http.Request, b *Backend) (registry.Authority, []events.Publication, error) {
	a, err := p.authority(r, b)
	if err != nil {
		return a, nil, err
	}
	list, err := p.board.find(r.Context(), b.JetStream, r.PathValue("id"))
	if err == nil && (len(list) == 0 || list[0].Authority != a.ID || list[len(list)-1].NotBefore.After(p.cfg.Now()) && len(list) == 1) {
		err = errNotFound
	}
	return a, list, err
}

// publication shows one, with where it comes from and the proof of it.
func (p *Portal) publication(w http.ResponseWriter, r *http.Request, b *Backend) error {
	a, list, err := p.revisions(r, b)
	if err != nil {
		return err
	}
	t := p.pages.Translator(r)
	last := list[len(list)-1]
	all := versions(t, last)
	page := p.page(r, a, all[0].Content.Title)
	page.Breadcrumb = []web.Link{{Label: a.Name, Href: "/c/" + a.ID}}
	sealed, err := p.cfg.Sealer.Seal(p.document(a, last))
	if err != nil {
		return err
	}
	self := "/c/" + a.ID + "/p/" + last.ID
	stream, _ := b.Streams.Get(a.ID, last.Stream)
	page.Data = struct {
		Badges    []web.Badge
		Main      version
		Others    []version
		Feeds     []web.Link
		Alert     string // the CAP message
		Facts     web.Summary
		Sources   []events.Provenance
		History   web.Timeline
		Seal      seal.Sealed
		Self      string
		Short     string
		Cancelled bool
		Expired   bool
		Reason    string
		Subscribe string
	}{
		Badges: badges(last), Main: all[0], Others: all[1:], Feeds: p.feedsOf(t, b, a, stream, last), Alert: p.capOf(b, a, stream, last),
		Facts: p.summaryOf(t, last, stream), Sources: last.Origin, History: history(t, list), Seal: sealed, Self: self,
		Short: p.shortAddress(last), Cancelled: last.MsgType == events.MsgCancel,
		Expired: !p.cfg.Now().Before(last.Expires), Reason: last.Reason, Subscribe: "/c/" + a.ID + "/abonnement",
	}
	p.pages.Render(w, r, http.StatusOK, "publication", page)
	return nil
}

// capOf is where the CAP message of an alert that is current is, "" for none.
func (p *Portal) capOf(b *Backend, a registry.Authority, s registry.Stream, pub events.Publication) string {
	if pub.Class != events.ClassAlert || !s.Public || !p.hasFeed(b, a.ID) || !p.cfg.Now().Before(pub.Expires) {
		return ""
	}
	return fmt.Sprintf("/feeds/%s/cap/%s.%d.xml", a.ID, pub.ID, pub.Revision)
}

func (p *Portal) summaryOf(t *web.Translator, pub events.Publication, s registry.Stream) web.Summary {
	var rows []web.SummaryRow
	add := func(key string, value any) {
		if value != "" {
			rows = append(rows, web.SummaryRow{Term: t.T(key), Value: value})
		}
	}
	add("pub.topic", topicName(t, pub.Topic))
	add("pub.where", place(pub))
	add("pub.when", when(t, pub))
	add("pub.at", t.DateTime(pub.At))
	add("pub.expires", t.DateTime(pub.Expires))
	add("pub.stream", s.Name)
	return web.Summary{Rows: rows}
}

// history tells each revision, the latest first.
func history(t *web.Translator, list []events.Publication) web.Timeline {
	var tl web.Timeline
	for _, p := range slices.Backward(list) {
		e := web.TimelineEntry{When: p.At, What: t.T("history.published"), Icon: "send", Tone: web.Success}
		switch {
		case p.MsgType == events.MsgCancel:
			e.What, e.Icon, e.Tone = t.T("history.cancelled"), "cross", web.Neutral
		case p.Revision > 1:
			e.What, e.Icon, e.Tone = t.T("history.corrected", "n", p.Revision), "edit", web.Warning
		}
		e.Detail = p.Reason
		if e.Detail == "" && len(list) > 1 {
			e.Detail = p.Content.Title
		}
		tl.Entries = append(tl.Entries, e)
	}
	if first := list[0]; !first.SourceAt.IsZero() {
		tl.Entries = append(tl.Entries, web.TimelineEntry{When: first.SourceAt, What: t.T("history.source"), Who: attribution(first), Icon: "inbox"})
	}
	return tl
}

func (p *Portal) document(a registry.Authority, pub events.Publication) seal.Document {
	return seal.Of(pub, a.Name, p.cfg.PublicURL+"/c/"+a.ID+"/p/"+pub.ID)
}
