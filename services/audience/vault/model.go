package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/audience/consent"
)

// Model is the read model of the vault: who exists, sealed, and the bitmaps of
// what they chose. It is safe for concurrent use.
type Model struct {
	master *Master
	index  *consent.Index
	log    *slog.Logger
	ready  chan struct{}
	once   sync.Once

	mu          sync.RWMutex
	pages       []*page
	ordinals    map[uint64]uint32
	authorities []string
	languages   []string
	zones       []string
	locations   []*time.Location  // of zones; nil: the authority's
	codes       map[string]uint32 // who waits for a code, by its publication
}

// NewModel returns an empty model that keeps index up to date.
func NewModel(master *Master, index *consent.Index, log *slog.Logger) *Model {
	return &Model{master: master, index: index, log: log, ready: make(chan struct{}), ordinals: map[uint64]uint32{}, codes: map[string]uint32{}}
}

// Ready is closed once all that is stored was read.
func (m *Model) Ready() <-chan struct{} { return m.ready }

// Len returns the number of subscribers.
func (m *Model) Len() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.ordinals)
}

// Watch follows the bucket until ctx ends.
func (m *Model) Watch(ctx context.Context, kv jetstream.KeyValue) error {
	for {
		if err := m.follow(ctx, kv); err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// follow reads everything, forgets who is gone, then every change. It returns
// nil when the watch ended and is to be made anew.
func (m *Model) follow(ctx context.Context, kv jetstream.KeyValue) error {
	w, err := kv.Watch(ctx, subPrefix+">")
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("vault: watch: %w", err)
	}
	defer func() { _ = w.Stop() }()
	seen := roaring.New()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, open := <-w.Updates():
			switch {
			case !open:
				return nil
			case e == nil:
				m.keepOnly(seen)
				seen = nil
				m.once.Do(func() { close(m.ready) })
			default:
				ordinal := m.take(e)
				if seen != nil && ordinal != 0 {
					seen.Add(ordinal)
				}
			}
		}
	}
}

func (m *Model) take(e jetstream.KeyValueEntry) uint32 {
	id := strings.TrimPrefix(e.Key(), subPrefix)
	if e.Operation() != jetstream.KeyValuePut {
		m.Forget(id)
		return 0
	}
	var r Record
	if err := json.Unmarshal(e.Value(), &r); err != nil || r.ID != id {
		m.log.Error("vault: record cannot be read", "subscriber", id, "err", errors.Join(err, ErrNotFound))
		return 0
	}
	m.Apply(r, e.Revision())
	return r.Ordinal
}

// Apply puts a record of a revision in the model, unless a later one is there.
func (m *Model) Apply(r Record, revision uint64) {
	n, ok := parseID(r.ID)
	if !ok || r.Ordinal == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	at := m.row(r.Ordinal)
	if at.revision >= revision {
		return
	}
	m.unwait(at, r.Ordinal)
	*at = row{
		id: n, revision: revision, at: at.at, size: at.size,
		authority: m.number(&m.authorities, r.Authority), language: uint8(m.number(&m.languages, r.Language)),
	}
	m.page(r.Ordinal).put(at, r)
	if r.Quiet != nil {
		at.quiet, at.from, at.to = true, int16(r.Quiet.From), int16(r.Quiet.To)
	}
	at.zone = m.location(r.TimeZone)
	if t := r.due(); !t.IsZero() {
		at.due = uint32(t.Unix()/60) + 1
	}
	m.ordinals[n] = r.Ordinal
	if p := r.Pending; p != nil && len(p.Code) > 0 && p.Publication != "" {
		m.codes[p.Publication], at.waiting = r.Ordinal, true
	}
	m.index.Set(r.Ordinal, r.profile())
}

func (m *Model) unwait(at *row, ordinal uint32) {
	if at.waiting {
		maps.DeleteFunc(m.codes, func(_ string, o uint32) bool { return o == ordinal })
	}
}

// Waiting returns who waits for the code that a publication carries, by the
// beginning of its ID.
func (m *Model) Waiting(publication string) (ordinal uint32, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for id, o := range m.codes {
		if strings.HasPrefix(id, publication) {
			return o, publication != ""
		}
	}
	return 0, false
}

// Forget drops a subscriber.
func (m *Model) Forget(id string) {
	n, ok := parseID(id)
	if !ok {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	ordinal, ok := m.ordinals[n]
	if !ok {
		return
	}
	m.drop(ordinal)
	m.page(ordinal).compact() // he is gone from memory too
}

func (m *Model) drop(ordinal uint32) {
	at := m.row(ordinal)
	m.index.Remove(ordinal, m.authorities[at.authority])
	delete(m.ordinals, at.id)
	m.unwait(at, ordinal)
	m.page(ordinal).clear(at)
}

// keepOnly drops whoever a whole reading did not find.
func (m *Model) keepOnly(seen *roaring.Bitmap) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, ordinal := range m.ordinals {
		if !seen.Contains(ordinal) {
			m.drop(ordinal)
		}
	}
	for _, p := range m.pages {
		p.compact()
	}
}

// row returns the place of an ordinal, made if needed.
func (m *Model) row(ordinal uint32) *row {
	for int(ordinal/pageSize) >= len(m.pages) {
		m.pages = append(m.pages, new(page))
	}
	return &m.page(ordinal).rows[ordinal%pageSize]
}

func (m *Model) page(ordinal uint32) *page { return m.pages[ordinal/pageSize] }

func (m *Model) number(list *[]string, value string) uint16 {
	if i := slices.Index(*list, value); i >= 0 {
		return uint16(i)
	}
	*list = append(*list, value)
	return uint16(len(*list) - 1)
}

// location returns the number of a time zone, read once.
func (m *Model) location(zone string) uint16 {
	n := m.number(&m.zones, zone)
	if int(n) == len(m.locations) {
		var loc *time.Location
		if zone != "" {
			loc, _ = time.LoadLocation(zone) // nil where it cannot be read
		}
		m.locations = append(m.locations, loc)
	}
	return n
}

// Subscriber is what the model tells of one subscriber.
type Subscriber struct {
	Ordinal   uint32
	Authority string
	Language  string
	Quiet     *Quiet
}

// Quiet is when a subscriber is not to be disturbed.
type Quiet struct {
	registry.QuietHours
	location *time.Location // nil: the authority's
}

// Until returns the end of the quiet hours that t is in, and whether it is in
// any; of is the authority's wall clock.
func (q Quiet) Until(t time.Time, of *time.Location) (time.Time, bool) {
	if q.location != nil {
		of = q.location
	}
	return q.QuietHours.Until(t, of)
}

// Get returns a subscriber by his ID.
func (m *Model) Get(id string) (Subscriber, bool) {
	n, ok := parseID(id)
	if !ok {
		return Subscriber{}, false
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	ordinal, ok := m.ordinals[n]
	if !ok {
		return Subscriber{}, false
	}
	return m.subscriber(ordinal, m.row(ordinal)), true
}

// Sealed is a subscriber with what opens his addresses.
type Sealed struct {
	Subscriber
	ID     string
	Known  bool
	packed []byte // never written to
}

// Sealed returns the subscribers of IDs, in their order, by one reading.
func (m *Model) Sealed(ids []string) []Sealed {
	list := make([]Sealed, len(ids))
	m.mu.RLock()
	defer m.mu.RUnlock()
	for i, id := range ids {
		list[i].ID = id
		n, ok := parseID(id)
		if !ok {
			continue
		}
		if ordinal, ok := m.ordinals[n]; ok {
			at := m.row(ordinal)
			list[i].Subscriber, list[i].packed, list[i].Known = m.subscriber(ordinal, at), m.page(ordinal).of(at), true
		}
	}
	return list
}

func (m *Model) subscriber(ordinal uint32, at *row) Subscriber {
	return Subscriber{Ordinal: ordinal, Authority: m.authorities[at.authority], Language: m.languages[at.language], Quiet: m.quiet(at)}
}

func (m *Model) quiet(at *row) *Quiet {
	if !at.quiet {
		return nil
	}
	return &Quiet{
		QuietHours: registry.QuietHours{From: registry.TimeOfDay(at.from), To: registry.TimeOfDay(at.to)}, location: m.locations[at.zone],
	}
}

// Open returns the address of a kind, empty when there is none.
func (m *Model) Open(s Sealed, kind string) (string, error) {
	if !s.Known || !consent.IsKind(kind) {
		return "", ErrNotFound
	}
	wrapped, sealed := unpack(s.packed, kind)
	if len(sealed) == 0 {
		return "", nil
	}
	key, err := m.master.unwrap(s.ID, wrapped)
	if err != nil {
		return "", err
	}
	return open(key, s.ID, kind, sealed)
}

// ID returns the ID of an ordinal.
func (m *Model) ID(ordinal uint32) (string, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.id(ordinal)
}

func (m *Model) id(ordinal uint32) (string, bool) {
	if int(ordinal/pageSize) >= len(m.pages) {
		return "", false
	}
	at := m.row(ordinal)
	return formatID(at.id), at.id != 0
}

// IDs returns the IDs of ordinals, in their order, without those who are gone.
func (m *Model) IDs(ordinals []uint32) []string {
	list := make([]string, 0, len(ordinals))
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, o := range ordinals {
		if id, ok := m.id(o); ok {
			list = append(list, id)
		}
	}
	return list
}

// QuietOf returns the quiet hours of an ordinal, nil for none.
func (m *Model) QuietOf(ordinal uint32) *Quiet {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if int(ordinal/pageSize) >= len(m.pages) {
		return nil
	}
	return m.quiet(m.row(ordinal))
}

// Due returns who a sweep has to look at: pauses that end, codes never given.
func (m *Model) Due(now time.Time) []string {
	minute := uint32(now.Unix() / 60)
	m.mu.RLock()
	defer m.mu.RUnlock()
	var ids []string
	for _, page := range m.pages {
		for i := range page.rows {
			if at := &page.rows[i]; at.due != 0 && at.due <= minute {
				ids = append(ids, formatID(at.id))
			}
		}
	}
	return ids
}
