package console

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/item"
	"github.com/crieur/crieur/services/curator/tally"
	"github.com/crieur/crieur/services/web"
)

// withdrawal reports whether a revision of an item took it back, as far as its
// history goes.
func withdrawal(it item.Item, revision int) bool {
	if it.Last.Revision == revision {
		return it.Last.MsgType == events.MsgCancel
	}
	return slices.ContainsFunc(it.History, func(ch item.Change) bool {
		return ch.Action == item.ActionWithdraw && ch.Detail["revision"] == strconv.Itoa(revision)
	})
}

// followed is how long after it was sent a page goes on asking what became of
// a publication: longer would keep alive the session of who has left.
const followed = 10 * time.Minute

// deliveryView is what became of a publication.
type deliveryView struct {
	Versions []web.Table
	Again    string // where to ask again, "" when that is for who reloads
}

// deliveryPart is that alone, for the page that follows it.
func (c *Console) deliveryPart(w http.ResponseWriter, r *http.Request, d *desktop) {
	it, ok := c.find(w, r, d)
	if !ok {
		return
	}
	c.part(w, r, "item#delivery", d.delivery(it))
}

func (d *desktop) delivery(it item.Item) deliveryView {
	v := deliveryView{Versions: d.versions(it)}
	if it.Last != nil && d.now().Sub(it.Last.At) < followed {
		v.Again = itemPath(it) + "/delivery"
	}
	return v
}

// versions is what became of each version of a publication, by channel: the
// one that people read last comes first.
func (d *desktop) versions(it item.Item) []web.Table {
	if it.Last == nil {
		return nil
	}
	counts, _ := d.Tally.Get(it.Authority, it.ID)
	tables := []web.Table{d.version(it, it.Last.Revision, it.Last.Channels, counts)}
	for _, revision := range slices.Backward(slices.Sorted(maps.Keys(counts.Versions))) {
		if revision >= it.Last.Revision {
			continue
		}
		v := counts.Versions[revision]
		channels := slices.DeleteFunc(slices.Sorted(maps.Keys(v)), func(id string) bool {
			return v[id].Sent()+v[id][events.StatusFailed]+v[id][events.StatusUnknown] == 0 // what readers do on the portal
		})
		slices.SortStableFunc(channels, func(a, b string) int { // as in the last version's table
			return cmp.Compare(slices.Index(it.Last.Channels, a), slices.Index(it.Last.Channels, b))
		})
		if len(channels) > 0 {
			tables = append(tables, d.version(it, revision, channels, counts))
		}
	}
	return tables
}

// version has a row a channel. What arrived was sent, and what no channel
// confirms is a dash.
func (d *desktop) version(it item.Item, revision int, channels []string, counts tally.Tally) web.Table {
	table := web.Table{
		Caption: d.versionName(it, revision), CaptionHidden: it.Last.Revision == 1,
		Columns: []web.Column{
			{Label: d.t.T("delivery.channel")},
			{Label: d.t.T("delivery.sent"), Numeric: true},
			{Label: d.t.T("delivery.delivered"), Numeric: true},
			{Label: d.t.T("delivery.failed"), Numeric: true},
			{Label: d.t.T("delivery.unknown"), Numeric: true},
		},
	}
	for _, id := range channels {
		ch, ok := d.Channels.Get(it.Authority, id)
		if !ok {
			ch.Name = id
		}
		n := counts.Versions[revision][id]
		var arrived any = n.Arrived()
		if n.Arrived() == 0 && !registry.Confirms(ch.Kind) {
			arrived = "–"
		}
		table.Rows = append(table.Rows, []any{ch.Name, n.Sent(), arrived, n[events.StatusFailed], n[events.StatusUnknown]})
	}
	return table
}

func (d *desktop) versionName(it item.Item, revision int) string {
	switch {
	case withdrawal(it, revision):
		return d.t.T("delivery.withdrawal")
	case revision == 1:
		return d.t.T("delivery.original")
	}
	return d.t.T("delivery.correction", "n", revision)
}

// delivered sums up, in a fact or two, what became of a publication: for each
// channel, the version that informed most and the one that failed most, as a
// correction goes to whom was told. A withdrawal informs nobody.
func (d *desktop) delivered(it item.Item) []string {
	counts, _ := d.Tally.Get(it.Authority, it.ID)
	informed, failed := map[string]int{}, map[string]int{}
	for revision, v := range counts.Versions {
		if withdrawal(it, revision) {
			continue
		}
		for id, n := range v {
			had := n.Sent()
			if ch, ok := d.Channels.Get(it.Authority, id); ok && registry.Confirms(ch.Kind) {
				had = n.Arrived()
			}
			informed[id], failed[id] = max(informed[id], had), max(failed[id], n[events.StatusFailed])
		}
	}
	var list []string
	if n := sum(informed); n > 0 {
		list = append(list, d.t.T("fact.informed", "n", n))
	}
	if n := sum(failed); n > 0 {
		list = append(list, d.t.T("fact.failed", "n", n))
	}
	return list
}

func sum(counts map[string]int) int {
	all := 0
	for _, n := range counts {
		all += n
	}
	return all
}
