package lease

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/run"
)

// DefaultLife is how long a dead holder keeps others waiting.
const DefaultLife = 5 * time.Second

// Lease is one process's side of it. Set the fields, then call Hold.
type Lease struct {
	KV  jetstream.KeyValue
	Key string
	// Holder names the process. Sole tells that no living process but this one
	// has that name (see OpenName): a lease left under it is taken at once.
	Holder string
	Sole   bool
	Life   time.Duration // DefaultLife where zero
	Clock  run.Clock
	Logger *slog.Logger
}

// entry is what the key holds.
type entry struct {
	Holder string    `json:"holder"`
	Term   string    `json:"term"`
	At     time.Time `json:"at"` // for who looks at the bucket; never compared
}

// Hold runs wait until the lease is this process's, then work until it no
// longer is, and so on until ctx ends (nil) or one of them fails (its error).
// Each is told to stop by its context, and must.
func (l *Lease) Hold(ctx context.Context, wait func(context.Context) error, work func(ctx context.Context, term string) error) error {
	if l.Life <= 0 {
		l.Life = DefaultLife
	}
	for ctx.Err() == nil {
		h, err := l.acquire(ctx, wait)
		if err != nil || h == nil {
			return err
		}
		l.Logger.Debug("lease: held", "key", l.Key, "holder", l.Holder)
		if err := h.during(ctx, work); err != nil {
			return err
		}
	}
	return nil
}

// held is one hold.
type held struct {
	*Lease
	term     string
	revision uint64
	since    time.Time // when the last write that succeeded began
}

// acquire waits for the lease; nil without an error when ctx ended.
func (l *Lease) acquire(ctx context.Context, wait func(context.Context) error) (*held, error) {
	idle, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- wait(idle) }()
	got := make(chan *held, 1)
	go func() { got <- l.await(idle) }()
	var err error
	var h *held
	select {
	case err = <-ended:
		stop()
		h = <-got
	case h = <-got:
		stop()
		err = <-ended
	}
	if h != nil && (err != nil || ctx.Err() != nil) {
		h.release(ctx)
		h = nil
	}
	if ctx.Err() != nil {
		return nil, nil
	}
	if err == nil && h == nil {
		err = errors.New("lease: what waits for it ended by itself")
	}
	return h, err
}

// await takes the lease, or returns nil when ctx ends.
func (l *Lease) await(ctx context.Context) *held {
	for ctx.Err() == nil {
		h, err := l.watch(ctx)
		if h != nil {
			return h
		}
		if err != nil && ctx.Err() == nil {
			l.Logger.Warn("lease: not watched; trying again", "key", l.Key, "err", err)
			l.pause(ctx, l.Life/5)
		}
	}
	return nil
}

func (l *Lease) pause(ctx context.Context, d time.Duration) {
	t := l.Clock.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C():
	}
}

// watch follows the key until it can be taken.
func (l *Lease) watch(ctx context.Context) (*held, error) {
	w, err := l.KV.Watch(ctx, l.Key)
	if err != nil {
		return nil, fmt.Errorf("lease: watch %s: %w", l.Key, err)
	}
	defer func() { _ = w.Stop() }()
	revision := uint64(0) // of the last write that was seen; 0 for none
	patience := l.Clock.NewTimer(l.Life)
	defer patience.Stop()
	for {
		free := false
		select {
		case <-ctx.Done():
			return nil, nil
		case e, open := <-w.Updates():
			switch {
			case !open && ctx.Err() != nil: // which ends the watch too
				return nil, nil
			case !open:
				return nil, errors.New("lease: watch ended")
			case e == nil: // all that was there is read
				free = revision == 0
			case e.Operation() != jetstream.KeyValuePut:
				revision, free = e.Revision(), true
			default:
				revision, free = e.Revision(), l.mine(e.Value())
				patience.Reset(l.Life)
			}
		case <-patience.C():
			free = true
			patience.Reset(l.Life)
		}
		if !free {
			continue
		}
		h, err := l.take(ctx, revision)
		if h != nil || err != nil {
			return h, err
		}
	}
}

// mine reports whether a lease was left by a dead process of this one's name.
func (l *Lease) mine(value []byte) bool {
	var e entry
	return l.Sole && json.Unmarshal(value, &e) == nil && e.Holder == l.Holder
}

// take writes over a revision; nil without an error when another was quicker.
func (l *Lease) take(ctx context.Context, revision uint64) (*held, error) {
	h := &held{Lease: l, term: rand.Text(), revision: revision, since: l.Clock.Now()}
	if err := h.write(ctx); bus.IsConflict(err) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return h, nil
}

// write renews the lease over the revision that is known.
func (h *held) write(ctx context.Context) error {
	now := h.Clock.Now()
	body, err := json.Marshal(entry{Holder: h.Holder, Term: h.term, At: now.UTC()})
	if err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, min(h.Life/5, h.left(now)))
	defer cancel()
	revision, err := h.KV.Update(ctx, h.Key, body, h.revision)
	if err != nil {
		return fmt.Errorf("lease: write %s: %w", h.Key, err)
	}
	h.revision, h.since = revision, now
	return nil
}

// left is how long the lease may still be believed in.
func (h *held) left(now time.Time) time.Duration { return h.since.Add(h.Life * 4 / 5).Sub(now) }

// during runs work for as long as the lease is held, then gives it back.
func (h *held) during(ctx context.Context, work func(context.Context, string) error) error {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- work(inner, h.term) }()
	lost := h.renew(inner, ended)
	stop()
	err := <-ended
	if lost != nil {
		h.Logger.Warn("lease: lost", "key", h.Key, "err", lost)
		// What was cut short by the loss is the next holder's.
		return nil
	}
	h.release(ctx)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// renew keeps the lease until the work ends, ctx does, or it is lost.
func (h *held) renew(ctx context.Context, ended chan error) (lost error) {
	tick := h.Clock.NewTimer(h.Life / 5)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-ended:
			ended <- err // for who waits for it
			return nil
		case <-tick.C():
		}
		tick.Reset(h.Life / 5)
		err := error(context.DeadlineExceeded)
		if h.left(h.Clock.Now()) > 0 {
			err = h.write(ctx)
		}
		if bus.IsConflict(err) {
			err = h.reread(ctx)
			if errors.Is(err, errTaken) {
				return err
			}
		}
		if err != nil && ctx.Err() == nil && h.left(h.Clock.Now()) <= 0 {
			return err
		}
	}
}

var errTaken = errors.New("lease: taken by another")

// reread finds out whether a write whose answer was lost is ours.
func (h *held) reread(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, h.Life/5)
	defer cancel()
	e, err := h.KV.Get(ctx, h.Key)
	if errors.Is(err, jetstream.ErrKeyNotFound) || errors.Is(err, jetstream.ErrKeyDeleted) {
		return errTaken
	}
	if err != nil {
		return fmt.Errorf("lease: read %s: %w", h.Key, err)
	}
	var kept entry
	if json.Unmarshal(e.Value(), &kept) != nil || kept.Term != h.term {
		return errTaken
	}
	h.revision = e.Revision()
	return nil
}

// release gives the lease back, if it is still ours.
func (h *held) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.Life/5)
	defer cancel()
	if err := h.KV.Delete(ctx, h.Key, jetstream.LastRevision(h.revision)); err != nil {
		h.Logger.Debug("lease: not given back", "key", h.Key, "err", err)
	}
}
