package vault

import (
	"slices"
	"time"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/audience/consent"
)

// Record is a subscriber as stored. It holds no contact in clear.
type Record struct {
	ID            string                 `json:"id"`
	Ordinal       uint32                 `json:"ordinal"` // from 1; never used again
	Authority     string                 `json:"authority"`
	Key           []byte                 `json:"key"` // wrapped; empty where no contact is sealed
	Contacts      []Contact              `json:"contacts"`
	Language      string                 `json:"language,omitempty"` // BCP 47
	Quiet         *registry.QuietHours   `json:"quiet,omitempty"`    // on the wall clock of TimeZone
	TimeZone      string                 `json:"timeZone,omitempty"` // IANA; empty: the authority's
	Preferred     string                 `json:"preferred,omitempty"`
	Everywhere    bool                   `json:"everywhere,omitempty"`
	CreatedAt     time.Time              `json:"createdAt"`
	ConfirmedAt   time.Time              `json:"confirmedAt,omitzero"` // the first time
	Subscriptions []consent.Subscription `json:"subscriptions,omitempty"`
	Pending       *Pending               `json:"pending,omitempty"`
}

// Contact is one sealed address; there is at most one of a kind.
type Contact struct {
	Kind        string    `json:"kind"`
	Sealed      []byte    `json:"sealed"` // empty once nothing is sent there: Shed
	Lookup      string    `json:"lookup"` // Master.Lookup of the address
	ConfirmedAt time.Time `json:"confirmedAt,omitzero"`
}

// Pending is what a code would confirm.
type Pending struct {
	Kind  string `json:"kind"`
	Nonce string `json:"nonce"` // names this request
	// Publication is the ID of the message that the code is sent in.
	Publication string                 `json:"publication,omitempty"`
	Code        []byte                 `json:"code"` // Master.Digest of subscriber, nonce and code
	Expires     time.Time              `json:"expires"`
	Tries       int                    `json:"tries,omitempty"`
	TimeZone    string                 `json:"timeZone,omitempty"` // that the browser told
	Asked       []consent.Subscription `json:"asked"`
	// Sent are the times of the codes of the last day, this one's included.
	Sent []time.Time `json:"sent"`
}

// Contact returns the contact of a kind.
func (r *Record) Contact(kind string) (Contact, bool) {
	for _, c := range r.Contacts {
		if c.Kind == kind {
			return c, true
		}
	}
	return Contact{}, false
}

// profile is what the bitmaps know of r.
func (r *Record) profile() consent.Profile {
	return consent.Profile{
		Authority: r.Authority, Subscriptions: r.Subscriptions,
		Preferred: r.Preferred, Everywhere: r.Everywhere, Quiet: r.Quiet != nil,
	}
}

// UnprovenLife is how long a subscriber who never gave his code is kept.
const UnprovenLife = 24 * time.Hour

// due is when r changes by itself; zero for never.
func (r *Record) due() (at time.Time) {
	if r.ConfirmedAt.IsZero() {
		return r.CreatedAt.Add(UnprovenLife)
	}
	if at, left := r.leftAt(); left {
		switch {
		case !r.reachable():
			return at.AddDate(LeftYears, 0, 0)
		case r.awaits():
			return r.Pending.Expires
		}
		return at
	}
	for _, s := range r.Subscriptions {
		if t := s.PausedUntil; s.Status == consent.Paused && !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	return at
}

// Shed destroys the addresses that nothing is sent to any more, but one that a
// code was sent to and waits for. What they are found by stays with the proof of
// consent: it tells who left, not where he is reached.
func (r *Record) Shed(now time.Time) {
	for i := range r.Contacts {
		kind := r.Contacts[i].Kind
		asked := r.awaits() && r.Pending.Kind == kind && now.Before(r.Pending.Expires)
		if !asked && !slices.ContainsFunc(r.Subscriptions, func(s consent.Subscription) bool { return s.Kind == kind && s.Status != consent.Ended }) {
			r.Contacts[i].Sealed = nil
		}
	}
	if !r.reachable() {
		r.Key = nil
	}
}

// awaits reports whether a code was sent that has not been given.
func (r *Record) awaits() bool { return r.Pending != nil && len(r.Pending.Code) > 0 }

// reachable reports whether r has an address.
func (r *Record) reachable() bool {
	return slices.ContainsFunc(r.Contacts, func(c Contact) bool { return len(c.Sealed) > 0 })
}

// LeftYears is how long it is kept, in years, that a subscriber left everything:
// his objection has to be known for so long, so that no list enrols him again
// (https://www.cnil.fr/fr/la-prospection-commerciale-par-courrier-electronique).
const LeftYears = 3

// LeftLongAgo reports whether everything of r ended LeftYears ago.
func (r *Record) LeftLongAgo(now time.Time) bool {
	at, left := r.leftAt()
	return left && !now.Before(at.AddDate(LeftYears, 0, 0))
}

// leftAt is when the last of r ended; left is false while something lives.
func (r *Record) leftAt() (at time.Time, left bool) {
	at = r.ConfirmedAt
	for _, s := range r.Subscriptions {
		if s.EndedAt.After(at) {
			at = s.EndedAt
		}
	}
	return at, !at.IsZero() && !r.Live()
}

// Confirmed marks a record's contact as proven to be its owner's.
func (r *Record) Confirmed(kind string, at time.Time) {
	for i := range r.Contacts {
		if r.Contacts[i].Kind == kind && r.Contacts[i].ConfirmedAt.IsZero() {
			r.Contacts[i].ConfirmedAt = at.UTC()
		}
	}
	if r.ConfirmedAt.IsZero() {
		r.ConfirmedAt = at.UTC()
	}
}

// Live reports whether anything of r is not ended.
func (r *Record) Live() bool {
	for _, s := range r.Subscriptions {
		if s.Status != consent.Ended {
			return true
		}
	}
	return false
}
