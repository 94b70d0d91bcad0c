package console

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/curator/item"
	"github.com/crieur/crieur/services/web"
)

const sectionCalendar = "calendar"

const (
	// calendarWeeks is how many weeks a page shows.
	calendarWeeks = 2
	// tooMany is from how many messages a week, alerts apart, a person who has
	// subscribed to everything on one channel may well leave it.
	tooMany = 4
)

// calendarWeek is what left or will leave in a week, and how much that is for
// one person.
type calendarWeek struct {
	Monday, Sunday time.Time
	Days           []calendarDay
	Loads          []calendarLoad
}

type calendarDay struct {
	At      time.Time
	Today   bool
	Entries []calendarEntry
}

type calendarEntry struct {
	At        time.Time
	Title     string
	Href      string
	Alert     bool
	Scheduled bool // it has not left yet
	Channels  []calendarChannel
	personal  []string // channels to people that it takes, by ID
}

type calendarChannel struct{ Name, Icon string }

// calendarLoad is how often a channel writes to those who take everything.
type calendarLoad struct {
	Name, Icon string
	N          int
	TooMany    bool
}

func (c *Console) calendar(w http.ResponseWriter, r *http.Request, d *desktop) {
	zone := d.authority.Location()
	at, err := time.ParseInLocation(time.DateOnly, r.URL.Query().Get("from"), zone)
	if err != nil {
		at = d.now().In(zone)
	}
	first := monday(at)
	base := "/console/" + d.authority.ID + "/" + sectionCalendar + "?from="
	p := d.page(sectionQueue, d.t.T("calendar.title"))
	p.Lede = d.t.T("calendar.lede")
	p.Breadcrumb = []web.Link{{Label: d.t.T("tab." + tabScheduled), Href: "/console/" + d.authority.ID + "?tab=" + tabScheduled}}
	p.Data = struct {
		Weeks         []calendarWeek
		Before, After string
		TooMany       int
	}{
		Weeks: d.weeks(first), TooMany: tooMany,
		Before: base + first.AddDate(0, 0, -7*calendarWeeks).Format(time.DateOnly), After: base + first.AddDate(0, 0, 7*calendarWeeks).Format(time.DateOnly),
	}
	c.renderer.Render(w, r, http.StatusOK, "calendar", p)
}

// monday is the beginning of a day's week.
func monday(t time.Time) time.Time {
	y, m, day := t.Date()
	return time.Date(y, m, day-(int(t.Weekday())+6)%7, 0, 0, 0, 0, t.Location())
}

func (d *desktop) weeks(first time.Time) []calendarWeek {
	entries := d.calendarEntries()
	today := d.now().In(first.Location()).Format(time.DateOnly)
	var list []calendarWeek
	for n := range calendarWeeks {
		from := first.AddDate(0, 0, 7*n)
		w := calendarWeek{Monday: from, Sunday: from.AddDate(0, 0, 6)}
		load := map[string]int{}
		for i := range 7 {
			day := calendarDay{At: from.AddDate(0, 0, i)}
			day.Today = day.At.Format(time.DateOnly) == today
			for _, e := range entries {
				if e.At.Before(day.At) || !e.At.Before(day.At.AddDate(0, 0, 1)) {
					continue
				}
				day.Entries = append(day.Entries, e)
				for _, id := range e.personal {
					load[id]++
				}
			}
			w.Days = append(w.Days, day)
		}
		for _, ch := range d.Channels.All(d.authority.ID) {
			if n := load[ch.ID]; n > 0 {
				w.Loads = append(w.Loads, calendarLoad{ch.Name, channelIcon(ch.Kind), n, n > tooMany})
			}
		}
		slices.SortFunc(w.Loads, func(a, b calendarLoad) int { return byName(a.Name, b.Name) })
		list = append(list, w)
	}
	return list
}

// calendarEntries are what left and what is to leave, in order.
func (d *desktop) calendarEntries() []calendarEntry {
	var list []calendarEntry
	for _, e := range d.Desk.Items().List(d.authority.ID) {
		it := e.Value
		v := calendarEntry{Title: it.Content().Title, Href: itemPath(it), Alert: alert(it), Scheduled: it.State == item.Scheduled}
		var channels []string
		switch {
		case v.Scheduled:
			rules, _ := d.Desk.Rules(it.Authority, it.Stream)
			v.At, channels = it.NotBefore, it.Preview(rules.Stream, d.now()).Channels
		case it.Last != nil && it.Last.MsgType != events.MsgCancel:
			v.At, channels = it.Last.At, it.Last.Channels
		default:
			continue
		}
		for _, id := range channels {
			ch, ok := d.Channels.Get(it.Authority, id)
			if !ok {
				continue
			}
			v.Channels = append(v.Channels, calendarChannel{ch.Name, channelIcon(ch.Kind)})
			if !v.Alert && (ch.Kind == kindPush || contactOf(ch.Kind) != "") {
				v.personal = append(v.personal, id)
			}
		}
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b calendarEntry) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Href, b.Href)) })
	return list
}
