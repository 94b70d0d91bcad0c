package consent

import (
	"errors"
	"slices"
	"time"

	"github.com/crieur/crieur/events"
)

// The kinds of contact that subscribers have: what a consent is given for.
const (
	SMS   = "sms"
	Email = "email"
	Push  = "push"
)

// ContactOf returns the kind of contact that a kind of channel (publisher's
// connectors) writes to, and whether it writes to subscribers at all. This is
// the only place that knows: an SMS is the same consent and the same number
// whichever way it leaves.
func ContactOf(channelKind string) (kind string, ok bool) {
	switch channelKind {
	case SMS, "smshttp", "gammu":
		return SMS, true
	case Email, Push:
		return channelKind, true
	}
	return "", false
}

// Kinds returns the kinds of contact, the best first: the quickest
// to reach a person, where he chose none.
func Kinds() []string { return []string{Push, SMS, Email} }

// IsKind reports whether kind is one of Kinds.
func IsKind(kind string) bool { return kind == SMS || kind == Email || kind == Push }

// Status is where a subscription is in its life.
type Status string

// The statuses.
const (
	Pending   Status = "pending"   // waits for the code
	Confirmed Status = "confirmed" // consent is proven
	Paused    Status = "paused"    // by its owner, until he or PausedUntil says so
	Ended     Status = "ended"     // withdrawn; the proof stays
)

// Origin is where a consent was collected.
type Origin string

// The origins.
const (
	Portal  Origin = "portal"
	Counter Origin = "counter"
)

// PurposeNews is the purpose of the residents' list. The alert register of a
// commune's safeguard plan and the register of vulnerable persons are other
// lists, which this one never reads.
const PurposeNews = "information_municipale"

// Proof shows that a consent was given (GDPR art. 7(1)).
type Proof struct {
	Text        string    `json:"text"`    // version of the text that was shown
	Purpose     string    `json:"purpose"` // what for
	Channel     string    `json:"channel"` // on which kind of channel it was given and confirmed
	Origin      Origin    `json:"origin"`
	GivenAt     time.Time `json:"givenAt"`              // UTC
	ConfirmedAt time.Time `json:"confirmedAt,omitzero"` // UTC; by the code sent to the contact itself
}

// Subscription is one stream on one kind of channel. Empty Topics are all of
// the stream's, empty Areas the whole authority.
type Subscription struct {
	Stream      string        `json:"stream"`
	Kind        string        `json:"kind"`
	Topics      []string      `json:"topics,omitempty"`
	Areas       []string      `json:"areas,omitempty"` // INSEE codes or sector slugs
	Status      Status        `json:"status"`
	Proof       Proof         `json:"proof"`
	PausedUntil time.Time     `json:"pausedUntil,omitzero"`
	ButAlerts   bool          `json:"butAlerts,omitempty"` // the pause lets alerts through
	EndedAt     time.Time     `json:"endedAt,omitzero"`
	EndReason   events.Reason `json:"endReason,omitempty"`
	Evidence    string        `json:"evidence,omitempty"` // how the end was asked: link, sms-stop, bounce…
}

// Active reports whether messages may be sent on it.
func (s Subscription) Active() bool { return s.Status == Confirmed }

// Takes reports whether a message of a class may be sent on it.
func (s Subscription) Takes(class events.Class) bool {
	return s.Active() || s.Status == Paused && s.ButAlerts && class == events.ClassAlert
}

// Find returns the index of the subscription on a stream and kind, -1 if none.
func Find(list []Subscription, stream, kind string) int {
	return slices.IndexFunc(list, func(s Subscription) bool { return s.Stream == stream && s.Kind == kind })
}

// ErrNothing tells that a confirmation has nothing to confirm.
var ErrNothing = errors.New("consent: nothing to confirm")

// Confirm proves the asked subscriptions and merges them into list: one on the
// same stream and kind is replaced, as its owner has just chosen again.
func Confirm(list, asked []Subscription, at time.Time) ([]Subscription, error) {
	if len(asked) == 0 {
		return list, ErrNothing
	}
	list = slices.Clone(list)
	for _, s := range asked {
		s.Status, s.Proof.ConfirmedAt = Confirmed, at.UTC()
		s.PausedUntil, s.ButAlerts, s.EndedAt, s.EndReason, s.Evidence = time.Time{}, false, time.Time{}, "", ""
		if i := Find(list, s.Stream, s.Kind); i >= 0 {
			list[i] = s
		} else {
			list = append(list, s)
		}
	}
	return list, nil
}

// End withdraws the subscriptions that match and returns how many it ended.
func End(list []Subscription, match func(Subscription) bool, reason events.Reason, evidence string, at time.Time) int {
	n := 0
	for i := range list {
		if s := &list[i]; s.Status != Ended && match(*s) {
			s.Status, s.EndedAt, s.EndReason, s.Evidence, s.PausedUntil, s.ButAlerts = Ended, at.UTC(), reason, evidence, time.Time{}, false
			n++
		}
	}
	return n
}

// Pause holds every confirmed subscription until a time, zero for no end; but
// alerts, if its owner wants them all the same.
func Pause(list []Subscription, until time.Time, butAlerts bool) int {
	n := 0
	for i := range list {
		if list[i].Status == Confirmed {
			list[i].Status, list[i].PausedUntil, list[i].ButAlerts = Paused, until.UTC(), butAlerts
			n++
		}
	}
	return n
}

// Resume ends the pauses that match.
func Resume(list []Subscription, match func(Subscription) bool) int {
	n := 0
	for i := range list {
		if list[i].Status == Paused && match(list[i]) {
			list[i].Status, list[i].PausedUntil, list[i].ButAlerts = Confirmed, time.Time{}, false
			n++
		}
	}
	return n
}

// RenewAfter is when its owner is asked whether a consent still holds: well
// before the three years without contact after which the CNIL wants contact
// data gone (https://www.cnil.fr/fr/la-prospection-commerciale-par-courrier-electronique).
const RenewAfter = 2 * 365 * 24 * time.Hour

// Old returns when the oldest active consent that is to be asked for again was
// given, zero for none.
func Old(list []Subscription, now time.Time) (at time.Time) {
	for _, s := range list {
		if t := s.Proof.ConfirmedAt; s.Active() && now.Sub(t) > RenewAfter && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	return at
}

// Renew gives every active consent again, on the text that text returns for a
// kind of contact.
func Renew(list []Subscription, text func(kind string) string, at time.Time) int {
	n := 0
	for i := range list {
		if s := &list[i]; s.Active() {
			s.Proof.Text, s.Proof.Origin, s.Proof.GivenAt, s.Proof.ConfirmedAt = text(s.Kind), Portal, at.UTC(), at.UTC()
			n++
		}
	}
	return n
}
