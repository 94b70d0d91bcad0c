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
	l, ok := r.listener(key)
	if !ok || l.accept == nil {
		err = events.Permanent(events.ReasonNotFound, errors.New("no such source"))
		return statusOf(err), err
	}
	records, err := l.accept.Accept(ctx, header, body)
	if err != nil {
		r.rejectPush(ctx, l.spec, err)
		return statusOf(err), err
	}
	err = r.accept(ctx, l, records)
	return statusOf(err), err
}

func (r *Runner) listener(key string) (listener, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l, ok := r.listeners[key]
	return l, ok
}

// Serve lets a source that answers for itself do so, and reports whether there is
// one. key is <authority>.<source>.
func (r *Runner) Serve(key string, w http.ResponseWriter, req *http.Request) bool {
	l, ok := r.listener(key)
	if !ok || l.serve == nil {
		return false
	}
	l.serve.Serve(w, req, func(ctx context.Context, records []source.Record) error {
		return r.accept(ctx, l, records)
	})
	return true
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
		read := ledger.Read
		ledger.Read = true // what is pushed is meant now: it has no backlog
		rules := r.rules(l.kind, true)
		if l.polled { // its documents are those that are polled, and its first poll is yet to come
			rules.Distinct = false
		}
		changes := ledger.Apply(good, rules)
		if l.polled {
			ledger.Read = read
		} else {
			st.Address = addressOf(l.spec)
		}
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
