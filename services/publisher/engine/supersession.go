package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
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
	if _, err := r.kv.Put(ctx, revisionKeys+p.ID, body); err != nil {
		return events.Transient(events.ReasonUnavailable, fmt.Errorf("revision of %s: %w", p.ID, err), 0)
	}
	r.set(p.ID, l)
	return nil
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
				return fmt.Errorf("revisions: watch ended")
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
