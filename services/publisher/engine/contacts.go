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
	req := call.ResolveRequest{
		Authority: j.delivery.Authority, Stream: j.delivery.Stream, Kind: j.delivery.Kind, Class: j.delivery.Class,
		Subscribers: j.delivery.Subscribers,
	}
	if len(j.try) < len(j.delivery.Subscribers) {
		req.Subscribers = make([]string, len(j.try))
		for k, i := range j.try {
			req.Subscribers[k] = j.delivery.Subscribers[i]
		}
	}
	reply, err := e.deps.Resolve(ctx, req)
	if err != nil {
		return err
	}
	if len(reply.Contacts) != len(j.try) {
		return events.Transient(events.ReasonInternal, fmt.Errorf("delivery %s: %d contacts for %d subscribers", j.delivery.ID, len(reply.Contacts), len(j.try)), 0)
	}
	now, kept := e.now(), j.try[:0]
	for k, i := range j.try {
		c := reply.Contacts[k]
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
