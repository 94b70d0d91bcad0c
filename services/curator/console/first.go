package console

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/item"
)

// paramFirst asks the page of a source for its first reading, and counts how
// often that was looked at.
const paramFirst = "first"

const (
	// maxLooks bounds how often a page asks again: two minutes.
	maxLooks = 60
	// firstShown bounds the messages of a first reading.
	firstShown = 6
)

// firstView is what a new source has given so far.
type firstView struct {
	Again   string // where to ask again, "" when there is no more to come
	Waiting bool   // it was not read yet
	Words   string // what went wrong
	Read    int    // informations read
	Streams []firstStream
	Items   []twin
	More    int
}

// firstStream is what a stream has of it.
type firstStream struct {
	Name, Href string
	Items      int
	Automatic  bool
}

// first is the state of a source's first reading, after some looks.
func (d *desktop) first(s registry.Source, looks int) *firstView {
	h, _ := d.Health.Get(s.Authority, s.ID)
	v := &firstView{Waiting: h.LastAttempt.IsZero(), Read: h.Items}
	if h.ErrorStreak > 0 {
		v.Words = d.sourceReason(h.LastReason)
	}
	byStream := map[string]int{}
	for _, e := range d.Desk.Items().List(d.authority.ID) {
		it := e.Value
		if it.Message.Authority != s.Authority || it.Message.Source != s.ID || it.State == item.Rejected {
			continue
		}
		byStream[it.Stream]++
		if len(v.Items) == firstShown {
			v.More++
			continue
		}
		v.Items = append(v.Items, twin{it.Content().Title, itemPath(it), d.streamName(it.Stream)})
	}
	for id, n := range byStream {
		st, _ := d.Streams.Get(d.authority.ID, id)
		v.Streams = append(v.Streams, firstStream{d.streamName(id), d.streamsPath() + "/" + id, n, st.Policy == registry.Automatic})
	}
	slices.SortFunc(v.Streams, func(a, b firstStream) int { return byName(a.Name, b.Name) })
	if looks < maxLooks && len(v.Items) == 0 && !s.Paused {
		v.Again = d.sourcesPath() + "/" + s.ID + "/first?" + paramFirst + "=" + strconv.Itoa(looks+1)
	}
	return v
}

// looks is how often the first reading was looked at, 0 when not asked for.
func looks(r *http.Request) int {
	n, err := strconv.Atoi(r.URL.Query().Get(paramFirst))
	if err != nil {
		return 0
	}
	return max(n, 0)
}

// firstPart is the first reading alone, for the page that waits for it.
func (c *Console) firstPart(w http.ResponseWriter, r *http.Request, d *desktop) {
	s, _, ok := c.findSource(w, r, d)
	if !ok {
		return
	}
	c.part(w, r, "source#first", d.first(s, max(looks(r), 1)))
}
