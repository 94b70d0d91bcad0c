package engine

import (
	"context"
	"fmt"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
)

// resolveContacts asks audience for the addresses of those still to be sent
// to. Who withdrew since ends as failed; who is in quiet hours is left for
// later, but for an alert.
func (e *Engine) resolveContacts(ctx context.Context, j *job) error {
	if len(j.try) == 0 || j.delivery.Endpoint != "" {
		return nil
	}
	contacts := j.known
	if len(contacts) != len(j.try) {
		subscribers := make([]string, len(j.try))
		for k, i := range j.try {
			subscribers[k] = j.delivery.Subscribers[i]
		}
		var err error
		if contacts, err = e.contacts(ctx, j.delivery, subscribers); err != nil {
			return err
		}
	}
	now, kept := e.now(), j.try[:0]
	j.contacts = contacts[:0]
	for k, i := range j.try {
		c := contacts[k]
		switch {
		case c.Address == "":
			reason := c.Reason
			if reason == events.ReasonNone {
				reason = events.ReasonBadRecipient
			}
			j.end(i, events.StatusFailed, reason, now)
		case j.delivery.Class != events.ClassAlert && c.HoldUntil.After(now):
			j.postpone(events.ReasonUnavailable, c.HoldUntil.Sub(now))
		default:
			kept = append(kept, i)
			j.contacts = append(j.contacts, c)
		}
	}
	j.try = kept
	return nil
}

// contacts asks audience for the addresses of some of a delivery's subscribers.
func (e *Engine) contacts(ctx context.Context, d events.Delivery, subscribers []string) ([]call.Contact, error) {
	reply, err := e.deps.Resolve(ctx, call.ResolveRequest{
		Authority: d.Authority, Stream: d.Stream, Kind: d.Kind, Class: d.Class, Subscribers: subscribers,
	})
	if err != nil {
		return nil, err
	}
	if len(reply.Contacts) != len(subscribers) {
		return nil, events.Transient(events.ReasonInternal, fmt.Errorf("delivery %s: %d contacts for %d subscribers", d.ID, len(reply.Contacts), len(subscribers)), 0)
	}
	for i := range reply.Contacts {
		reply.Contacts[i].Subscriber = subscribers[i]
	}
	return reply.Contacts, nil
}
