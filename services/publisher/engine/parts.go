package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
)

// A delivery of more recipients than half of the window is carried out in
// parts: each has an entry of its own in the ledger, so that what a crash
// leaves open is bounded by the window whatever the size of a delivery, while
// its addresses are asked for once and its receipt is one event.

// partsAtOnce is how many parts of one delivery are under way: one waits for
// its intent to be stored while the other's answers come.
const partsAtOnce = 2

// errUneven tells that the ledger has the delivery in other parts: the window
// was changed between two attempts. The next one goes on in those.
var errUneven = events.Transient(events.ReasonUnavailable, errors.New("ledger: the delivery is there in other parts"), time.Second)

// carry takes a job through the stages, whole or in parts.
func (e *Engine) carry(ctx context.Context, j *job, stages pipeline) error {
	size, err := e.divide(ctx, j)
	if err != nil {
		return err
	}
	if size == 0 {
		return append(stages[:len(stages):len(stages)], stageFunc(e.receipts)).run(ctx, j)
	}
	p := &parts{e: e, of: j, stages: stages}
	if err := p.split(ctx, size); err != nil {
		return err
	}
	return p.run(ctx)
}

// divide is how many recipients a part has; 0 when the delivery is one. What
// the ledger has of it decides, for the window may have changed since.
func (e *Engine) divide(ctx context.Context, j *job) (int, error) {
	if j.delivery.Endpoint != "" {
		return 0, nil
	}
	if j.attempt > 1 || j.resumed {
		found, err := e.ledger.all(ctx, j.delivery.ID)
		if err != nil {
			return 0, err
		}
		if len(found) > 0 {
			return found[0].entry.share.Size, nil
		}
	}
	size := max(1, j.channel.Window/2)
	if j.delivery.Recipients() <= size {
		return 0, nil
	}
	return size, nil
}

// parts is one delivery on its way in parts.
type parts struct {
	e      *Engine
	of     *job
	stages pipeline
	jobs   []*job

	mu   sync.Mutex
	err  error // the first
	stop bool  // no further part is begun
}

// split makes a job a part. At a first attempt everybody's address is asked for
// at once.
func (p *parts) split(ctx context.Context, size int) error {
	d := p.of.delivery
	var known []call.Contact
	if p.of.attempt <= 1 && !p.of.resumed {
		var err error
		if known, err = p.e.contacts(ctx, d, d.Subscribers); err != nil {
			return err
		}
	}
	n := (len(d.Subscribers) + size - 1) / size
	for i := range n {
		from, to := i*size, min((i+1)*size, len(d.Subscribers))
		j := &job{
			delivery: d, channel: p.of.channel, attempt: p.of.attempt, resumed: p.of.resumed,
			share: share{Part: i, Of: n, Size: size},
		}
		j.delivery.Subscribers = d.Subscribers[from:to]
		if known != nil {
			j.known = known[from:to]
		}
		p.jobs = append(p.jobs, j)
	}
	return nil
}

// run carries the parts out in their order, and tells of them.
func (p *parts) run(ctx context.Context) error {
	var under sync.WaitGroup
	places := make(chan struct{}, partsAtOnce)
	for i := range p.jobs {
		places <- struct{}{}
		if p.stopped() {
			<-places
			break
		}
		under.Go(func() {
			defer func() { <-places }()
			p.one(ctx, i)
		})
	}
	under.Wait()
	if err := p.tell(ctx); err != nil {
		return err
	}
	return p.end()
}

func (p *parts) stopped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stop
}

// one carries a part out. A channel that takes nobody of it is not tried with
// the next.
func (p *parts) one(ctx context.Context, i int) {
	j := p.jobs[i]
	err := p.stages.run(ctx, j)
	if errors.Is(err, errExists) {
		j = &job{delivery: j.delivery, channel: j.channel, attempt: j.attempt, resumed: true, share: j.share}
		p.jobs[i] = j // its only user
		if err = p.stages.run(ctx, j); errors.Is(err, errExists) {
			err = events.Transient(events.ReasonUnavailable, err, time.Second)
		}
	}
	if errors.Is(err, errDone) {
		err = nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil && p.err == nil {
		p.err = err
	}
	if err != nil || j.tried && len(j.pending()) == len(j.entry.records) {
		p.stop = true
	}
}

// settled reports whether the ledger has an outcome for the part.
func (j *job) settled() bool {
	return j.entry != nil && j.revision != 0 && j.entry.state == stateDone
}

// tell publishes the receipts: one event for all once everybody has an end, and
// otherwise one a part and attempt. A part that has its own is noted as told
// before they are published, and the whole's receipt is then never made: so a
// crash repeats receipts and never counts anybody in two.
func (p *parts) tell(ctx context.Context) error {
	ctx, cancel := settling(ctx)
	defer cancel()
	together := true
	for _, j := range p.jobs {
		together = together && j.settled() && len(j.pending()) == 0 && !j.entry.share.Told
	}
	if together {
		all := &job{delivery: p.of.delivery, entry: &entry{attempt: 1, records: make([]record, 0, p.of.delivery.Recipients())}}
		for _, j := range p.jobs {
			for _, r := range j.entry.records {
				r.attempt = 1 // of the receipt, that is
				all.entry.records = append(all.entry.records, r)
			}
		}
		return p.e.publishReceipts(ctx, all, 1)
	}
	for _, j := range p.jobs {
		if !j.settled() {
			continue
		}
		if err := p.e.tellPart(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

// tellPart publishes the receipts of a part apart from the others.
func (e *Engine) tellPart(ctx context.Context, j *job) error {
	if !j.entry.share.Told {
		j.entry.share.Told = true
		if err := e.storeOutcome(ctx, j); err != nil {
			return err
		}
	}
	return e.publishReceipts(ctx, j, 1)
}

// end is nil once everybody has an end.
func (p *parts) end() error {
	if p.err != nil {
		return p.err
	}
	left, attempt, reason, after := 0, 1, events.ReasonNone, time.Duration(0)
	for _, j := range p.jobs {
		switch {
		case !j.settled():
			left += j.delivery.Recipients()
		default:
			left += len(j.pending())
			attempt = max(attempt, j.entry.attempt)
		}
		if j.reason != events.ReasonNone {
			reason = j.reason
		}
		after = max(after, j.retryAfter)
	}
	if left == 0 {
		return nil
	}
	return events.Transient(reason, fmt.Errorf("delivery %s: %d of %d recipients to try again", p.of.delivery.ID, left, p.of.delivery.Recipients()), max(after, retryDelay(attempt)))
}
