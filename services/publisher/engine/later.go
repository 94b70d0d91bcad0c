package engine

import (
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	"sync"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// later matches what providers say after they accepted with the deliveries in
// the ledger. A report's receipt may come before that of the sending, which in parts
// waits for all of them: whoever counts receipts counts each status apart. Memory is some 40 bytes a message that the provider has not
// reported on: a hash of its name there, and the number of its delivery.
type later struct {
	e     *Engine
	seed  maphash.Seed
	queue chan report

	stopped chan struct{} // closed when nobody takes from queue any more

	mu      sync.RWMutex
	current generation // what is indexed now
	before  generation // what was before; forgotten at the next turn
}

// generation is what was sent in turnEvery.
type generation struct {
	since      time.Time
	byRemote   map[uint64]uint32 // to deliveries
	deliveries []string
}

// turnEvery bounds how long a message is remembered, from one to two times:
// operators report within 72 hours, the longest validity they take.
const turnEvery = 72 * time.Hour

func newGeneration(since time.Time) generation {
	return generation{since: since, byRemote: map[uint64]uint32{}}
}

type report struct {
	at    laneKey
	said  channel.Later
	since time.Time
	done  func(error)
}

// answer tells the provider, once.
func (r *report) answer(err error) {
	if r.done != nil {
		r.done(err)
		r.done = nil
	}
}

// reportQueue bounds what waits; then the provider waits.
const reportQueue = 4096

func newLater(e *Engine) *later {
	return &later{
		e: e, seed: maphash.MakeSeed(), queue: make(chan report, reportQueue), current: newGeneration(e.now()),
		stopped: make(chan struct{}),
	}
}

var _ channel.Receipts = (*later)(nil)

func (l *later) key(authority, channelID, remote string) uint64 {
	var h maphash.Hash
	h.SetSeed(l.seed)
	for _, s := range [...]string{authority, channelID, remote} {
		_, _ = h.WriteString(s) // never fails
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

// index makes an entry's messages known.
func (l *later) index(en *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.e.now(); now.Sub(l.current.since) > turnEvery {
		l.before, l.current = l.current, newGeneration(now)
	}
	g, at := &l.current, -1
	for i := range en.records {
		r := &en.records[i]
		if r.remote == "" || r.status != events.StatusSent && r.status != events.StatusUnknown {
			continue
		}
		if at < 0 {
			g.deliveries = append(g.deliveries, en.name())
			at = len(g.deliveries) - 1
		}
		g.byRemote[l.key(en.delivery.Authority, cmp.Or(r.via, en.delivery.Channel), r.remote)] = uint32(at)
	}
}

// find returns the name of the entry that r is about, and sets the name it has there.
func (l *later) find(r *report) (string, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for i := -1; i < len(r.said.Or); i++ {
		name := r.said.Remote
		if i >= 0 {
			name = r.said.Or[i]
		}
		key := l.key(r.at.authority, r.at.channel, name)
		for _, g := range [...]*generation{&l.current, &l.before} {
			if at, ok := g.byRemote[key]; ok {
				r.said.Remote = name
				return g.deliveries[at], true
			}
		}
	}
	return "", false
}

// forget drops messages whose last report is stored.
func (l *later) forget(reports []report) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range reports {
		if !r.said.Status.Terminal() {
			continue
		}
		key := l.key(r.at.authority, r.at.channel, r.said.Remote)
		delete(l.current.byRemote, key)
		delete(l.before.byRemote, key)
	}
}

// Later implements channel.Receipts.
func (l *later) Later(authority, channelID string, said channel.Later, done func(error)) {
	r := report{at: laneKey{authority: authority, channel: channelID}, said: said, since: l.e.now(), done: done}
	select {
	case l.queue <- r:
	case <-l.stopped:
		done(events.Transient(events.ReasonUnavailable, errors.New("publisher: stopping"), 0))
	}
}

// Shown implements channel.Receipts.
func (l *later) Shown(ctx context.Context, d events.Delivery, step string, to []events.Recipient) error {
	r := events.NewReceipt(d, step, l.e.now(), to)
	if err := l.e.deps.Emit(ctx, r); err != nil {
		return err
	}
	l.e.metrics.count(r)
	return nil
}

// idle is how long a group waits for the next receipt: a provider with a
// small window sends no more until it is answered.
const idle = 2 * time.Millisecond

// groupSize bounds one group.
const groupSize = 2048

// run groups reports, stores them, and answers. Those that match nothing yet
// are tried again for as long as a delivery may take, for receipts come before
// the outcome of the submission is known; the provider is answered sooner.
func (l *later) run(ctx context.Context) error {
	var waiting []report
	retry := time.NewTicker(50 * time.Millisecond)
	defer retry.Stop()
	for {
		var group []report
		select {
		case <-ctx.Done():
			return nil
		case <-retry.C:
			if len(waiting) == 0 {
				continue
			}
		case r := <-l.queue:
			group = l.collect(ctx, r)
		}
		waiting = l.store(ctx, append(waiting, group...))
	}
}

func (l *later) collect(ctx context.Context, first report) []report {
	group := []report{first}
	most := time.NewTimer(l.e.cfg.ReceiptGroup)
	defer most.Stop()
	quiet := time.NewTimer(idle)
	defer quiet.Stop()
	for len(group) < groupSize {
		select {
		case r := <-l.queue:
			group = append(group, r)
			quiet.Reset(idle)
		case <-quiet.C:
			return group
		case <-most.C:
			return group
		case <-ctx.Done():
			return group
		}
	}
	return group
}

// store publishes one receipt a delivery and returns the reports that match
// none yet.
func (l *later) store(ctx context.Context, group []report) (waiting []report) {
	byEntry := map[string][]report{}
	now := l.e.now()
	for _, r := range group {
		name, ok := l.find(&r)
		switch {
		case ok:
			byEntry[name] = append(byEntry[name], r)
		case now.Sub(r.since) < l.e.cfg.SendTimeout+l.e.cfg.OrphanWait:
			if now.Sub(r.since) >= l.e.cfg.OrphanWait {
				r.answer(nil) // it would be repeated for ever
			}
			waiting = append(waiting, r)
		default:
			l.orphan(r)
		}
	}
	for ; len(waiting) > reportQueue; waiting = waiting[1:] {
		l.orphan(waiting[0]) // the oldest
	}
	said := map[string]*saying{} // by delivery
	var answered []report
	for name, reports := range byEntry {
		if err := l.read(ctx, name, reports, said); err != nil {
			for _, r := range reports {
				r.answer(err)
			}
			continue
		}
		answered = append(answered, reports...)
	}
	var out []events.Event
	for _, s := range said {
		r := events.NewReceipt(s.delivery, s.step(), now, s.to)
		l.e.metrics.count(r)
		out = append(out, r)
	}
	var err error
	if len(out) > 0 {
		if err = l.e.deps.Emit(ctx, out...); err != nil {
			l.e.deps.Logger.Error("publisher: receipts not stored; the provider will repeat them", "err", err)
		}
	}
	if err == nil {
		l.forget(answered)
	}
	l.e.metrics.reported.Add(float64(len(answered)))
	for _, r := range answered {
		r.answer(err)
	}
	return waiting
}

// orphan gives up a report that belongs to nobody.
func (l *later) orphan(r report) {
	l.e.metrics.orphans.Inc()
	r.answer(nil)
}

// saying is what a group of reports says of one delivery.
type saying struct {
	delivery events.Delivery
	to       []events.Recipient
}

// step names what is said of whom, so that a report repeated alone after a
// crash gives the same receipt.
func (s *saying) step() string {
	parts := []string{s.delivery.ID}
	for _, to := range s.to {
		parts = append(parts, to.ID, string(to.Status))
	}
	return "dlr-" + events.NewID(parts...)
}

// read adds what some reports on one entry say.
func (l *later) read(ctx context.Context, name string, reports []report, said map[string]*saying) error {
	en, _, err := l.e.ledger.get(ctx, name)
	if err != nil {
		return err
	}
	if en == nil {
		return events.Permanentf(events.ReasonNotFound, "delivery %s left the ledger", name)
	}
	type sent struct{ by, remote string }
	byRemote := make(map[sent]*record, len(en.records))
	for i := range en.records {
		rec := &en.records[i]
		byRemote[sent{cmp.Or(rec.via, en.delivery.Channel), rec.remote}] = rec
	}
	for _, r := range reports {
		rec := byRemote[sent{r.at.channel, r.said.Remote}]
		if rec == nil {
			continue
		}
		s := said[en.delivery.ID]
		if s == nil {
			s = &saying{delivery: en.delivery}
			said[en.delivery.ID] = s
		}
		to := events.Recipient{ID: rec.id, Status: r.said.Status, Reason: r.said.Reason, At: r.said.At.UTC(), Via: rec.via}
		if rec.status == events.StatusUnknown && to.Status != events.StatusUnknown {
			to.Units, to.CostMicroEUR = rec.units, rec.cost
		}
		s.to = append(s.to, to)
	}
	return nil
}
