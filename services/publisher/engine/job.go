package engine

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/publisher/channel"
)

// job is one delivery on its way through the stages.
type job struct {
	delivery events.Delivery
	channel  Made
	by       carrier // who takes it out: the channel, unless another takes over
	attempt  int     // of the queue: more than what was tried, for many come back without
	tried    bool    // handed to the channel in this attempt

	share    share          // of the delivery, when it is carried out in parts
	known    []call.Contact // asked for with those of the other parts, in the delivery's order
	entry    *entry         // what the ledger will say; its records are in the delivery's order
	revision uint64         // of the entry in the ledger; 0 when not there
	resumed  bool           // the ledger had an entry already

	try        []int          // records to send, by index
	contacts   []call.Contact // theirs, in the same order; none for an endpoint
	intent     *nats.Msg      // the entry as it is stored before sending
	retryAfter time.Duration  // the longest that somebody asked for
	reason     events.Reason  // of the last transient result
	release    func()         // of the window
}

// stage is one step. A nil error passes the job on; errDone ends it well, for
// there is nothing left to do.
type stage interface {
	run(ctx context.Context, j *job) error
}

var errDone = errors.New("engine: done")

type stageFunc func(context.Context, *job) error

func (f stageFunc) run(ctx context.Context, j *job) error { return f(ctx, j) }

// pipeline runs its stages in order.
type pipeline []stage

func (p pipeline) run(ctx context.Context, j *job) error {
	defer func() {
		if j.release != nil {
			j.release()
		}
	}()
	for _, s := range p {
		if err := s.run(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

// end gives the i-th recipient its outcome.
func (j *job) end(i int, status events.ReceiptStatus, reason events.Reason, at time.Time) {
	r := &j.entry.records[i]
	r.status, r.reason, r.at, r.attempt = status, reason, at, j.entry.attempt
}

// endPending gives everybody who has none an outcome.
func (j *job) endPending(status events.ReceiptStatus, reason events.Reason, at time.Time) {
	for i := range j.entry.records {
		if j.entry.records[i].pending() {
			j.end(i, status, reason, at)
		}
	}
	j.try = j.try[:0]
}

// pending lists the recipients without an outcome.
func (j *job) pending() []int {
	var left []int
	for i := range j.entry.records {
		if j.entry.records[i].pending() {
			left = append(left, i)
		}
	}
	return left
}

// postpone notes why and until when recipients are left for another delivery.
func (j *job) postpone(reason events.Reason, after time.Duration) {
	j.reason, j.retryAfter = reason, max(j.retryAfter, after)
}

// putOff leaves everybody for later, before anything was tried.
func (j *job) putOff(reason events.Reason, why error, after time.Duration) error {
	if j.entry.state != stateIntent || j.revision == 0 {
		return events.Transient(reason, why, after) // nothing is to be noted
	}
	j.postpone(reason, after)
	j.try, j.contacts = j.try[:0], nil
	return nil
}

// apply writes a channel's result to the i-th recipient, to the millisecond, as
// the ledger and ClickHouse keep it.
func (j *job) apply(i int, r channel.Result, now time.Time) {
	rec := &j.entry.records[i]
	status := r.Status()
	if r.Retry() {
		j.postpone(r.Outcome.Reason, r.Outcome.RetryAfter)
		return
	}
	at := r.At
	if at.IsZero() {
		at = now
	}
	rec.status, rec.reason, rec.at, rec.attempt = status, r.Outcome.Reason, at.UTC().Truncate(time.Millisecond), j.entry.attempt
	rec.remote, rec.units, rec.cost = r.Remote, r.Units, r.CostMicroEUR
	if j.by.id != j.delivery.Channel {
		rec.via = j.by.id
	}
}
