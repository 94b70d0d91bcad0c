package console

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/topic"
	"github.com/crieur/crieur/services/curator/item"
	"github.com/crieur/crieur/services/web"
)

// The tabs of the queue.
const (
	tabTodo      = "todo"
	tabScheduled = "scheduled"
	tabPublished = "published"
	tabExpired   = "expired"
	tabRejected  = "rejected"
)

func tabs() []string {
	return []string{tabTodo, tabScheduled, tabPublished, tabExpired, tabRejected}
}

// tabOf is where an item is listed.
func tabOf(it item.Item) string {
	switch it.State {
	case item.Pending, item.Received:
		return tabTodo
	case item.Scheduled:
		if it.Held() {
			return tabPublished
		}
		return tabScheduled
	case item.Published:
		return tabPublished
	case item.Expired:
		return tabExpired
	}
	return tabRejected
}

// farAway is from when on only the day of an end counts.
const farAway = 6 * 24 * time.Hour

// perPage bounds a page of the queue.
const perPage = 40

// list is what the queue shows.
type list struct {
	Authority string
	Tab       string
	Tabs      web.Tabs
	Cards     []card
	Pages     web.Pagination
	Empty     web.EmptyState
	Live      string // address of the events
	Total     int
	Leaving   *leaving
	Aside     *leaving // what was just set aside
	Calendar  string
}

// card is an item, with the others of its incident, in the queue.
type card struct {
	ID, Href, Title, Summary string
	Alert                    bool
	Badges                   []web.Badge
	Marks                    []mark
	Facts                    []string
	Age                      time.Time
	Expires                  time.Time
	Soon, Far                bool // it expires within the hour, or so late that only the day counts
	Scheduled                time.Time
	Twins                    []twin
	Seen                     int // changes of the item that the card shows
	MayReject                bool
}

// mark is a short remark with a tone.
type mark struct {
	Tone web.Tone
	Icon string
	Text string
}

type twin struct{ Title, Href, Source string }

// count is the number of cards of a tab, incidents counted once.
func (d *desktop) count(tab string) int { return len(d.groups(tab)) }

// groups are the items of a tab, those of one incident together, in order.
func (d *desktop) groups(tab string) [][]registry.Entry[item.Item] {
	byIncident := map[string]int{}
	var groups [][]registry.Entry[item.Item]
	for _, e := range d.Desk.Items().List(d.authority.ID) {
		if tabOf(e.Value) != tab {
			continue
		}
		key := e.Value.Stream + " " + e.Value.Message.Incident
		if i, ok := byIncident[key]; ok && tab == tabTodo && e.Value.Message.Incident != "" && !e.Value.Live() {
			groups[i] = append(groups[i], e)
			continue
		}
		byIncident[key] = len(groups)
		groups = append(groups, []registry.Entry[item.Item]{e})
	}
	for _, g := range groups {
		slices.SortStableFunc(g, func(a, b registry.Entry[item.Item]) int { return urgency(a.Value, b.Value) })
	}
	slices.SortStableFunc(groups, func(a, b []registry.Entry[item.Item]) int { return order(tab, a[0].Value, b[0].Value) })
	return groups
}

// urgency puts alerts first, then what is most severe, then the news.
func urgency(a, b item.Item) int {
	return cmp.Or(
		cmp.Compare(classRank(a), classRank(b)),
		cmp.Compare(b.Message.Severity.Rank(), a.Message.Severity.Rank()),
		b.Message.FetchedAt.Compare(a.Message.FetchedAt),
		cmp.Compare(a.ID, b.ID),
	)
}

func classRank(it item.Item) int { return slices.Index(events.Classes(), it.Message.Class) }

func order(tab string, a, b item.Item) int {
	switch tab {
	case tabTodo:
		// What is old from the first reading of a source waits behind the news.
		if a.Message.Backlog != b.Message.Backlog {
			if b.Message.Backlog {
				return -1
			}
			return 1
		}
		return urgency(a, b)
	case tabScheduled:
		return cmp.Or(a.NotBefore.Compare(b.NotBefore), cmp.Compare(a.ID, b.ID))
	}
	return cmp.Or(b.UpdatedAt.Compare(a.UpdatedAt), cmp.Compare(a.ID, b.ID))
}

func (c *Console) queue(w http.ResponseWriter, r *http.Request, d *desktop) {
	l := d.list(r)
	p := d.page(sectionQueue, d.t.T("tab."+l.Tab))
	l.Leaving, l.Aside = c.leaving(r, d), c.aside(r, d)
	p.Bare, p.Data = true, l
	c.renderer.Render(w, r, http.StatusOK, "queue", p)
}

// list builds what a request's parameters tab and page ask for.
func (d *desktop) list(r *http.Request) list {
	tab := r.URL.Query().Get("tab")
	if !slices.Contains(tabs(), tab) {
		tab = tabTodo
	}
	base := "/console/" + d.authority.ID
	l := list{Authority: d.authority.ID, Tab: tab, Tabs: web.Tabs{Label: d.t.T("queue.tabs")}}
	for _, id := range tabs() {
		l.Tabs.Items = append(l.Tabs.Items, web.Link{
			Label: d.t.T("tab." + id), Href: base + "?tab=" + id, Count: d.count(id), Current: id == tab,
		})
	}
	groups := d.groups(tab)
	l.Total = len(groups)
	pages := max(1, (len(groups)+perPage-1)/perPage)
	page, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || page < 1 {
		page = 1
	}
	page = min(page, pages)
	l.Pages = web.Pagination{Page: page, Pages: pages, Base: base + "?tab=" + tab}
	for _, g := range groups[(page-1)*perPage : min(page*perPage, len(groups))] {
		l.Cards = append(l.Cards, d.card(g))
	}
	l.Live = base + "/live?" + url.Values{"tab": {tab}, "page": {strconv.Itoa(page)}, "lang": {d.t.Language}}.Encode()
	if tab == tabScheduled || tab == tabPublished {
		l.Calendar = base + "/" + sectionCalendar
	}
	l.Empty = web.EmptyState{Icon: "check", Title: d.t.T("empty." + tab), Text: d.t.T("empty." + tab + ".text")}
	return l
}

func itemPath(it item.Item) string {
	return "/console/" + it.Authority + "/items/" + it.Stream + "/" + it.ID
}

func (d *desktop) card(g []registry.Entry[item.Item]) card {
	it := g[0].Value
	content := it.Content()
	k := card{
		ID: it.ID, Href: itemPath(it), Title: content.Title, Summary: short(cmp.Or(content.Summary, content.Text)),
		Alert: alert(it), Badges: append(badges(it), differing(it)...), Marks: d.marks(it), Facts: d.facts(it, g[1:]),
		Age: it.Message.FetchedAt, Seen: it.Changes,
		MayReject: it.State == item.Pending && !it.Live() && d.mayPublish(),
	}
	if it.State == item.Scheduled {
		k.Scheduled = it.NotBefore
	}
	if it.Last != nil {
		k.Facts = append(k.Facts, d.delivered(it)...)
	}
	if !it.State.Ended() {
		k.Expires, k.Soon, k.Far = it.Expires, it.Expires.Sub(d.now()) < time.Hour, it.Expires.Sub(d.now()) > farAway
	}
	for _, e := range g[1:] {
		k.Twins = append(k.Twins, twin{e.Value.Content().Title, itemPath(e.Value), d.sourceName(e.Value.Message.Authority, e.Value.Message.Source)})
	}
	return k
}

func alert(it item.Item) bool { return it.Message.Class == events.ClassAlert }

// badges are an item's class and severity.
func badges(it item.Item) []web.Badge {
	var list []web.Badge
	if it.Message.Status != events.StatusActual {
		list = append(list, "exercise")
	}
	if it.Message.Class != events.ClassService {
		list = append(list, web.Badge(it.Message.Class))
	}
	switch it.Message.Severity {
	case events.SeverityExtreme, events.SeveritySevere, events.SeverityModerate:
		list = append(list, web.Badge(strings.ToLower(string(it.Message.Severity))))
	}
	return list
}

// differing is the state of an item where its tab does not say it.
func differing(it item.Item) []web.Badge {
	if b := stateBadge(it); b == "cancelled" || b == "rejected" || b == "corrected" {
		return []web.Badge{b}
	}
	return nil
}

// marks say what an officer must know before anything else.
func (d *desktop) marks(it item.Item) []mark {
	var list []mark
	add := func(tone web.Tone, icon, key string, args ...any) {
		list = append(list, mark{tone, icon, d.t.T(key, args...)})
	}
	rules, ok := d.Desk.Rules(it.Authority, it.Stream)
	if n := len(it.Approvals); n > 0 && ok && it.State == item.Pending {
		add(web.Info, "users", "mark.approvals", "n", n, "needed", it.Needed(rules))
	}
	switch {
	case it.Cancelled:
		add(web.Danger, "cross", "mark.cancelled")
	case it.State == item.Pending && it.Live():
		add(web.Warning, "edit", "mark.correction")
	case it.Changed:
		add(web.Warning, "edit", "mark.changed")
	}
	if it.State == item.Covered {
		add(web.Neutral, "merge", "mark.covered")
	}
	if it.Message.Backlog && it.State == item.Pending {
		add(web.Neutral, "hourglass", "mark.backlog")
	}
	if it.Outgoing != nil || it.Held() {
		add(web.Info, "send", "mark.outgoing")
	}
	return list
}

// facts say where an item comes from and whom it is for.
func (d *desktop) facts(it item.Item, twins []registry.Entry[item.Item]) []string {
	m := it.Message
	source := d.sourceName(m.Authority, m.Source)
	if m.Authority != it.Authority {
		source += " (" + d.authorityName(m.Authority) + ")"
	}
	others := len(twins)
	if others == 0 {
		others = len(m.Origin) - 1
	}
	if others > 0 {
		source += " " + d.t.T("fact.sources", "n", others)
	}
	list := []string{source, topic.Name(m.Topic, d.t.Language)}
	if area := areaNames(m.Areas); area != "" {
		list = append(list, area)
	}
	return append(list, d.t.T("fact.stream", "stream", d.streamName(it.Stream)))
}

// maxAreas bounds the names of areas in one line.
const maxAreas = 3

func areaNames(areas []events.Area) string {
	var names []string
	for _, a := range areas {
		if name := cmp.Or(a.Place, a.Name); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) > maxAreas {
		return strings.Join(names[:maxAreas], ", ") + "…"
	}
	return strings.Join(names, ", ")
}

func (d *desktop) authorityName(id string) string {
	if a, ok := d.Authorities.Get(id); ok {
		return a.Name
	}
	return id
}

func (d *desktop) sourceName(authority, id string) string {
	if id == sourceConsole {
		return d.t.T("source.console")
	}
	if s, ok := d.Sources.Get(authority, id); ok {
		return s.Name
	}
	return id
}

// maxSummary is how much of a text a card shows, in characters.
const maxSummary = 240

// short cuts a text at a word.
func short(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	runes := []rune(text)
	if len(runes) <= maxSummary {
		return text
	}
	cutAt := string(runes[:maxSummary])
	if i := strings.LastIndexByte(cutAt, ' '); i > maxSummary/2 {
		cutAt = cutAt[:i]
	}
	return cutAt + "…"
}

func cut(actor string) (kind, id string, both bool) { return strings.Cut(actor, ":") }
