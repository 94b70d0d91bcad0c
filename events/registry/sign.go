package registry

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"

	"github.com/crieur/crieur/events"
)

// Sign is a panneau: one endpoint of a channel of kind sign. Its key is
// {Authority, ID}.
type Sign struct {
	Authority string        `json:"authority"`
	ID        string        `json:"id"` // slug within the authority; no dot, which MQTT and NATS read differently
	Name      string        `json:"name"`
	Place     string        `json:"place,omitempty"` // where it stands, in words
	Point     *events.Point `json:"point,omitempty"`
	Areas     []string      `json:"areas,omitempty"`
	Channel   string        `json:"channel,omitempty"` // channel of the authority it shows; empty: the only one of kind sign
	Profile   string        `json:"profile"`           // name of its size, colours and protocol, known by the channel
	TokenHash string        `json:"tokenHash"`         // SHA-256 of its token, in hexadecimal
	Paused    bool          `json:"paused,omitempty"`
}

// Key implements the repository's key: {Authority, ID}.
func (s Sign) Key() Key { return Key{s.Authority, s.ID} }

// IssueToken gives the sign a new token of 130 bits or more and returns it: it
// is shown once, only its hash is kept.
func (s *Sign) IssueToken() string {
	token := rand.Text()
	s.SetToken(token)
	return token
}

// SetToken gives the sign a token chosen elsewhere, such as one read from a
// file. It must be random: 20 characters or more.
func (s *Sign) SetToken(token string) { s.TokenHash = hashToken(token) }

// Admits reports, in constant time, whether token is the sign's.
func (s Sign) Admits(token string) bool {
	return s.TokenHash != "" && !s.Paused &&
		subtle.ConstantTimeCompare([]byte(hashToken(token)), []byte(s.TokenHash)) == 1
}

// hashToken needs no salt nor cost: a token is random, never a word.
func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Validate names every wrong field.
func (s Sign) Validate() error {
	c := check{entity: "sign"}
	c.slug("authority", s.Authority)
	c.slug("id", s.ID)
	c.name("name", s.Name)
	c.line("place", s.Place)
	if p := s.Point; p != nil {
		c.that(p.Lat >= -90 && p.Lat <= 90, "point.lat", "is not between -90 and 90 degrees")
		c.that(p.Lon >= -180 && p.Lon <= 180, "point.lon", "is not between -180 and 180 degrees")
	}
	c.areas("areas", s.Areas)
	if s.Channel != "" {
		c.slug("channel", s.Channel)
	}
	c.slug("profile", s.Profile)
	if s.TokenHash != "" {
		c.tokenHash("tokenHash", s.TokenHash)
	}
	return c.err()
}

func (c *check) tokenHash(field, value string) {
	sum, err := hex.DecodeString(value)
	c.that(err == nil && len(sum) == sha256.Size, field, "is not a SHA-256 in hexadecimal")
}
