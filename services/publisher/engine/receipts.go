package engine

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/crieur/crieur/events"
)

// maxAttempts is how often a recipient is tried, over almost two hours.
const maxAttempts = 30

// retryDelay doubles from a second to five minutes.
func retryDelay(attempt int) time.Duration {
	return min(time.Second<<min(attempt-1, 16), 5*time.Minute)
}

// settleTime bounds what is stored after a send; lastTime, once the process
// stops.
const (
	settleTime = 10 * time.Second
	lastTime   = time.Second
)

// settling is the context of what is stored after a send. It outlives ctx: what
// is known must not become unknown because the process stops.
func settling(ctx context.Context) (context.Context, context.CancelFunc) {
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	unlink := context.AfterFunc(ctx, func() {
		if stopping(ctx) {
			time.AfterFunc(lastTime, cancel)
		}
	})
	return own, func() { unlink(); cancel() }
}

// stopping tells a process that stops from a handler whose time is over.
func stopping(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }

// outcome stores what became of everybody, and gives the window back.
func (e *Engine) outcome(ctx context.Context, j *job) error {
	ctx, cancel := settling(ctx)
	defer cancel()
	if j.tried && j.entry.attempt >= maxAttempts {
		j.endPending(events.StatusFailed, events.ReasonRetriesExceeded, e.now())
	}
	j.entry.state = stateDone
	if err := e.storeOutcome(ctx, j); err != nil {
		return err
	}
	e.turns.goesOn(j.delivery)
	e.later.index(j.entry)
	return nil
}

// storeOutcome gives the window back as soon as the outcome is on its way: the
// intent of whoever takes the place is stored after it, and only then is
// anything handed over. So at no moment are there more than a window of intents
// without an outcome, and nobody waits for two stores.
func (e *Engine) storeOutcome(ctx context.Context, j *job) error {
	for {
		msg, err := e.ledger.write(j.entry, j.revision)
		if err != nil {
			return err
		}
		sent := e.ledger.send(msg, j.entry.name())
		if j.release != nil {
			j.release()
		}
		revision, err := sent.wait(ctx)
		if err == nil {
			j.revision = revision
			return nil
		}
		if !errors.Is(err, errExists) {
			return err
		}
		// Another process took the intent for a crash. What we know is true.
		_, current, err := e.ledger.get(ctx, j.entry.name())
		if err != nil {
			return err
		}
		if j.revision == 0 && current != 0 {
			return errExists
		}
		j.revision = current
	}
}

// receipts publishes what this attempt ended. A delivery with recipients left
// is given back to the queue.
func (e *Engine) receipts(ctx context.Context, j *job) error {
	ctx, cancel := settling(ctx)
	defer cancel()
	if err := e.publishReceipts(ctx, j, j.entry.attempt); err != nil {
		return err
	}
	left := len(j.pending())
	if left == 0 {
		return nil
	}
	return events.Transient(j.reason, fmt.Errorf("delivery %s: %d of %d recipients to try again", j.delivery.ID, left, len(j.entry.records)), max(j.retryAfter, retryDelay(j.entry.attempt)))
}

// publishReceipts publishes the receipts of the attempts from the given one
// on, one event each. Their IDs depend on the delivery and attempt only.
func (e *Engine) publishReceipts(ctx context.Context, j *job, from int) error {
	var out []events.Event
	for n := from; n <= j.entry.attempt; n++ {
		to := make([]events.Recipient, 0, len(j.entry.records))
		for i := range j.entry.records {
			if r := &j.entry.records[i]; r.attempt == n && !r.pending() {
				to = append(to, r.recipient())
			}
		}
		if len(to) > 0 {
			out = append(out, events.NewReceipt(j.delivery, j.entry.share.step(n), e.now(), to))
		}
	}
	if len(out) == 0 {
		return nil
	}
	if err := e.deps.Emit(ctx, out...); err != nil {
		return fmt.Errorf("delivery %s: receipts: %w", j.delivery.ID, err)
	}
	for _, ev := range out {
		r, _ := ev.(events.Receipt)
		e.metrics.count(r)
	}
	return nil
}

// step names an attempt: submit, submit-2, submit-3…; of a part: submit.0,
// submit.0-2…
func (s share) step(attempt int) string {
	name := "submit"
	if s.Of > 0 {
		name += "." + strconv.Itoa(s.Part)
	}
	if attempt == 1 {
		return name
	}
	return name + "-" + strconv.Itoa(attempt)
}
