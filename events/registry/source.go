package registry

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/crieur/crieur/events"
)

// Trust is how far a source may act without an officer.
type Trust string

// The levels of trust.
const (
	TrustState   Trust = "state"   // a service of the State or its operator: prefecture, Météo-France, Vigicrues
	TrustOwn     Trust = "own"     // the authority itself; the default
	TrustPartner Trust = "partner" // another public body, an operator, a neighbour
	TrustPublic  Trust = "public"  // anybody: associations, residents; never published without review
)

// Source is one place where information is fetched or received. Its key is
// {Authority, ID}.
type Source struct {
	Authority    string       `json:"authority"`
	ID           string       `json:"id"` // slug within the authority
	Name         string       `json:"name"`
	Kind         string       `json:"kind"`            // connector of ingest
	URL          string       `json:"url,omitempty"`   // absolute, without password; empty for kinds that have none
	Every        Duration     `json:"every,omitempty"` // between two fetches, 10s to 168h; 0: the kind's default, or pushed
	Topics       []string     `json:"topics,omitempty"`
	Areas        []string     `json:"areas,omitempty"` // where its messages apply when they do not say
	ClassDefault events.Class `json:"classDefault"`    // default service
	Language     string       `json:"language,omitempty"`
	ExpiresAfter Duration     `json:"expiresAfter,omitempty"` // life of a message that says no end; 0: its topic's
	StaleAfter   Duration     `json:"staleAfter,omitempty"`   // silence that raises an alarm; 0: learned from its rhythm
	Attribution  string       `json:"attribution,omitempty"`  // who to name, as its terms ask
	Licence      string       `json:"licence,omitempty"`      // SPDX or the French open licence: "etalab-2.0"
	Trust        Trust        `json:"trust"`
	Paused       bool         `json:"paused,omitempty"`
	// Settings are the kind's own, a JSON object. A secret is named by a
	// *_file key or written ${NAME}.
	Settings json.RawMessage `json:"settings,omitempty"`
}

// Key implements the repository's key: {Authority, ID}.
func (s Source) Key() Key { return Key{s.Authority, s.ID} }

// SetDefaults fills the class and the trust.
func (s *Source) SetDefaults() {
	if s.ClassDefault == "" {
		s.ClassDefault = events.ClassService
	}
	if s.Trust == "" {
		s.Trust = TrustOwn
	}
}

// Validate names every wrong field. The kind and its settings are the
// connector's to check further.
func (s Source) Validate() error {
	c := check{entity: "source"}
	c.slug("authority", s.Authority)
	c.slug("id", s.ID)
	c.name("name", s.Name)
	c.slug("kind", s.Kind)
	if s.URL != "" {
		c.url("url", s.URL)
	}
	every := s.Every.Std()
	c.that(every == 0 || every >= 10*time.Second && every <= 7*24*time.Hour, "every", "%s is not between 10s and 168h", s.Every)
	c.slugs("topics", s.Topics)
	c.areas("areas", s.Areas)
	c.that(s.ClassDefault.Valid(), "classDefault", "%q is not alert, service or promotional", s.ClassDefault)
	if s.Language != "" {
		c.language("language", s.Language)
	}
	c.that(s.ExpiresAfter >= 0, "expiresAfter", "must be 0 or more")
	c.that(s.StaleAfter >= 0, "staleAfter", "must be 0 or more")
	c.line("attribution", s.Attribution)
	c.line("licence", s.Licence)
	c.that(slices.Contains([]Trust{TrustState, TrustOwn, TrustPartner, TrustPublic}, s.Trust),
		"trust", "%q is not state, own, partner or public", s.Trust)
	c.settings("settings", s.Settings)
	return c.err()
}
