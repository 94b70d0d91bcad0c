package console

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/web"
)

// broker wakes the open pages of an authority.
type broker struct {
	mu        sync.Mutex
	listeners map[string]map[chan struct{}]bool
}

func (b *broker) join(authority string) (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.listeners[authority] == nil {
		b.listeners[authority] = map[chan struct{}]bool{}
	}
	b.listeners[authority][ch] = true
	return ch, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.listeners[authority], ch)
		if len(b.listeners[authority]) == 0 {
			delete(b.listeners, authority)
		}
	}
}

// Changed tells the open pages of an authority that something changed.
func (c *Console) Changed(authority string) {
	c.live.mu.Lock()
	defer c.live.mu.Unlock()
	for ch := range c.live.listeners[authority] {
		select {
		case ch <- struct{}{}:
		default: // it will look anyway
		}
	}
}

// gather is how long changes that come together wait for one another.
const gather = 250 * time.Millisecond

// events sends the list of the queue again when it changes.
func (c *Console) events(w http.ResponseWriter, r *http.Request, d *desktop) {
	changed, leave := c.live.join(d.authority.ID)
	defer leave()
	// The browser is gone when this ends; there is nobody to tell.
	_ = web.Events(w, r, func(ctx context.Context, stream *web.EventStream) error {
		shown := ""
		for {
			html, err := c.renderer.Block(r, "queue#list", d.list(r))
			if err != nil {
				c.cfg.Logger.ErrorContext(ctx, "console", "route", r.Pattern, "err", err)
				return err
			}
			if html != shown {
				if err := stream.Send(web.Event{Name: "queue", Data: html}); err != nil {
					return err
				}
				shown = html
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-changed:
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(gather):
			}
			if !d.still(r) {
				return nil
			}
		}
	})
}

// still reports whether who opened a page may still see it.
func (d *desktop) still(r *http.Request) bool {
	_, err := d.sessions.Get(r)
	o, known := d.Officers.Get(d.officer.ID)
	return err == nil && known && !o.Disabled && o.Has(d.authority.ID, registry.Roles()...)
}
