package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
)

const (
	// maxRecordBytes keeps a raw with its headers below the bus's limit.
	maxRecordBytes = 700 << 10
	// publishBatch is how many raws wait for their acknowledgement together.
	publishBatch = 256
)

// turn reads one source once and gives it back to the schedule.
func (r *Runner) turn(ctx context.Context, t *task) {
	if !r.owns(t.host) {
		t.state = nil
		r.count(t, 0)
		r.unwatch(t)
		r.finish(t, nil, jitter(r.cfg.Elsewhere), 0)
		return
	}
	r.watch(ctx, t)
	began := r.deps.Clock.Now()
	changes, items, err := r.read(ctx, t)
	t.outside.release()
	if ctx.Err() != nil {
		r.finish(t, nil, time.Hour, 0)
		return
	}
	unchanged := errors.Is(err, source.ErrUnchanged)
	if unchanged {
		err = nil
	}
	wait, hold := r.plan(t, changes, err)
	noteEnds(t)
	wait = untilRenewal(t, wait, err, r.deps.Clock.Now())
	r.deps.Metrics.turn(err, unchanged, r.deps.Clock.Now().Sub(began))
	r.noteHealth(ctx, t, outcome{err: err, changes: changes, items: items, unchanged: unchanged, wait: wait})
	r.finish(t, err, wait, hold)
}

// plan says how long until the next turn, and how long the host wants peace.
func (r *Runner) plan(t *task, changes int, err error) (wait, hold time.Duration) {
	if err == nil {
		t.every = adapt(t.every, changes > 0, r.interval(t))
		return jitter(t.every), 0
	}
	streak := t.health.ErrorStreak + 1
	wait = later(backOff(streak, r.interval(t).Usual, err))
	var fe *fetch.Error
	if errors.As(err, &fe) && fe.RetryAfter > 0 && (fe.Status == http.StatusTooManyRequests || fe.Status == http.StatusServiceUnavailable) {
		hold = fe.RetryAfter
	}
	return wait, hold
}

// untilRenewal is how long until the next turn of a source that renews a lease at
// its turns: no later than that, unless the server asked for peace.
func untilRenewal(t *task, wait time.Duration, err error, now time.Time) time.Duration {
	l, ok := t.src.(source.Leased)
	if !ok || events.OutcomeOf(err).RetryAfter > 0 {
		return wait
	}
	renew := l.Lease().Renew
	if renew.IsZero() {
		return wait
	}
	return min(wait, max(later(renew.Sub(now)), firstRetry))
}

// read fetches, finds what changed, publishes it, and only then saves the cursor.
func (r *Runner) read(ctx context.Context, t *task) (changes, items int, err error) {
	defer r.survive(t, &err)
	if err := r.resume(ctx, t); err != nil {
		return 0, 0, err
	}
	records, cursor, err := r.fetch(ctx, t)
	if errors.Is(err, source.ErrUnchanged) {
		moved := cursor.MovedTo != t.state.Cursor.MovedTo
		t.state.Cursor = cursor
		t.health.Drifting = t.state.Lost // what it shows is what was read before
		if moved {
			return 0, 0, r.saveMoved(ctx, t)
		}
		return 0, 0, err
	}
	if err != nil {
		var drifted *source.DriftError
		t.health.Drifting = t.health.Drifting || errors.As(err, &drifted)
		r.reject(ctx, t, "", err)
		return 0, 0, err
	}
	records = r.usable(ctx, t, records)
	for range pushTries {
		changes, err = r.settle(ctx, t, records, cursor)
		if !errors.Is(err, errConflict) || !t.pushed {
			break
		}
	}
	return changes, len(records), err
}

// survive, deferred, makes of a connector's defect the end of its turn, not of the
// service.
func (r *Runner) survive(t *task, err *error) {
	if p := recover(); p != nil {
		r.deps.Log.Error("connector panicked", "authority", t.spec.Authority, "source", t.spec.ID, "kind", t.kind.Name, "panic", fmt.Sprintf("%T", p))
		*err = events.Transient(events.ReasonInternal, fmt.Errorf("source %s: its connector failed", t.spec.Key()), 0)
	}
}

// answer is what a connector returns.
type answer struct {
	records []source.Record
	cursor  source.Cursor
	err     error
}

// fetch asks a connector for as long as a reading may take. One that does not
// return by then keeps no worker; its source is not asked again before it does.
func (r *Runner) fetch(ctx context.Context, t *task) ([]source.Record, source.Cursor, error) {
	late := events.Transient(events.ReasonTimeout, fmt.Errorf("source %s: not read within %s", t.spec.Key(), r.cfg.ReadWithin), 0)
	if t.asked != nil {
		select {
		case <-t.asked:
		default:
			return nil, source.Cursor{}, late
		}
	}
	within, cancel := context.WithTimeout(ctx, r.cfg.ReadWithin)
	defer cancel()
	asked, cursor := make(chan answer, 1), t.state.Cursor
	go func() {
		var a answer
		defer func() { asked <- a }()
		defer r.survive(t, &a.err)
		a.records, a.cursor, a.err = t.src.Fetch(within, cursor)
	}()
	t.asked = asked
	var a answer
	select {
	case a = <-asked:
	case <-within.Done():
		timer := r.deps.Clock.NewTimer(r.cfg.ReturnWithin)
		defer timer.Stop()
		select {
		case a = <-asked:
		case <-timer.C():
			r.deps.Log.Error("connector does not return", "authority", t.spec.Authority, "source", t.spec.ID, "kind", t.kind.Name)
			return nil, source.Cursor{}, late
		}
	}
	t.asked = nil
	if a.err != nil && ctx.Err() == nil && within.Err() != nil {
		a.err = late
	}
	return a.records, a.cursor, a.err
}

// settle publishes what of the records is news, and only then saves the cursor.
// What is pushed to the same source meanwhile changes its ledger: the error is
// then errConflict, and settling again finds less news.
func (r *Runner) settle(ctx context.Context, t *task, records []source.Record, cursor source.Cursor) (int, error) {
	st, ledger, err := r.store.load(ctx, t.spec.Key())
	if err != nil {
		return 0, err
	}
	if st.revision != t.state.revision && !t.pushed {
		t.state = nil // another process read it meanwhile
		return 0, events.Transient(events.ReasonInternal, fmt.Errorf("source %s: %w", t.spec.Key(), errConflict), 0)
	}
	if t.state.Address != st.Address {
		ledger.Read = false
	}
	revision := st.revision
	st = *t.state
	st.revision, st.Cursor = revision, cursor
	st.shape = st.after(records, t.kind.NeverEmpty)
	t.health.Drifting = st.Lost
	rules := r.rules(t.kind, false)
	rules.Refused = t.refused
	found := ledger.Apply(records, rules)
	if err := r.publish(ctx, t.spec, t.kind, found); err != nil {
		return 0, err
	}
	if err := r.store.save(ctx, t.spec.Key(), &st, ledger); err != nil {
		if !t.pushed {
			t.state = nil
		}
		return 0, err
	}
	t.state = &st
	return len(found), nil
}

// resume loads what is known of a source at its first turn here.
func (r *Runner) resume(ctx context.Context, t *task) error {
	if t.state != nil {
		return nil
	}
	st, _, err := r.store.load(ctx, t.spec.Key())
	if err != nil {
		return err
	}
	if address := addressOf(t.spec); st.Address != address {
		st = state{Address: address, revision: st.revision}
	}
	t.state = &st
	r.loadHealth(ctx, t)
	return nil
}

func (r *Runner) saveMoved(ctx context.Context, t *task) error {
	st, ledger, err := r.store.load(ctx, t.spec.Key())
	if err != nil {
		return err
	}
	if st.revision != t.state.revision && !t.pushed {
		t.state = nil
		return errConflict
	}
	t.state.revision = st.revision
	if err := r.store.save(ctx, t.spec.Key(), t.state, ledger); err != nil {
		t.state = nil
		return err
	}
	return source.ErrUnchanged
}

func (r *Runner) rules(kind *source.Kind, pushed bool) Rules {
	return Rules{
		Now: r.deps.Clock.Now(), BacklogAge: r.cfg.BacklogAge, BacklogKeep: r.cfg.BacklogKeep,
		VanishWithdraws: kind.VanishWithdraws && !pushed, Distinct: pushed,
	}
}

// usable keeps the records that can be published; the others are kept apart with
// their reason.
func (r *Runner) usable(ctx context.Context, t *task, records []source.Record) []source.Record {
	good := records[:0]
	t.refused = nil
	for _, rec := range records {
		if rec.Refused != nil {
			t.refused = append(t.refused, rec.Item)
			r.reject(ctx, t, rec.Item, rec.Refused)
			continue
		}
		good = append(good, rec)
	}
	return good
}

// publish puts changes on the bus, in batches, and returns once all are stored.
func (r *Runner) publish(ctx context.Context, spec *source.Spec, kind *source.Kind, changes []Change) error {
	batch := make([]events.Event, 0, min(len(changes), publishBatch))
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		if err := r.deps.Publish(ctx, batch...); err != nil {
			return fmt.Errorf("source %s: publish: %w", spec.Key(), err)
		}
		r.deps.Metrics.raws(len(batch))
		batch = batch[:0]
		return nil
	}
	for _, c := range changes {
		raw, err := rawOf(spec, kind, c, r.deps.Clock.Now().UTC())
		if err != nil {
			r.rejectSpec(ctx, spec, c.Item, err)
			continue
		}
		if batch = append(batch, raw); len(batch) == publishBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

func rawOf(spec *source.Spec, kind *source.Kind, c Change, now time.Time) (events.Raw, error) {
	raw := events.Raw{
		ID:        events.RawID(spec.Authority, spec.ID, c.Item, c.Hash),
		Authority: spec.Authority, Source: spec.ID, Kind: kind.Name,
		Item: c.Item, Hash: c.Hash, Revision: c.Revision, FetchedAt: now,
		URL: c.Record.URL, Withdrawn: c.Withdrawn, Backlog: c.Backlog,
	}
	if c.Withdrawn {
		return raw, raw.Validate()
	}
	body, err := json.Marshal(c.Record.Value)
	if err != nil {
		return raw, events.Permanentf(events.ReasonInvalidContent, "item cannot be encoded: %w", err)
	}
	if len(body) > maxRecordBytes {
		return raw, events.Permanentf(events.ReasonTooLarge, "item of %d bytes, over the limit of %d", len(body), maxRecordBytes)
	}
	raw.Record = body
	if err := raw.Validate(); err != nil {
		return raw, events.Permanent(events.ReasonInvalidContent, err)
	}
	return raw, nil
}
