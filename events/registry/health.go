package registry

import (
	"math"
	"time"

	"github.com/crieur/crieur/events"
)

// SourceHealth is how a source fares. It is written by ingest at each attempt
// and kept apart from Source, which people write. Its key is {Authority, ID}.
type SourceHealth struct {
	Authority   string        `json:"authority"`
	Source      string        `json:"source"`
	LastAttempt time.Time     `json:"lastAttempt,omitzero"`
	LastSuccess time.Time     `json:"lastSuccess,omitzero"`
	LastChange  time.Time     `json:"lastChange,omitzero"` // when it last gave something new
	NextFetch   time.Time     `json:"nextFetch,omitzero"`  // zero for a pushed source
	ErrorStreak int           `json:"errorStreak,omitempty"`
	LastReason  events.Reason `json:"lastReason,omitempty"`
	LastError   string        `json:"lastError,omitempty"` // in words, without secret nor content
	ChangesADay float64       `json:"changesADay"`         // exponential mean over about a week
	Items       int           `json:"items,omitempty"`     // records at the last success
	Stale       bool          `json:"stale,omitempty"`     // silent for longer than is usual
	Drifting    bool          `json:"drifting,omitempty"`  // its records have lost what they used to have
	// CertificateExpires is the end of the certificate its server showed last;
	// zero without TLS.
	CertificateExpires time.Time `json:"certificateExpires,omitzero"`
	// TokenExpires is the end of the token or lease it is read with, where that
	// is known; zero otherwise.
	TokenExpires time.Time `json:"tokenExpires,omitzero"`
	// PushRefused says that the hub it names does not want to push to us: it is only
	// polled.
	PushRefused bool `json:"pushRefused,omitempty"`
}

// Key implements the repository's key: {Authority, Source}.
func (h SourceHealth) Key() Key { return Key{h.Authority, h.Source} }

// Validate names every wrong field.
func (h SourceHealth) Validate() error {
	c := check{entity: "source health"}
	c.slug("authority", h.Authority)
	c.slug("source", h.Source)
	c.that(h.ErrorStreak >= 0, "errorStreak", "must be 0 or more")
	c.that(h.ChangesADay >= 0 && !math.IsInf(h.ChangesADay, 0), "changesADay", "must be 0 or more")
	c.that(h.Items >= 0, "items", "must be 0 or more")
	c.that(len(h.LastError) <= 1000, "lastError", "%d bytes, 1000 allowed", len(h.LastError))
	return c.err()
}
