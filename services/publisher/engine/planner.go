package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// Plan makes one delivery for each endpoint of the publication's endpoint
// channels, with its rendition. Subscriber channels are planned by audience.
// A channel that cannot be used, or cannot show the publication, ends as a
// failed receipt and stops no other.
func (e *Engine) Plan(ctx context.Context, p events.Publication) error {
	if err := e.revisions.announce(ctx, p); err != nil {
		return err
	}
	var out []events.Event
	for _, id := range p.Channels {
		made, err := e.deps.Channels.Channel(p.Authority, id)
		if err != nil {
			if events.OutcomeOf(err).Kind != events.PermanentFailure {
				return err
			}
			e.deps.Logger.Error("publisher: channel cannot be used", "authority", p.Authority, "channel", id, "err", err)
			out = append(out, e.unusable(p, id, made.Kind, id, events.OutcomeOf(err).Reason))
			continue
		}
		endpoint, ok := made.Channel.(channel.Endpoint)
		if !ok || !takes(made, p.Class) {
			continue
		}
		for _, profile := range endpoint.Endpoints(p) {
			out = append(out, e.plan(p, id, made, profile))
		}
	}
	if len(out) == 0 {
		return nil
	}
	if err := e.deps.Emit(ctx, out...); err != nil {
		return fmt.Errorf("publication %s: plan: %w", p.EventID(), err)
	}
	return nil
}

func takes(m Made, c events.Class) bool { return len(m.Classes) == 0 || slices.Contains(m.Classes, c) }

// plan is the delivery to one endpoint, or its failed receipt.
func (e *Engine) plan(p events.Publication, id string, made Made, profile channel.Profile) events.Event {
	r, err := channel.Render(made, p, e.deps.Profile(p, profile))
	if err != nil {
		e.deps.Logger.Warn("publisher: cannot render", "authority", p.Authority, "channel", id, "message", p.Message, "err", err)
		return e.unusable(p, id, made.Kind, profile.Endpoint, events.OutcomeOf(err).Reason)
	}
	d := e.delivery(p, id, made.Kind, profile.Endpoint)
	d.Rendition = r
	return d
}

func (e *Engine) delivery(p events.Publication, id, kind, endpoint string) events.Delivery {
	return events.Delivery{
		ID:          events.DeliveryID(p.ID, p.Revision, id, endpoint, 0),
		Publication: p.ID, Revision: p.Revision, Authority: p.Authority, Stream: p.Stream,
		Channel: id, Kind: kind, Class: p.Class, Topic: p.Topic, Severity: p.Severity,
		Action: p.Action(), Endpoint: endpoint,
		SourceAt: p.SourceAt, FetchedAt: p.FetchedAt, ApprovedAt: p.At,
		NotBefore: p.NotBefore, Expires: p.Expires, CreatedAt: e.now(),
	}
}

// unusable is the receipt of a delivery that was never made.
func (e *Engine) unusable(p events.Publication, id, kind, endpoint string, reason events.Reason) events.Event {
	if kind == "" {
		kind = "none"
	}
	d := e.delivery(p, id, kind, endpoint)
	now := e.now().Truncate(time.Millisecond)
	return events.NewReceipt(d, "plan", now, []events.Recipient{
		{ID: endpoint, Status: events.StatusFailed, Reason: reason, At: now},
	})
}
