package fanout

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
)

const (
	// quantum is how many batches a run puts in the queue before the next has
	// its turn; group is how many a lane stores at once.
	quantum = 16
	group   = 256
	// lookEvery is how often a lane compares what it believes in the queue with
	// the queue.
	lookEvery = 5 * time.Second
	emitPause = time.Second
)

// lane runs fan-outs of one priority.
type lane struct {
	f    *Fanout
	wake chan struct{}

	mu   sync.Mutex
	runs []*fan // the next to have its turn first
}

func newLane(f *Fanout) *lane { return &lane{f: f, wake: make(chan struct{}, 1)} }

func (l *lane) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *lane) add(r *fan) {
	l.mu.Lock()
	l.runs = append(l.runs, r)
	l.mu.Unlock()
	l.poke()
}

// part is what one run contributes to a group.
type part struct {
	run    *fan
	first  int
	sizes  []int // recipients of each batch
	reason events.Reason
}

// empty forgets the runs of an earlier hold.
func (l *lane) empty() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.runs = nil
}

// flush stores who could not be reached, where that is not yet.
func (l *lane) flush(ctx context.Context) error {
	l.mu.Lock()
	runs := slices.Clone(l.runs)
	l.mu.Unlock()
	var errs []error
	for _, r := range runs {
		l.mu.Lock()
		dirty := r.dirty
		l.mu.Unlock()
		if dirty {
			errs = append(errs, l.f.save(ctx, r))
		}
	}
	return errors.Join(errs...)
}

// loop runs until ctx ends (nil), or another process has taken over.
func (l *lane) loop(ctx context.Context) error {
	looked := l.f.now()
	for ctx.Err() == nil {
		evs, parts, next := l.gather(l.f.now())
		if len(parts) > 0 {
			if err := l.store(ctx, evs, parts); errors.Is(err, ErrLost) {
				return err
			} else if err != nil && ctx.Err() == nil {
				l.f.deps.Logger.Error("fanout: batches not stored; trying again", "err", err)
				l.sleep(ctx, emitPause)
			}
		}
		if now := l.f.now(); now.Sub(looked) >= lookEvery {
			looked = now
			l.look(ctx)
		}
		if len(parts) == 0 {
			l.sleep(ctx, max(0, min(lookEvery, next)))
		}
	}
	return nil
}

func (l *lane) sleep(ctx context.Context, d time.Duration) {
	t := l.f.deps.Clock.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-l.wake:
	case <-t.C():
	}
}

// gather takes a few batches of each run in turn. It moves no cursor, but counts
// them as in the queue before they are: their receipts, and a correction, may come
// before the answer to their publication. next is how long until a run that waits
// may go on.
func (l *lane) gather(now time.Time) (evs []events.Event, parts []part, next time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next = lookEvery
	for range len(l.runs) {
		if len(evs) >= group {
			break
		}
		r := l.runs[0]
		l.runs = append(l.runs[1:], r)
		if r.stop == "" && r.expired(now) {
			r.stop = events.ReasonExpired
		}
		n := min(quantum, r.room(now))
		if n <= 0 {
			if at := r.wakes(); at.After(now) {
				next = min(next, at.Sub(now))
			}
			continue
		}
		p := part{run: r, first: r.at.Next, reason: r.stop}
		for i, people := range r.take(r.at.Next, n) {
			ids := l.f.deps.IDs(people)
			p.sizes = append(p.sizes, len(ids))
			if len(ids) == 0 {
				continue
			}
			evs = append(evs, r.traced(r.event(p.first+i, ids, now)))
			if r.stop == "" {
				r.open[p.first+i] = len(ids)
			}
		}
		parts = append(parts, p)
	}
	return evs, parts, next
}

// event is a batch's delivery, or the receipt that tells why there is none.
func (r *fan) event(batch int, ids []string, now time.Time) events.Event {
	d := r.delivery(batch, ids, now)
	if r.stop == "" {
		return d
	}
	at := now.Truncate(time.Millisecond)
	to := make([]events.Recipient, len(ids))
	for i, id := range ids {
		to[i] = events.Recipient{ID: id, Status: events.StatusFailed, Reason: r.stop, At: at}
	}
	return events.NewReceipt(d, "plan", at, to)
}

// traced keeps an event in the trace of the publication: one trace goes from the
// source to the receipt.
func (r *fan) traced(e events.Event) events.Event {
	if r.trace == "" {
		return e
	}
	return bus.Traced{Event: e, Parent: r.trace}
}

// store puts a group in the queue, then moves the cursors.
func (l *lane) store(ctx context.Context, evs []events.Event, parts []part) error {
	if len(evs) > 0 {
		if err := l.f.deps.Emit(ctx, evs...); err != nil {
			l.close(parts)
			return err
		}
	}
	for _, p := range parts {
		l.mu.Lock()
		r := p.run
		r.at.Next += len(p.sizes)
		people := 0
		for _, n := range p.sizes {
			people += n
		}
		if p.reason != "" {
			r.at.Ended += len(p.sizes)
			r.at.Reason = p.reason
		}
		l.mu.Unlock()
		l.f.metrics.planned(r.leg.contact(), p.reason, people)
		if err := l.f.save(ctx, r); err != nil {
			return err
		}
	}
	l.sweep(ctx)
	return nil
}

func (l *lane) close(parts []part) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range parts {
		for i := range p.sizes {
			delete(p.run.open, p.first+i)
		}
		p.run.iterator = nil
	}
}

// sweep lets go of the runs whose last batch has ended.
func (l *lane) sweep(ctx context.Context) {
	l.mu.Lock()
	var over []*fan
	l.runs = slices.DeleteFunc(l.runs, func(r *fan) bool {
		done := r.at.Next >= r.total() && len(r.open) == 0 && r.ghosts == 0
		if done {
			r.at.Done = true
			over = append(over, r)
		}
		return done
	})
	l.mu.Unlock()
	for _, r := range over {
		if err := l.f.save(ctx, r); err != nil {
			l.f.deps.Logger.Error("fanout: end not stored", "message", r.publication.Message, "channel", r.leg.Channel, "err", err)
		}
		l.f.metrics.running.Dec()
	}
}

// find is the run of a leg, nil when it is over. l.mu is held.
func (l *lane) find(publication string, revision int, channel string) *fan {
	for _, r := range l.runs {
		if r.publication.ID == publication && r.publication.Revision == revision && r.leg.Channel == channel {
			return r
		}
	}
	return nil
}

// receipt takes what a receipt tells of a run: a batch's end frees its place.
func (l *lane) receipt(rc events.Receipt, ordinal func(string) (uint32, bool)) bool {
	l.mu.Lock()
	r := l.find(rc.Publication, rc.Revision, rc.Channel)
	if r == nil {
		l.mu.Unlock()
		return false
	}
	r.note(rc, ordinal)
	freed := false
	if left, ok := r.open[rc.Batch]; ok && stepEnds(rc.Step) {
		if left -= len(rc.Recipients); left <= 0 {
			delete(r.open, rc.Batch)
			freed = true
		} else {
			r.open[rc.Batch] = left
		}
	}
	l.mu.Unlock()
	if freed {
		l.poke()
	}
	return true
}

// note keeps who could not be reached, for a correction.
func (r *fan) note(rc events.Receipt, ordinal func(string) (uint32, bool)) {
	for _, to := range rc.Recipients {
		if to.Status != events.StatusFailed && to.Status != events.StatusDelivered {
			continue
		}
		o, ok := ordinal(to.ID)
		if !ok {
			continue
		}
		if to.Status == events.StatusFailed {
			r.dirty = r.failed.CheckedAdd(o) || r.dirty
		} else {
			r.dirty = r.failed.CheckedRemove(o) || r.dirty
		}
	}
}

// look compares what the lane believes in the queue with the queue: a receipt
// that was lost, or came to another process, must not hold a place for ever.
func (l *lane) look(ctx context.Context) {
	l.mu.Lock()
	believed := map[string]int{}
	for _, r := range l.runs {
		believed[r.subject()] += len(r.open) + r.ghosts
	}
	l.mu.Unlock()
	for subject, n := range believed {
		if n == 0 {
			continue
		}
		queued, err := l.f.queued(ctx, subject)
		if err != nil {
			l.f.deps.Logger.Warn("fanout: queue not read", "err", err)
			return
		}
		if queued < n {
			l.forget(subject, n-queued)
		}
	}
	l.sweep(ctx)
}

// forget frees n places of a subject's runs: those from before a restart
// first, then the oldest.
func (l *lane) forget(subject string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.runs {
		if r.subject() != subject {
			continue
		}
		k := min(n, r.ghosts)
		r.ghosts -= k
		n -= k
		for n > 0 && len(r.open) > 0 {
			oldest := -1
			for b := range r.open {
				if oldest < 0 || b < oldest {
					oldest = b
				}
			}
			delete(r.open, oldest)
			n--
		}
	}
}

// supersede gives up what is left of older revisions of a publication.
func (l *lane) supersede(publication string, revision int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.runs {
		if r.publication.ID == publication && r.publication.Revision < revision && r.stop == "" {
			r.stop = events.ReasonSuperseded
		}
	}
	l.poke()
}
