package engine

import (
	"context"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// resume reads what the ledger knows of a delivery that comes again, and
// decides by class what a lost answer means.
func (e *Engine) resume(ctx context.Context, j *job) error {
	j.by = carrier{j.channel, j.delivery.Channel}
	if j.attempt > 1 || j.resumed {
		found, revision, err := e.ledger.get(ctx, j.share.name(j.delivery.ID))
		if err != nil {
			return err
		}
		if found != nil {
			return e.takeUp(ctx, j, found, revision)
		}
	}
	j.entry = newEntry(j.delivery)
	j.entry.share = j.share
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
	if found.share.Size != j.share.Size || len(found.records) != j.delivery.Recipients() {
		return errUneven
	}
	found.delivery = j.delivery
	j.entry, j.revision = found, revision
	if found.share.Of == 0 {
		if err := e.publishReceipts(ctx, j, 1); err != nil {
			return err
		}
	} else if found.state == stateDone && len(j.pending()) == 0 {
		return errDone
	}
	j.entry.attempt++
	if found.state == stateIntent {
		if err := e.afterCrash(ctx, j); err != nil {
			return err
		}
	}
	j.try = j.pending()
	return nil
}

// afterCrash settles an intent without an outcome: what was pending may or may
// not have been accepted. What may be done twice is.
func (e *Engine) afterCrash(ctx context.Context, j *job) error {
	if endpoint, ok := j.channel.Channel.(channel.Endpoint); ok {
		p, err := e.earlier(ctx, j.delivery, endpoint)
		if err != nil && events.OutcomeOf(err).Kind == events.TransientFailure {
			return channel.Repeatable(err)
		}
		if repeats(endpoint, p) {
			return nil
		}
	}
	if j.delivery.Class != events.ClassAlert {
		j.endPending(events.StatusUnknown, events.ReasonAmbiguous, e.now())
		return nil
	}
	for _, i := range j.pending() {
		e.doubt(j, i)
	}
	return nil
}

// doubt counts an alert that the i-th recipient may get twice.
func (e *Engine) doubt(j *job, i int) {
	j.entry.records[i].dups++
	e.metrics.duplicates.Inc()
}
