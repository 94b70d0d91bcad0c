package sign

import (
	"sync"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/channel"
)

// memory keeps what signs ask again and again until it changes. It is safe for
// concurrent use.
type memory struct {
	mu       sync.Mutex
	displays map[string]shown  // by authority/sign
	pages    map[string][]byte // by authority/sign and tag
}

// shown is a display that is right for a version of the shelf, in [from, until[.
type shown struct {
	version     uint64
	from, until time.Time
	display     Display
	on          []events.Delivery
}

const (
	maxDisplays = 10_000
	maxPages    = 4096 // of a few KB
)

// current is what current tells.
func (m *memory) current(shelf channel.Shelf, sign registry.Sign, now time.Time) (Display, []events.Delivery, time.Time) {
	id := sign.Authority + "/" + sign.ID
	version := shelf.Version(Kind, sign.Authority)
	m.mu.Lock()
	had, ok := m.displays[id]
	m.mu.Unlock()
	if ok && had.version == version && !now.Before(had.from) && now.Before(had.until) {
		return had.display, had.on, had.until
	}
	had = shown{version: version, from: now}
	had.display, had.on, had.until = current(shelf, sign.Authority, sign.ID, now)
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.displays) >= maxDisplays {
		clear(m.displays)
	}
	m.displays[id] = had
	return had.display, had.on, had.until
}

// page is what the form writes.
func (m *memory) page(sign registry.Sign, f form) ([]byte, error) {
	id := sign.Authority + "/" + sign.ID + "/" + sign.Name + "/" + f.tag
	m.mu.Lock()
	body, ok := m.pages[id]
	m.mu.Unlock()
	if ok {
		return body, nil
	}
	body, err := f.write()
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.pages) >= maxPages {
		clear(m.pages)
	}
	m.pages[id] = body
	return body, nil
}
