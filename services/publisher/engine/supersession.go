package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
)

const revisionKeys = "revision."

// latest is the newest revision of a publication, as the ledger's bucket keeps
// it for every publisher.
type latest struct {
	Revision int  `json:"revision"`
	ToAll    bool `json:"toAll"` // it reaches those whom the earlier one did not
}

// revisions follows the newest revision of each publication.
type revisions struct {
	kv    jetstream.KeyValue
	mu    sync.RWMutex
	known map[string]latest
}

// announce makes a revision known, unless a newer one is.
func (r *revisions) announce(ctx context.Context, p events.Publication) error {
	l := latest{Revision: p.Revision, ToAll: p.MsgType == events.MsgCancel || p.Audience.CorrectionOf == 0}
	if p.Revision == 1 || r.of(p.ID).Revision >= p.Revision {
		return nil
	}
	body, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("revision of %s: %w", p.ID, err)
	}
	key := revisionKeys + p.ID
	for range maxAnnounce {
		// Another process may know of a newer one that the watch has not told yet.
		stored, at, err := r.get(ctx, key)
		switch {
		case err != nil || stored.Revision >= l.Revision:
		case at == 0:
			_, err = r.kv.Create(ctx, key, body)
		default:
			_, err = r.kv.Update(ctx, key, body, at)
		}
		if err == nil {
			r.set(p.ID, l)
			return nil
		}
		if !bus.IsConflict(err) {
			return events.Transient(events.ReasonUnavailable, fmt.Errorf("revision of %s: %w", p.ID, err), 0)
		}
	}
	return events.Transient(events.ReasonUnavailable, fmt.Errorf("revision of %s: others keep writing it", p.ID), 0)
}

// maxAnnounce bounds a write that others win.
const maxAnnounce = 16

// get reads what is stored and its place, 0 where nothing is.
func (r *revisions) get(ctx context.Context, key string) (l latest, at uint64, err error) {
	kve, err := r.kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return l, 0, nil
	}
	if err != nil {
		return l, 0, err
	}
	return l, kve.Revision(), json.Unmarshal(kve.Value(), &l)
}

func (r *revisions) of(publication string) latest {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.known[publication]
}

func (r *revisions) set(publication string, l latest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known[publication].Revision < l.Revision {
		r.known[publication] = l
	}
}

// watch keeps known up to date until ctx ends; ready is called once all is
// read.
func (r *revisions) watch(ctx context.Context, ready func()) error {
	w, err := r.kv.Watch(ctx, revisionKeys+">", jetstream.IgnoreDeletes())
	if err != nil {
		return fmt.Errorf("revisions: watch: %w", err)
	}
	defer func() { _ = w.Stop() }() // the connection may be gone
	for {
		select {
		case <-ctx.Done():
			return nil
		case kve, open := <-w.Updates():
			if !open {
				if ctx.Err() != nil { // which ends the watch too
					return nil
				}
				return errors.New("revisions: the watch ended")
			}
			if kve == nil {
				ready()
				continue
			}
			var l latest
			if err := json.Unmarshal(kve.Value(), &l); err != nil {
				return fmt.Errorf("revisions: %s: %w", kve.Key(), err)
			}
			r.set(kve.Key()[len(revisionKeys):], l)
		}
	}
}

// supersession ends what a newer revision replaces: always on an endpoint,
// which shows the newer one; for subscribers only when the newer one reaches
// them too.
func (e *Engine) supersession(_ context.Context, j *job) error {
	if e.superseded(j.delivery) {
		j.endPending(events.StatusFailed, events.ReasonSuperseded, e.now())
	}
	return nil
}

func (e *Engine) superseded(d events.Delivery) bool {
	l := e.revisions.of(d.Publication)
	return l.Revision > d.Revision && (l.ToAll || d.Endpoint != "")
}
