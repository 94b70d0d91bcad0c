package normalizer

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/normalizer/dedupe"
)

// turn is the last message that took its turn among those that might be one
// incident: the next one is compared with it, whichever process makes it.
type turn struct {
	Last string    `json:"last"`
	At   time.Time `json:"at"`
	// Others took their turn before Last in the same process and may be emitted
	// after it.
	Others []string `json:"others,omitempty"`
}

// patience is how long a message that took its turn is waited for: a process
// that dies in between emits it again later.
const patience = 3 * time.Second

// turns keeps, for each name of dedupe.Turns, the turn as last read or written.
type turns struct {
	stored *registry.Repository[turn]
	mu     sync.Mutex
	local  map[string]*place
	open   map[string]time.Time // what this process gave a turn and did not emit yet
}

// place is one name's turn. Its mutex orders the messages of this process.
type place struct {
	mu       sync.Mutex
	last     turn
	revision uint64   // 0: there is none, or it is not known
	mine     []string // what took this turn here and may still be open
}

func newTurns(stored *registry.Repository[turn]) *turns {
	return &turns{stored: stored, local: map[string]*place{}, open: map[string]time.Time{}}
}

// places returns the places of names, locked; release unlocks them. names are
// sorted, so that no two messages wait for one another.
func (t *turns) places(names []string) (list []*place, release func()) {
	t.mu.Lock()
	for _, n := range names {
		p, ok := t.local[n]
		if !ok {
			p = &place{}
			t.local[n] = p
		}
		list = append(list, p)
	}
	t.mu.Unlock()
	for _, p := range list {
		p.mu.Lock()
	}
	return list, func() {
		for _, p := range list {
			p.mu.Unlock()
		}
	}
}

// join gives a new message its incident. Messages that might be one incident
// are joined one after the other, by compare-and-set on their turn, so that
// several processes group them as one would.
func (r *running) join(ctx context.Context, m events.Message) (events.Message, error) {
	names := dedupe.Turns(&m)
	if len(names) == 0 {
		return r.window.Join(m), nil
	}
	list, release := r.turns.places(names)
	defer release()
	for range maxTries {
		for i, p := range list {
			if err := r.turns.read(ctx, p, names[i]); err != nil {
				return m, err
			}
			if err := r.await(ctx, p.last); err != nil {
				return m, err
			}
		}
		joined := r.window.Join(m)
		err := r.take(ctx, list, names, m.ID)
		if err == nil {
			return joined, nil
		}
		r.window.Drop(m.ID)
		if !conflict(err) {
			return m, err
		}
	}
	return m, events.Transient(events.ReasonUnavailable, errors.New("normalizer: turn: others are always first"), time.Second)
}

// read learns of a turn that this process does not know.
func (t *turns) read(ctx context.Context, p *place, name string) error {
	if p.revision != 0 {
		return nil
	}
	last, revision, err := t.stored.Get(ctx, name)
	if errors.Is(err, registry.ErrNotFound) {
		return nil
	}
	if err == nil {
		p.last, p.revision = last, revision
	}
	return err
}

// await returns once the window has the message of a turn, or has waited for
// it long enough.
func (r *running) await(ctx context.Context, last turn) error {
	left := patience - r.deps.Clock.Now().Sub(last.At)
	if last.Last == "" || left <= 0 {
		return nil
	}
	timer := time.NewTimer(min(left, patience))
	defer timer.Stop()
	for _, id := range append(slices.Clone(last.Others), last.Last) {
		select {
		case <-r.window.Await(id):
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// begin notes that a message takes its turn, and returns those of mine that are
// still open beside it.
func (t *turns) begin(mine []string, id string, now time.Time) (others []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, o := range mine {
		since, ok := t.open[o]
		switch {
		case ok && now.Sub(since) > patience:
			delete(t.open, o) // its emission failed; it takes its turn again
		case ok && o != id:
			others = append(others, o)
		}
	}
	t.open[id] = now
	return others
}

// emitted notes that others can learn of a message by its stream.
func (t *turns) emitted(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, id)
}

// take writes that a message has its turn; it conflicts when another process
// was first.
func (r *running) take(ctx context.Context, list []*place, names []string, id string) error {
	now := r.deps.Clock.Now().UTC()
	for i, p := range list {
		others := r.turns.begin(p.mine, id, now)
		next := turn{Last: id, At: now, Others: others}
		p.mine = append(slices.Clone(others), id)
		revision, err := p.revision, error(nil)
		if revision == 0 {
			revision, err = r.turns.stored.Create(ctx, next, names[i])
		} else {
			revision, err = r.turns.stored.Update(ctx, next, revision, names[i])
		}
		if err != nil {
			p.last, p.revision = turn{}, 0
			return err
		}
		p.last, p.revision = next, revision
	}
	return nil
}

func conflict(err error) bool {
	return errors.Is(err, registry.ErrConflict) || errors.Is(err, registry.ErrExists)
}
