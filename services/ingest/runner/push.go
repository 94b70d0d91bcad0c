package runner

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/source"
)

// pushTries bounds the writers that meet on one pushed source.
const pushTries = 16

// Push hands a pushed body to its source and returns once what it holds is on
// the bus: nothing acknowledged to the sender is lost. The status is what the
// sender is answered. key is <authority>.<source>.
func (r *Runner) Push(ctx context.Context, key string, header http.Header, body []byte) (status int, err error) {
	r.mu.Lock()
	l, ok := r.listeners[key]
	r.mu.Unlock()
	if !ok {
		err = events.Permanent(events.ReasonNotFound, errors.New("no such source"))
		return statusOf(err), err
	}
	records, err := l.Accept(ctx, header, body)
	if err != nil {
		r.rejectSpec(ctx, l.spec, "", err)
		return statusOf(err), err
	}
	err = r.accept(ctx, l, records)
	return statusOf(err), err
}

func (r *Runner) accept(ctx context.Context, l listener, records []source.Record) error {
	good := records[:0]
	for _, rec := range records {
		if rec.Refused != nil {
			r.rejectSpec(ctx, l.spec, rec.Item, rec.Refused)
			continue
		}
		good = append(good, rec)
	}
	for range pushTries {
		st, ledger, err := r.store.load(ctx, l.spec.Key())
		if err != nil {
			return err
		}
		st.Address = addressOf(l.spec)
		ledger.Read = true // what is pushed is meant now: it has no backlog
		changes := ledger.Apply(good, r.rules(l.kind, true))
		if len(changes) == 0 {
			return nil
		}
		// Published before the ledger is saved: two writers may publish the same raw,
		// whose identifier is the same.
		if err := r.publish(ctx, l.spec, l.kind, changes); err != nil {
			return err
		}
		err = r.store.save(ctx, l.spec.Key(), &st, ledger)
		if err == nil {
			r.pushedHealth(ctx, l, len(changes), len(good))
			return nil
		}
		if !errors.Is(err, errConflict) {
			return err
		}
	}
	return events.Transient(events.ReasonInternal, fmt.Errorf("source %s: %w", l.spec.Key(), errConflict), 0)
}

func (r *Runner) pushedHealth(ctx context.Context, l listener, changes, items int) {
	t := &task{spec: l.spec, kind: l.kind}
	r.loadHealth(ctx, t)
	r.noteHealth(ctx, t, outcome{changes: changes, items: items})
}
