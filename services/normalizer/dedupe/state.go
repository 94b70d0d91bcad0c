package dedupe

import (
	"strconv"
	"time"

	"github.com/crieur/crieur/events"
)

// State is what was last made of an item. It is kept under the message's ID.
type State struct {
	RawID       string `json:"rawId"`       // the last raw handled
	RawRevision int    `json:"rawRevision"` // its revision
	// RawFetched is when it was fetched: what ingest forgot of a source and sees
	// again begins anew with revision 1.
	RawFetched time.Time `json:"rawFetched,omitzero"`
	Emitted    bool      `json:"emitted"` // the message was stored on the bus
	Withdrawn  bool      `json:"withdrawn,omitempty"`
	// Message is the last one made, without its body.
	Message events.Message `json:"message"`
}

// Action is what to do with a raw.
type Action uint8

// The actions.
const (
	Skip  Action = iota // handled already, or older than what was handled
	Note                // nothing new to say: keep the state, emit nothing
	Emit                // keep the state, then emit the message
	Again               // the same, for a message that may have been emitted already
)

// Decide says what to do with the message that a raw gives, m, given the state
// of its item; prev is nil when there is none. m comes as Normalise makes it:
// first revision, its own incident. The message and state returned are to be
// emitted and kept.
func Decide(prev *State, raw events.Raw, m events.Message) (Action, events.Message, State) {
	if prev == nil {
		if raw.Withdrawn {
			return Skip, m, State{}
		}
		if raw.Revision > 1 {
			// Its state is gone: it was silent for longer than states are kept.
			// The curator may remember revisions, never more than raws had.
			m.Revision = raw.Revision
			m.Seq = events.MessageSeq(m.ID, m.Hash+"/"+strconv.Itoa(m.Revision))
		}
		return Emit, m, next(raw, m, false)
	}
	last := prev.Message
	same := raw.Withdrawn && prev.Withdrawn || !raw.Withdrawn && !prev.Withdrawn && m.Hash == last.Hash
	switch {
	case raw.ID == prev.RawID && prev.Emitted, late(prev, raw):
		return Skip, m, *prev
	case same && prev.Emitted:
		state := *prev
		state.RawID, state.RawRevision, state.RawFetched = raw.ID, raw.Revision, raw.FetchedAt
		return Note, m, state
	case same, raw.ID == prev.RawID: // kept, perhaps not emitted
		if raw.Withdrawn {
			m = last
		} else {
			m.Revision, m.Seq, m.MsgType, m.Incident, m.Origin = last.Revision, last.Seq, last.MsgType, last.Incident, last.Origin
		}
		state := *prev
		state.RawID, state.RawRevision, state.RawFetched = raw.ID, raw.Revision, raw.FetchedAt
		return Again, m, state
	}
	if raw.Withdrawn {
		m = cancelled(last, m)
	}
	m.Incident = last.Incident
	m.Revision = last.Revision + 1
	if m.MsgType == events.MsgAlert {
		m.MsgType = events.MsgUpdate
	}
	// Not of the hash alone: a text that comes back to what it was is a new
	// revision, and must not be taken for the old one.
	m.Seq = events.MessageSeq(m.ID, m.Hash+"/"+strconv.Itoa(m.Revision))
	return Emit, m, next(raw, m, raw.Withdrawn)
}

// skew is how far apart the clocks of two processes of ingest may be.
const skew = time.Minute

// late reports whether a raw is older than the one handled last: of a lower
// revision, unless it was fetched after it, and so by an ingest that had
// forgotten the item; or of the same, and fetched before.
func late(prev *State, raw events.Raw) bool {
	switch {
	case raw.Revision < prev.RawRevision:
		return prev.RawFetched.IsZero() || !raw.FetchedAt.After(prev.RawFetched.Add(skew))
	case raw.Revision == prev.RawRevision && raw.ID != prev.RawID:
		return raw.FetchedAt.Before(prev.RawFetched)
	}
	return false
}

// cancelled is the last message, withdrawn.
func cancelled(last, withdrawal events.Message) events.Message {
	m := last
	m.MsgType = events.MsgCancel
	m.Urgency = events.UrgencyPast
	m.Hash = withdrawal.Hash
	m.Origin = withdrawal.Origin
	m.CreatedAt, m.FetchedAt, m.Sent = withdrawal.CreatedAt, withdrawal.FetchedAt, withdrawal.Sent
	m.Expires = withdrawal.Expires
	m.Refs = []string{last.ID}
	m.Backlog = withdrawal.Backlog
	return m
}

// next is the state after m.
func next(raw events.Raw, m events.Message, withdrawn bool) State {
	return State{RawID: raw.ID, RawRevision: raw.Revision, RawFetched: raw.FetchedAt, Withdrawn: withdrawn, Message: Skeleton(m)}
}

// Skeleton is a message without what is long: body, variants and shapes.
func Skeleton(m events.Message) events.Message {
	m.Content.Text, m.Content.HTML, m.Variants = "", "", nil
	areas := make([]events.Area, len(m.Areas))
	for i, a := range m.Areas {
		a.Polygons = nil
		areas[i] = a
	}
	m.Areas = areas
	return m
}

// Inherit completes a Cancel that says nothing of its own, such as a CAP
// cancellation, from the message it cancels.
func Inherit(m, cancelled events.Message) events.Message {
	m.Incident, m.Topic, m.Class = cancelled.Incident, cancelled.Topic, cancelled.Class
	if m.Severity == events.SeverityUnknown {
		m.Areas = cancelled.Areas
		m.Content.Place = cancelled.Content.Place
	}
	return m
}
