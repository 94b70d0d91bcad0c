package item

import (
	"slices"
	"strconv"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/rule"
)

// Preview is the publication that approving now would make: what the console
// has rendered and counted.
func (it Item) Preview(s registry.Stream, now time.Time) events.Publication {
	return it.build(s, []string{"preview"}, now)
}

// publish writes the next revision in Outgoing.
func (it *Item) publish(s registry.Stream, action string, by []string, now time.Time) {
	p := it.build(s, by, now)
	it.Outgoing = &p
	it.note(Change{Actor: actorOf(by), Action: action, At: now, Detail: map[string]string{"revision": strconv.Itoa(p.Revision)}})
}

// withdraw writes the cancellation of the last revision in Outgoing.
func (it *Item) withdraw(action string, by []string, now time.Time) {
	p := *it.Last
	p.Revision++
	p.MsgType, p.By, p.At, p.NotBefore, p.Reason = events.MsgCancel, by, now.UTC(), now.UTC(), publicReason(it.Reason)
	p.Audience.CorrectionOf = it.Last.Revision
	it.Outgoing = &p
	it.note(Change{Actor: actorOf(by), Action: action, At: now, Detail: map[string]string{"revision": strconv.Itoa(p.Revision), "reason": it.Reason}})
}

// publicReason is what residents read.
func publicReason(reason string) string {
	if reason == reasonSource {
		return "Retiré par la source."
	}
	return reason
}

func actorOf(by []string) string { return by[len(by)-1] }

func (it Item) channels(s registry.Stream) []string {
	if it.Draft == nil {
		return slices.Clone(s.Channels)
	}
	return slices.DeleteFunc(slices.Clone(it.Draft.Channels), func(id string) bool { return !slices.Contains(s.Channels, id) })
}

func (it Item) build(s registry.Stream, by []string, now time.Time) events.Publication {
	m := it.Message
	p := events.Publication{
		ID: it.ID, Revision: it.Revision() + 1, Authority: it.Authority, Stream: it.Stream,
		Message: m.ID, Seq: m.Seq, Status: m.Status, MsgType: events.MsgAlert,
		Class: m.Class, Topic: m.Topic, Severity: m.Severity, Urgency: m.Urgency, Certainty: m.Certainty,
		Content: it.Content(), Variants: it.Variants(), Areas: m.Areas, Channels: it.channels(s),
		Audience: events.Audience{Areas: audienceAreas(m), Topics: []string{m.Topic}},
		Onset:    it.Onset(), Ends: it.Ends(), NotBefore: now.UTC(), Expires: it.Expires,
		Origin: m.Origin, By: by, SourceAt: m.Sent, FetchedAt: m.FetchedAt, At: now.UTC(),
	}
	if it.Draft != nil {
		p.Overrides = it.Draft.Overrides
	}
	if it.Live() {
		p.MsgType = events.MsgUpdate
		p.Correction = m.Seq == it.Last.Seq
		// Those who did not get the error need no rectification; a danger, or a
		// text that more people are meant to read, is for everybody.
		if m.Class != events.ClassAlert && m.Severity.Rank() <= it.Last.Severity.Rank() {
			p.Audience.CorrectionOf = it.Last.Revision
		}
	}
	return p
}

// audienceAreas narrows to the communes a message names; one that names a
// département, or nothing, is for all the authority's.
func audienceAreas(m events.Message) []string {
	codes := rule.Codes(m)
	for _, c := range codes {
		if len(c) != 5 {
			return nil
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}
