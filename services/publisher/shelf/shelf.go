package shelf

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/services/publisher/channel"
)

// Keep is how long an expired delivery stays stored, unseen.
const Keep = time.Hour

// Shelf is safe for concurrent use. Its reads see nothing before Run has read
// the bucket: see Ready.
type Shelf struct {
	log   *slog.Logger
	now   func() time.Time
	ready chan struct{}

	mu       sync.RWMutex
	kv       jetstream.KeyValue        // nil before Run
	items    map[place]map[string]item // by publication
	told     uint64                    // the watch's last revision
	gone     map[string]uint64         // by key: the revision that was removed before the watch told it
	versions map[group]uint64
	changed  map[string]chan struct{} // by kind
}

type (
	place struct{ kind, authority, endpoint string }
	group struct{ kind, authority string }
	item  struct {
		delivery events.Delivery
		revision uint64 // of the key
	}
)

var _ channel.Shelf = (*Shelf)(nil)

// New returns an empty shelf: Run fills it.
func New(log *slog.Logger, now func() time.Time) *Shelf {
	return &Shelf{
		log: log, now: now, ready: make(chan struct{}),
		items: map[place]map[string]item{}, gone: map[string]uint64{}, versions: map[group]uint64{}, changed: map[string]chan struct{}{},
	}
}

// Ready is closed once everything stored has been read.
func (s *Shelf) Ready() <-chan struct{} { return s.ready }

func key(d events.Delivery) string {
	return strings.Join([]string{d.Kind, d.Authority, d.Endpoint, d.Publication}, ".")
}

// maxTries bounds a write that others win.
const maxTries = 16

// Put implements channel.Shelf.
func (s *Shelf) Put(ctx context.Context, d events.Delivery) error {
	body, err := json.Marshal(d)
	if err != nil {
		return events.Permanentf(events.ReasonInternal, "shelf: %s: encode: %w", d.ID, err)
	}
	kv, err := s.bucket()
	if err != nil {
		return err
	}
	for range maxTries {
		found, revision, err := get(ctx, kv, key(d))
		switch {
		case err != nil:
			return err
		case revision > 0 && found.Revision > d.Revision:
			return nil
		}
		if revision == 0 {
			revision, err = kv.Create(ctx, key(d), body)
		} else {
			revision, err = kv.Update(ctx, key(d), body, revision)
		}
		if err == nil {
			s.set(d, revision)
			return nil
		}
		if !bus.IsConflict(err) {
			return unavailable(d, err)
		}
	}
	return unavailable(d, errors.New("others keep writing it"))
}

// Remove implements channel.Shelf.
func (s *Shelf) Remove(ctx context.Context, d events.Delivery) error {
	kv, err := s.bucket()
	if err != nil {
		return err
	}
	for range maxTries {
		found, revision, err := get(ctx, kv, key(d))
		if err != nil || revision == 0 || found.Revision > d.Revision {
			return err
		}
		err = kv.Purge(ctx, key(d), jetstream.LastRevision(revision))
		if err == nil {
			s.remove(key(d), revision)
			return nil
		}
		if !bus.IsConflict(err) {
			return unavailable(d, err)
		}
	}
	return unavailable(d, errors.New("others keep writing it"))
}

func (s *Shelf) bucket() (jetstream.KeyValue, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.kv == nil {
		return nil, events.Transient(events.ReasonUnavailable, errors.New("shelf: not started"), 0)
	}
	return s.kv, nil
}

func get(ctx context.Context, kv jetstream.KeyValue, k string) (events.Delivery, uint64, error) {
	e, err := kv.Get(ctx, k)
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound), errors.Is(err, jetstream.ErrKeyDeleted):
		return events.Delivery{}, 0, nil
	case err != nil:
		return events.Delivery{}, 0, events.Transient(events.ReasonUnavailable, fmt.Errorf("shelf: %s: %w", k, err), 0)
	}
	var d events.Delivery
	if err := json.Unmarshal(e.Value(), &d); err != nil {
		return d, 0, events.Permanentf(events.ReasonInvalidEvent, "shelf: %s: %w", k, err)
	}
	return d, e.Revision(), nil
}

func unavailable(d events.Delivery, err error) error {
	return events.Transient(events.ReasonUnavailable, fmt.Errorf("shelf: %s: %w", d.ID, err), 0)
}

// Items implements channel.Shelf.
func (s *Shelf) Items(kind, authority, endpoint string) []events.Delivery {
	s.mu.RLock()
	defer s.mu.RUnlock()
	here := s.items[place{kind, authority, endpoint}]
	list := make([]events.Delivery, 0, len(here))
	for _, i := range here {
		list = append(list, i.delivery)
	}
	return list
}

// Version implements channel.Shelf.
func (s *Shelf) Version(kind, authority string) uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.versions[group{kind, authority}]
}

// Changed implements channel.Shelf.
func (s *Shelf) Changed(kind string) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.changed[kind]
	if c == nil {
		c = make(chan struct{})
		s.changed[kind] = c
	}
	return c
}

func (s *Shelf) set(d events.Delivery, revision uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := place{d.Kind, d.Authority, d.Endpoint}
	if s.items[p][d.Publication].revision >= revision || revision <= s.gone[key(d)] {
		return
	}
	if s.items[p] == nil {
		s.items[p] = map[string]item{}
	}
	s.items[p][d.Publication] = item{d, revision}
	s.tell(p)
}

// remove takes off what was removed from the bucket, for good though the watch
// is still to tell that it was there.
func (s *Shelf) remove(k string, revision uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told < revision {
		s.gone[k] = revision
	}
	s.drop(k, revision+1)
}

// removed takes off what the watch tells was removed by a revision.
func (s *Shelf) removed(k string, by uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone[k] < by {
		delete(s.gone, k)
	}
	s.drop(k, by)
}

// drop is called with the lock held.
func (s *Shelf) drop(k string, by uint64) {
	t := strings.Split(k, ".")
	if len(t) != 4 {
		return
	}
	p := place{t[0], t[1], t[2]}
	if old, ok := s.items[p][t[3]]; ok && old.revision < by {
		delete(s.items[p], t[3])
		s.tell(p)
	}
}

// tell is called with the lock held.
func (s *Shelf) tell(p place) {
	s.versions[group{p.kind, p.authority}]++
	if c := s.changed[p.kind]; c != nil {
		close(c)
		delete(s.changed, p.kind)
	}
}

// Run follows the bucket, and clears what expired, until ctx ends.
func (s *Shelf) Run(ctx context.Context, kv jetstream.KeyValue) error {
	s.mu.Lock()
	s.kv = kv
	s.mu.Unlock()
	w, err := kv.WatchAll(ctx)
	if err != nil {
		return fmt.Errorf("shelf: watch: %w", err)
	}
	defer func() { _ = w.Stop() }() // the connection may be gone
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			s.clear(ctx)
		case e, open := <-w.Updates():
			if !open {
				if ctx.Err() != nil { // which ends the watch too
					return nil
				}
				return errors.New("shelf: the watch ended")
			}
			s.apply(e)
		}
	}
}

func (s *Shelf) apply(e jetstream.KeyValueEntry) {
	if e == nil {
		select {
		case <-s.ready:
		default:
			close(s.ready)
		}
		return
	}
	defer s.toldUpTo(e.Revision())
	if e.Operation() != jetstream.KeyValuePut {
		s.removed(e.Key(), e.Revision())
		return
	}
	var d events.Delivery
	if err := json.Unmarshal(e.Value(), &d); err != nil {
		s.log.Error("publisher: shelf entry cannot be read", "key", e.Key(), "err", err)
		return
	}
	s.set(d, e.Revision())
}

func (s *Shelf) toldUpTo(revision uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = revision
}

// clear removes what expired long enough ago.
func (s *Shelf) clear(ctx context.Context) {
	old := s.now().Add(-Keep)
	var gone []events.Delivery
	s.mu.RLock()
	for _, here := range s.items {
		for _, i := range here {
			if i.delivery.Expires.Before(old) {
				gone = append(gone, i.delivery)
			}
		}
	}
	s.mu.RUnlock()
	for _, d := range gone {
		if err := s.Remove(ctx, d); err != nil {
			s.log.Warn("publisher: expired delivery stays on the shelf", "delivery", d.ID, "err", err)
			return
		}
	}
}
