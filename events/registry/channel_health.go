package registry

import (
	"time"

	"github.com/crieur/crieur/events"
)

// ChannelHealth is how the provider of a channel fares. It is written by the
// publisher when that changes, and kept apart from Channel, which people write.
// Its key is {Authority, Channel}.
type ChannelHealth struct {
	Authority string `json:"authority"`
	Channel   string `json:"channel"`
	// Since is when its provider began to fail; zero: it does not. Deliveries go
	// by the channel's fallback then, if it has one.
	Since time.Time `json:"since"`
	// Reason of the latest failure. ReasonUnauthorized: nothing is tried, and
	// deliveries wait, until the channel's settings are changed.
	Reason events.Reason `json:"reason,omitempty"`
}

// Key implements the repository's key: {Authority, Channel}.
func (h ChannelHealth) Key() Key { return Key{h.Authority, h.Channel} }

// Validate names every wrong field.
func (h ChannelHealth) Validate() error {
	c := check{entity: "channel health"}
	c.slug("authority", h.Authority)
	c.slug("channel", h.Channel)
	return c.err()
}
