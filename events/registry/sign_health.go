package registry

import "time"

// SignHealth is how a sign fares: when it was last heard and what it said it shows.
// It is written by the publisher when a sign gives proof of display or asks with
// its token, and kept apart from Sign, which people write. Its key is
// {Authority, Sign}.
type SignHealth struct {
	Authority string    `json:"authority"`
	Sign      string    `json:"sign"`
	LastHeard time.Time `json:"lastHeard"`
	// EverySeconds is how often it is heard: an exponential mean.
	EverySeconds int       `json:"everySeconds,omitempty"`
	Shows        string    `json:"shows,omitempty"` // hash of the Display it shows
	ShowsSince   time.Time `json:"showsSince"`      // since when it has been heard showing that
	Wrong        bool      `json:"wrong,omitempty"` // it showed something else than it should when last heard
	// Publications are on it, when it is right; none: it is dark or idle.
	Publications []string `json:"publications,omitempty"`
	// Channel names the one whose settings have the sign, where the signs' own
	// repository has it not.
	Channel string `json:"channel,omitempty"`
	// Faults are what the sign says is broken, as slugs: pixel, temperature-critical.
	Faults []string `json:"faults,omitempty"`
}

// silentAfter is how long a sign may at least be quiet: kiosks speak each minute.
const silentAfter = 5 * time.Minute

// Silent tells since when the sign has been silent for longer than is usual: three
// times its own rhythm, 5 minutes at least. Zero: it is not.
func (h SignHealth) Silent(now time.Time) time.Time {
	if now.Sub(h.LastHeard) <= max(silentAfter, 3*time.Duration(h.EverySeconds)*time.Second) {
		return time.Time{}
	}
	return h.LastHeard
}

// Key implements the repository's key: {Authority, Sign}.
func (h SignHealth) Key() Key { return Key{h.Authority, h.Sign} }

// Validate names every wrong field.
func (h SignHealth) Validate() error {
	c := check{entity: "sign health"}
	c.slug("authority", h.Authority)
	c.slug("sign", h.Sign)
	c.that(h.EverySeconds >= 0, "everySeconds", "must be 0 or more")
	c.that(len(h.Shows) <= 64, "shows", "is no hash of a display")
	for _, f := range h.Faults {
		c.slug("faults", f)
	}
	return c.err()
}
