package engine

import (
	"context"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// resume reads what the ledger knows of a delivery that comes again, and
// decides by class what a lost answer means.
func (e *Engine) resume(ctx context.Context, j *job) error {
	if j.attempt > 1 || j.resumed {
		found, revision, err := e.ledger.get(ctx, j.delivery.ID)
		if err != nil {
			return err
		}
		if found != nil {
			return e.takeUp(ctx, j, found, revision)
		}
	}
	j.entry = newEntry(j.delivery)
	j.try = j.pending()
	return nil
}

func newEntry(d events.Delivery) *entry {
	n := d.Recipients()
	e := &entry{state: stateIntent, attempt: 1, delivery: d, records: make([]record, n)}
	for i := range n {
		e.records[i] = record{id: d.Recipient(i), status: events.StatusAccepted, at: d.CreatedAt}
	}
	return e
}

// takeUp goes on from an entry of an earlier attempt.
func (e *Engine) takeUp(ctx context.Context, j *job, found *entry, revision uint64) error {
	found.delivery = j.delivery
	j.entry, j.revision = found, revision
	if found.state == stateIntent {
		j.entry.attempt++
		e.afterCrash(j)
	} else {
		if err := e.publishReceipts(ctx, j, 1); err != nil {
			return err
		}
		j.entry.attempt++
	}
	j.try = j.pending()
	return nil
}

// afterCrash settles an intent without an outcome: what was pending may or may
// not have been accepted.
func (e *Engine) afterCrash(j *job) {
	_, idempotent := j.channel.Channel.(channel.Idempotent)
	switch {
	case idempotent:
	case j.delivery.Class == events.ClassAlert:
		for _, i := range j.pending() {
			j.entry.records[i].dup = true
			e.metrics.duplicates.Inc()
		}
	default:
		j.endPending(events.StatusUnknown, events.ReasonAmbiguous, e.now())
	}
}
