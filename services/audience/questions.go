package audience

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/audience/consent"
	"github.com/crieur/crieur/services/audience/enrol"
	"github.com/crieur/crieur/services/audience/vault"
)

type metrics struct{ optOuts, strangers *prometheus.CounterVec }

func newMetrics(reg prometheus.Registerer) metrics {
	stage := run.NewStage(reg, "audience")
	reason := run.Label{Name: "reason", Values: run.Values(events.ReasonOptedOut, events.ReasonBadRecipient)}
	return metrics{
		optOuts:   stage.Counter("opt_outs_total", "Subscriptions ended, by who said so.", reason),
		strangers: stage.Counter("opt_outs_unmatched_total", "Opt-outs of an address that no subscriber has.", reason),
	}
}

const (
	maxResolve    = 10_000 // subscribers in one question
	resolvePart   = 128    // of them opened by one goroutine
	resolveAtOnce = 8      // goroutines of one question
)

// resolve answers call.Resolve: the only way out of the vault.
func (r *running) resolve(ctx context.Context, q call.ResolveRequest) (call.ResolveReply, error) {
	kind, ok := consent.ContactOf(q.Kind)
	if !ok || len(q.Subscribers) > maxResolve {
		return call.ResolveReply{}, events.Permanentf(events.ReasonInvalidEvent, "audience: resolve: kind %q, %d subscribers", q.Kind, len(q.Subscribers))
	}
	q.Kind = kind
	b := batch{running: r, q: q, loc: time.UTC, now: r.now(), people: r.model.Sealed(q.Subscribers)}
	if a, ok := r.authorities.Get(q.Authority); ok {
		b.loc = a.Location()
	}
	b.active = make([]bool, len(b.people))
	r.index.Among(q.Authority, q.Stream, q.Kind, q.Class, func(active func(uint32) bool) {
		for i, s := range b.people {
			b.active[i] = s.Known && s.Authority == q.Authority && active(s.Ordinal)
		}
	})
	reply := call.ResolveReply{Contacts: make([]call.Contact, len(b.people))}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(resolveAtOnce)
	for from := 0; from < len(b.people); from += resolvePart {
		part := reply.Contacts[from:min(from+resolvePart, len(b.people))]
		g.Go(func() error {
			for i := range part {
				var err error
				if part[i], err = b.one(ctx, from+i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return call.ResolveReply{}, err
	}
	return reply, nil
}

// batch is one question, with what is read once for all of its contacts.
type batch struct {
	*running
	q      call.ResolveRequest
	loc    *time.Location
	now    time.Time
	people []vault.Sealed
	active []bool
}

func (b *batch) one(ctx context.Context, i int) (call.Contact, error) {
	s := &b.people[i]
	var c call.Contact
	if !s.Known || s.Authority != b.q.Authority {
		c.Reason = events.ReasonNoConsent // erased, or never there
		return c, nil
	}
	if !b.active[i] {
		reason, err := b.whyNot(ctx, b.q, s.ID, b.now)
		if err != nil || reason != events.ReasonNone {
			c.Reason = reason
			return c, err
		}
	}
	address, err := b.model.Open(*s, b.q.Kind)
	if err != nil {
		b.deps.Logger.Error("audience: contact cannot be opened", "subscriber", s.ID, "err", err)
		return c, events.Transient(events.ReasonInternal, err, 0)
	}
	if address == "" {
		c.Reason = events.ReasonBadRecipient
		return c, nil
	}
	c.Address, c.Language = call.Address(address), s.Language
	c.Unsubscribe = "/d/" + b.master.Token(vault.Leave, s.Ordinal, b.q.Stream, b.q.Kind)
	if b.q.Class != events.ClassAlert && b.q.Stream != enrol.Stream && s.Quiet != nil {
		if until, quiet := s.Quiet.Until(b.now, b.loc); quiet {
			c.HoldUntil = until
		}
	}
	return c, nil
}

// whyNot tells why there is no consent, or none that there is one: a code is
// sent to who has just asked for it, and the record is truer than the index.
func (r *running) whyNot(ctx context.Context, q call.ResolveRequest, id string, now time.Time) (events.Reason, error) {
	rec, _, err := r.vault.Get(ctx, id)
	if errors.Is(err, vault.ErrNotFound) {
		return events.ReasonNoConsent, nil
	}
	if err != nil {
		return events.ReasonNone, err
	}
	if q.Stream == enrol.Stream {
		if p := rec.Pending; p != nil && p.Kind == q.Kind && now.Before(p.Expires) {
			return events.ReasonNone, nil
		}
		return events.ReasonExpired, nil
	}
	i := consent.Find(rec.Subscriptions, q.Stream, q.Kind)
	switch {
	case i < 0:
		return events.ReasonNoConsent, nil
	case rec.Subscriptions[i].Takes(q.Class):
		return events.ReasonNone, nil
	case rec.Subscriptions[i].Status == consent.Ended, rec.Subscriptions[i].Status == consent.Paused:
		return events.ReasonOptedOut, nil
	}
	return events.ReasonNoConsent, nil
}

// optOut answers call.OptOut.
func (r *running) optOut(ctx context.Context, q call.OptOutRequest) (call.OptOutReply, error) {
	kind, ok := consent.ContactOf(q.Kind)
	if !ok || (q.Reason != events.ReasonOptedOut && q.Reason != events.ReasonBadRecipient) {
		return call.OptOutReply{}, events.Permanentf(events.ReasonInvalidEvent, "audience: opt-out: kind %q, reason %q", q.Kind, q.Reason)
	}
	q.Kind = kind
	if q.At.IsZero() {
		q.At = r.now()
	}
	ids, err := r.owners(ctx, q)
	if err == nil && len(ids) == 0 && q.Authority != "" {
		// Authorities may share the number that people answer to: who is not this
		// one's is another's.
		q.Authority = ""
		ids, err = r.owners(ctx, q)
	}
	if err != nil {
		return call.OptOutReply{}, err
	}
	if len(ids) == 0 {
		// Somebody who left already, or a defect that the law does not forgive.
		r.metrics.strangers.WithLabelValues(string(q.Reason)).Inc()
		r.deps.Logger.Warn("audience: opt-out of nobody known", "authority", q.Authority, "kind", q.Kind, "reason", q.Reason)
	}
	var reply call.OptOutReply
	for _, id := range ids {
		n, err := r.end(ctx, id, func(s consent.Subscription) bool { return s.Kind == q.Kind }, q.Reason, q.Evidence, q.At)
		if err != nil {
			return reply, err
		}
		reply.Ended += n
	}
	return reply, nil
}

// owners finds who an opt-out is of.
func (r *running) owners(ctx context.Context, q call.OptOutRequest) ([]string, error) {
	if q.Subscriber != "" {
		return []string{q.Subscriber}, nil
	}
	authorities := []registry.Authority{}
	for _, a := range r.authorities.All() {
		if q.Authority == "" || q.Authority == a.ID {
			authorities = append(authorities, a)
		}
	}
	var ids []string
	for _, a := range authorities {
		address, err := vault.Normalise(q.Kind, q.Address.Reveal(), vault.Region(a.INSEE))
		if err != nil {
			continue // nobody subscribed with what is no address
		}
		rec, err := r.vault.Find(ctx, a.ID, q.Kind, address)
		if err == nil {
			ids = append(ids, rec.ID)
		} else if !errors.Is(err, vault.ErrNotFound) {
			return nil, err
		}
	}
	return ids, nil
}

// end withdraws subscriptions of one subscriber and tells, for each, the
// delivery that it answers to, where there is one.
func (r *running) end(ctx context.Context, id string, match func(consent.Subscription) bool, reason events.Reason, evidence string, at time.Time) (int, error) {
	n := 0
	var ended []consent.Subscription
	rec, err := r.vault.Modify(ctx, id, func(rec *vault.Record) error {
		ended = ended[:0]
		for _, s := range rec.Subscriptions {
			if s.Status != consent.Ended && match(s) {
				ended = append(ended, s)
			}
		}
		n = consent.End(rec.Subscriptions, match, reason, evidence, at)
		rec.Shed(r.now())
		return nil
	})
	if errors.Is(err, vault.ErrNotFound) {
		return 0, nil
	}
	if err != nil || n == 0 {
		return n, err
	}
	r.metrics.optOuts.WithLabelValues(string(reason)).Add(float64(n))
	if reason != events.ReasonOptedOut {
		return n, nil
	}
	var out []events.Event
	for _, s := range ended {
		if d, ok, err := r.fanout.Last(ctx, rec.Ordinal, rec.Authority, s.Stream, s.Kind); err == nil && ok {
			out = append(out, events.NewReceipt(d, "optout-"+rec.ID, at, []events.Recipient{
				{ID: rec.ID, Status: events.StatusOptedOut, At: at.UTC()},
			}))
		}
	}
	if len(out) > 0 {
		if err := r.emitter.Publish(ctx, out...); err != nil {
			r.deps.Logger.Error("audience: opt-out receipt not stored", "authority", rec.Authority, "err", err)
		}
	}
	return n, nil
}

// reach answers call.Reach.
func (r *running) reach(_ context.Context, q call.ReachRequest) (call.ReachReply, error) {
	p := q.Publication
	var reply call.ReachReply
	var kinds, ids []string
	for _, id := range p.Channels {
		ch, ok := r.channels.Get(p.Authority, id)
		kind, people := consent.ContactOf(ch.Kind)
		if ok && people && ch.Takes(p.Class) && !slices.Contains(kinds, kind) {
			kinds, ids = append(kinds, kind), append(ids, id)
		}
	}
	sets, people := r.selected(p, kinds), roaring.New()
	for i, id := range ids {
		b := sets[kinds[i]]
		people.Or(b)
		reply.Channels = append(reply.Channels, call.ChannelReach{Channel: id, Subscribers: int(b.GetCardinality())})
	}
	reply.People = int(people.GetCardinality())
	return reply, nil
}

// selected is fanout's Select.
func (r *running) selected(p events.Publication, kinds []string) map[string]*roaring.Bitmap {
	var home []string
	if a, ok := r.authorities.Get(p.Authority); ok {
		home = a.INSEE
	}
	return r.index.Select(consent.TargetOf(p, kinds, home))
}

// hold is fanout's Hold.
func (r *running) hold(authority string, b *roaring.Bitmap, now time.Time) map[time.Time]*roaring.Bitmap {
	loc := time.UTC
	if a, ok := r.authorities.Get(authority); ok {
		loc = a.Location()
	}
	out := map[time.Time]*roaring.Bitmap{}
	for it := r.index.Quiet(authority, b).Iterator(); it.HasNext(); {
		ordinal := it.Next()
		q := r.model.QuietOf(ordinal)
		if q == nil {
			continue
		}
		if until, quiet := q.Until(now, loc); quiet {
			if out[until] == nil {
				out[until] = roaring.New()
			}
			out[until].Add(ordinal)
		}
	}
	return out
}

func (r *running) ordinal(id string) (uint32, bool) {
	s, ok := r.model.Get(id)
	return s.Ordinal, ok
}

func (r *running) channel(authority, id string) (registry.Channel, bool) {
	return r.channels.Get(authority, id)
}

// channelOf finds the authority's channel to a kind of contact.
func (r *running) channelOf(authority, kind string) (registry.Channel, bool) {
	for _, ch := range r.channels.All(authority) {
		if to, _ := consent.ContactOf(ch.Kind); to == kind && ch.Takes(events.ClassService) {
			return ch, true
		}
	}
	return registry.Channel{}, false
}

func (r *running) render(ctx context.Context, q call.RenderRequest) (call.RenderReply, error) {
	reply, err := call.Ask(ctx, r.deps.NATS, call.Render, q)
	if err != nil {
		return reply, fmt.Errorf("audience: %w", err)
	}
	return reply, nil
}

// sweepEvery is how often pauses end, and the unproven and those who left long
// ago are forgotten.
const sweepEvery = time.Minute

// sweep ends pauses in their time, and forgets who never gave his code and who
// left long ago.
func (r *running) sweep(ctx context.Context) error {
	for {
		t := r.deps.Clock.NewTimer(sweepEvery)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-t.C():
		}
		now := r.now()
		for _, id := range r.model.Due(now) {
			if err := r.sweepOne(ctx, id, now); err != nil && ctx.Err() == nil {
				r.deps.Logger.Warn("audience: sweep", "subscriber", id, "err", err)
			}
		}
	}
}

func (r *running) sweepOne(ctx context.Context, id string, now time.Time) error {
	rec, _, err := r.vault.Get(ctx, id)
	if errors.Is(err, vault.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if enrol.Unproven(rec, now) || rec.LeftLongAgo(now) {
		return r.vault.Erase(ctx, id)
	}
	_, err = r.vault.Modify(ctx, id, func(rec *vault.Record) error {
		consent.Resume(rec.Subscriptions, func(s consent.Subscription) bool {
			return !s.PausedUntil.IsZero() && !s.PausedUntil.After(now)
		})
		rec.Shed(now)
		return nil
	})
	return err
}
