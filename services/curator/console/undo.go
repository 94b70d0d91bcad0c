package console

import (
	"net/http"
	"strings"
	"time"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/item"
)

// paramLeft names what an officer has just approved, as <stream>/<item>.
const paramLeft = "left"

// leaving is what was just approved: until it leaves it can be taken back.
type leaving struct {
	Title, Href string
	Seen        int           // changes of the item that this is about
	Left        time.Duration // until it leaves; 0: it has left
}

// Millis is for the script that counts down.
func (l leaving) Millis() int64 { return l.Left.Milliseconds() }

// Seconds is for the reader, at least one.
func (l leaving) Seconds() int { return int((l.Left + time.Second - 1) / time.Second) }

// paramAside names what an officer has just set aside, likewise.
const paramAside = "aside"

// aside finds what the address says was just set aside, nil when something else
// became of it.
func (c *Console) aside(r *http.Request, d *desktop) *leaving {
	it, ok := c.named(r, d, paramAside)
	if !ok || it.State != item.Rejected {
		return nil
	}
	return &leaving{Title: it.Content().Title, Href: itemPath(it), Seen: it.Changes}
}

// named reads the item that a parameter of the address names.
func (c *Console) named(r *http.Request, d *desktop, param string) (item.Item, bool) {
	stream, id, ok := strings.Cut(r.URL.Query().Get(param), "/")
	if !ok {
		return item.Item{}, false
	}
	it, err := d.Desk.Get(r.Context(), registry.Key{d.authority.ID, stream, id})
	if err != nil {
		if !notFound(err) {
			c.cfg.Logger.WarnContext(r.Context(), "what was just approved", "authority", d.authority.ID, "err", err)
		}
		return item.Item{}, false
	}
	return it, true
}

// leaving finds what the address says was just approved, nil when it names
// nothing, or something else became of it.
func (c *Console) leaving(r *http.Request, d *desktop) *leaving {
	it, ok := c.named(r, d, paramLeft)
	if !ok {
		return nil
	}
	l := &leaving{Title: it.Content().Title, Href: itemPath(it), Seen: it.Changes}
	switch left := it.NotBefore.Sub(d.now()); {
	case it.State == item.Published || it.Outgoing != nil:
	case it.State == item.Scheduled && left <= c.cfg.UndoWithin:
		l.Left = max(left, 0)
	default:
		return nil
	}
	return l
}
