package item

import (
	"slices"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
)

// Arrival is a message that a stream's rule takes, with what decides on it.
type Arrival struct {
	Authority registry.Authority
	Stream    registry.Stream
	Trust     registry.Trust // of the message's source
	// Manual says that an officer wrote the message in the console: it is
	// always reviewed, for who writes is not always who may publish.
	Manual  bool
	Message events.Message
	// Trace is the W3C traceparent that the message came with; "" without one.
	Trace string
	// Told is the item that already tells residents of the same incident on
	// this stream, nil when there is none.
	Told *Item
}

// ID is the item's.
func (a Arrival) ID() string {
	return events.PublicationID(a.Stream.Authority, a.Stream.ID, a.Message.ID)
}

// Key is the item's.
func (a Arrival) Key() registry.Key { return registry.Key{a.Stream.Authority, a.Stream.ID, a.ID()} }

// Automatic reports whether the message may leave without an officer. Old
// news, exercises and paused streams never do.
func (a Arrival) Automatic() bool {
	return !a.Manual && !a.Message.Backlog && !a.Stream.Paused && a.Message.Status == events.StatusActual &&
		a.Stream.Approvals(a.Authority, a.Message.Class, a.Trust) == 0
}

func (a Arrival) rule() string { return "rule:" + a.Stream.ID }

// New returns the item of a message seen for the first time on a stream, and
// whether there is to be one: what was withdrawn, or out of date, before it
// was seen is not.
func New(a Arrival, now time.Time) (Item, bool) {
	m := a.Message
	if m.MsgType == events.MsgCancel || !m.Expires.After(now) {
		return Item{}, false
	}
	it := Item{
		ID: a.ID(), Authority: a.Stream.Authority, Stream: a.Stream.ID, State: Pending,
		Message: m, Trace: a.Trace, Trust: a.Trust, Expires: m.Expires, CreatedAt: now.UTC(),
	}
	it.note(Change{Actor: "source:" + m.Source, Action: ActionReceive, At: now, Quiet: true})
	switch {
	case !a.Automatic():
	case a.Told != nil && m.Severity.Rank() <= a.Told.Message.Severity.Rank():
		it.Cover(a.Told.ID, a.rule(), now)
	case a.Told != nil: // worse than residents were told: an officer decides
	default:
		it.State = Received
		it.publish(a.Stream, ActionPublish, []string{a.rule()}, now)
	}
	return it, true
}

// Receive takes another revision of the message into the item, and reports
// whether anything changed: a revision seen before changes nothing. It must
// not be called while Outgoing is set.
func (it *Item) Receive(a Arrival, now time.Time) bool {
	m := a.Message
	if m.Revision <= it.Message.Revision || m.Seq == it.Message.Seq {
		return false
	}
	it.Trust, it.Trace = a.Trust, a.Trace
	if m.MsgType == events.MsgCancel {
		it.cancelled(a, now)
		return true
	}
	previous := it.Message
	it.Message, it.Cancelled = m, false
	it.note(Change{Actor: "source:" + m.Source, Action: ActionUpdate, At: now, Quiet: true})
	if !m.Expires.After(now) && !it.Live() {
		it.expire(now)
		return true
	}
	switch it.State {
	case Rejected:
		// A headline edited later does not bring back what an officer put
		// aside; a danger that grew does.
		if m.Severity.Rank() > previous.Severity.Rank() || it.Reason == reasonSource {
			it.review(true)
		}
	case Withdrawn:
		if it.Reason == reasonSource {
			it.revise(a, now)
		}
	case Published, Expired:
		it.revise(a, now)
	case Pending, Scheduled, Covered, Received:
		it.review(it.Draft != nil || len(it.Approvals) > 0 || it.State != Pending || it.Live())
	}
	return true
}

// reasonSource is the reason of what the source itself withdrew.
const reasonSource = "source"

// review puts the item before an officer again.
func (it *Item) review(changed bool) {
	it.State, it.Approvals, it.NotBefore = Pending, nil, time.Time{}
	it.CoveredBy, it.Reason = "", ""
	it.Changed = it.Changed || changed
	if it.Draft == nil {
		it.Expires = it.Message.Expires
	}
}

// revise follows a source that changed what was published: at once on an
// automatic stream, before an officer elsewhere, or when one had rewritten it.
func (it *Item) revise(a Arrival, now time.Time) {
	it.Reason, it.CoveredBy = "", ""
	if a.Automatic() && it.Draft == nil {
		it.Expires = it.Message.Expires
		it.publish(a.Stream, ActionCorrect, []string{a.rule()}, now)
		return
	}
	it.review(it.Last != nil)
}

// cancelled follows a source that withdrew its message. The content stays the
// last one that people could read.
func (it *Item) cancelled(a Arrival, now time.Time) {
	m := a.Message
	it.Message.Revision, it.Message.Seq, it.Message.MsgType = m.Revision, m.Seq, m.MsgType
	it.note(Change{Actor: "source:" + m.Source, Action: ActionCancel, At: now, Quiet: true})
	if !it.Live() {
		if !it.State.Ended() {
			it.State, it.Reason, it.Approvals = Rejected, reasonSource, nil
		}
		return
	}
	if a.Automatic() {
		it.Reason = reasonSource
		it.withdraw(ActionWithdraw, []string{a.rule()}, now)
		return
	}
	it.review(true)
	it.Cancelled = true
}

// expire ends an item whose time is over.
func (it *Item) expire(now time.Time) {
	it.State, it.Approvals = Expired, nil
	it.note(Change{Actor: "system", Action: ActionExpire, At: now, Quiet: true})
}

// Expire ends the item when its time is over, and reports whether it did.
// Nothing is sent: channels drop what has expired by themselves.
func (it *Item) Expire(now time.Time) bool {
	if it.State.Ended() || it.Outgoing != nil || it.until().After(now) {
		return false
	}
	it.expire(now)
	return true
}

// until is when the item has no more use: a correction under review does not
// shorten what residents see, nor the other way round.
func (it Item) until() time.Time {
	if it.Live() && it.Last.Expires.After(it.Expires) {
		return it.Last.Expires
	}
	return it.Expires
}

// Cover ends an item because another tells residents the same incident.
func (it *Item) Cover(by, actor string, now time.Time) {
	it.State, it.CoveredBy, it.Approvals = Covered, by, nil
	it.note(Change{Actor: actor, Action: ActionCover, At: now, Detail: map[string]string{"by": by}})
}

// Due reports whether a scheduled item is to leave now.
func (it Item) Due(now time.Time) bool {
	return it.State == Scheduled && it.Outgoing == nil && !it.NotBefore.After(now)
}

// Sent tells that Outgoing was stored on the bus.
func (it *Item) Sent(revision int) {
	if it.Outgoing == nil || it.Outgoing.Revision != revision {
		return
	}
	it.Last, it.Outgoing = it.Outgoing, nil
	it.Approvals, it.Changed, it.Cancelled, it.NotBefore = nil, false, false, time.Time{}
	it.State, it.Expires = Published, it.Last.Expires
	if it.Last.MsgType == events.MsgCancel {
		it.State = Withdrawn
	}
}

// MarkAudited tells that the first n changes are in the audit chain.
func (it *Item) MarkAudited(n int) { it.Audited = max(it.Audited, min(n, it.Changes)) }

// Origin is the item's provenance, with that of the others of its incident.
func (it Item) Origin(others ...Item) []events.Provenance {
	origin := slices.Clone(it.Message.Origin)
	for _, o := range others {
		for _, p := range o.Message.Origin {
			if !slices.ContainsFunc(origin, func(have events.Provenance) bool {
				return have.Authority == p.Authority && have.Source == p.Source
			}) {
				origin = append(origin, p)
			}
		}
	}
	return origin
}
