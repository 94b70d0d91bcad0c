package fanout

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/audience/consent"
)

// batch is how many recipients a delivery on ch has. The publisher carries a
// delivery of more than its window out in parts, so its size bounds no promise:
// large ones spare events and questions, small ones let others go between. At
// the channel's own rate one takes half a minute at most.
func (f *Fanout) batch(ch registry.Channel) int {
	if f.deps.Batch > 0 {
		return f.deps.Batch
	}
	size := min(mostOfBatch, 8*ch.Window)
	if ch.RatePerSecond > 0 {
		size = min(size, int(30*ch.RatePerSecond))
	}
	return max(8, size)
}

// legs asks for the rendition of each channel that writes to people: the first
// of each kind of contact.
func (f *Fanout) legs(ctx context.Context, p events.Publication) ([]leg, error) {
	var list []leg
	for _, id := range p.Channels {
		ch, ok := f.deps.Channel(p.Authority, id)
		kind, people := consent.ContactOf(ch.Kind)
		if !ok || !people || !ch.Takes(p.Class) {
			continue
		}
		if slices.ContainsFunc(list, func(l leg) bool { return l.contact() == kind }) {
			continue
		}
		list = append(list, leg{Channel: id, Kind: ch.Kind, Size: f.batch(ch)})
	}
	if len(list) == 0 {
		return nil, nil
	}
	req := call.RenderRequest{Publication: p}
	for _, l := range list {
		req.Channels = append(req.Channels, l.Channel)
	}
	reply, err := f.deps.Render(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("fanout: publication %s: %w", p.EventID(), err)
	}
	return f.rendered(ctx, p, list, reply)
}

// rendered keeps the legs that have a rendition; the others end as failed.
func (f *Fanout) rendered(ctx context.Context, p events.Publication, list []leg, reply call.RenderReply) ([]leg, error) {
	kept := list[:0]
	for _, l := range list {
		i := slices.IndexFunc(reply.Rendered, func(r call.Rendered) bool { return r.Channel == l.Channel })
		if i < 0 {
			return nil, events.Transient(events.ReasonInternal, fmt.Errorf("fanout: publication %s: no rendition for channel %s", p.EventID(), l.Channel), 0)
		}
		if r := reply.Rendered[i]; r.Error == "" && r.Reason == "" {
			l.Rendition = r.Rendition
			kept = append(kept, l)
			continue
		}
		f.deps.Logger.Warn("fanout: channel cannot show the publication", "authority", p.Authority, "channel", l.Channel, "message", p.Message, "reason", reply.Rendered[i].Reason)
		r := sender(p, l)
		at := f.now().Truncate(time.Millisecond)
		rc := events.NewReceipt(r.delivery(0, nil, at), "plan", at, []events.Recipient{
			{ID: l.Channel, Status: events.StatusFailed, Reason: reply.Rendered[i].Reason, At: at},
		})
		if err := f.deps.Emit(ctx, rc); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// sender is a fan that only makes deliveries.
func sender(p events.Publication, l leg) *fan {
	return &fan{publication: p, leg: l, action: p.Action()}
}
