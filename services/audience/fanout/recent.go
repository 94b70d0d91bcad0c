package fanout

import (
	"context"
	"slices"
	"time"

	"github.com/crieur/crieur/events"
)

// Told is one publication that was sent to a subscriber.
type Told struct {
	Publication events.Publication
	Kind        string    // of contact
	At          time.Time // when its fan-out began
	delivery    events.Delivery
}

// maxRecent bounds how many fan-outs are looked into for one person.
const maxRecent = 40

// Recent returns what an authority's subscriber was sent of late, the latest
// first: the answer to "why did I get this?".
func (f *Fanout) Recent(ctx context.Context, ordinal uint32, authority string) ([]Told, error) {
	return f.told(ctx, ordinal, func(p *plan, _ leg) bool { return p.Publication.Authority == authority }, maxRecent)
}

// Last returns the last delivery to a subscriber on a stream and kind.
func (f *Fanout) Last(ctx context.Context, ordinal uint32, authority, stream, kind string) (events.Delivery, bool, error) {
	list, err := f.told(ctx, ordinal, func(p *plan, l leg) bool {
		return p.Publication.Authority == authority && p.Publication.Stream == stream && l.contact() == kind
	}, 1)
	if err != nil || len(list) == 0 {
		return events.Delivery{}, false, err
	}
	return list[0].delivery, true, nil
}

func (f *Fanout) told(ctx context.Context, ordinal uint32, match func(*plan, leg) bool, most int) ([]Told, error) {
	f.mu.Lock()
	var plans []*plan
	for _, p := range f.plans {
		if !p.Begun.IsZero() && slices.ContainsFunc(p.Channels, func(l leg) bool { return match(p, l) }) {
			plans = append(plans, p)
		}
	}
	f.mu.Unlock()
	slices.SortFunc(plans, func(a, b *plan) int { return b.Begun.Compare(a.Begun) })
	var list []Told
	for _, p := range plans[:min(len(plans), maxRecent)] {
		for _, l := range p.Channels {
			if !match(p, l) || len(list) >= most {
				continue
			}
			t, ok, err := f.toldOn(ctx, p, l, ordinal)
			if err != nil {
				return list, err
			}
			if ok {
				list = append(list, t)
			}
		}
	}
	return list, nil
}

func (f *Fanout) toldOn(ctx context.Context, p *plan, l leg, ordinal uint32) (Told, bool, error) {
	sets, err := f.store.targets(ctx, p.Publication, l)
	if err != nil {
		return Told{}, false, err
	}
	var at cursor
	if _, err := f.store.get(ctx, legKey("at", p.Publication, l.Channel), &at); err != nil {
		return Told{}, false, err
	}
	batch, ok := batchOf(l, sets, at, ordinal)
	if !ok {
		return Told{}, false, nil
	}
	d := sender(p.Publication, l).delivery(batch, nil, p.Begun)
	return Told{Publication: p.Publication, Kind: l.contact(), At: p.Begun, delivery: d}, true, nil
}
