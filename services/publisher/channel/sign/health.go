package sign

import (
	"errors"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
)

// Health is how a sign fares: when it was last heard and what it said it shows.
// It is written by the publisher when a sign gives proof of display or asks with
// its token, in the bucket registry.HealthBucket under HealthPrefix. Its key is
// {Authority, Sign}.
type Health struct {
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
}

// HealthPrefix is the first token of the keys: sign.<authority>.<sign>.
const HealthPrefix = "sign"

// silentAfter is how long a sign may at least be quiet: kiosks speak each minute.
const silentAfter = 5 * time.Minute

// Silent tells since when the sign has been silent for longer than is usual: three
// times its own rhythm, 5 minutes at least. Zero: it is not.
func (h Health) Silent(now time.Time) time.Time {
	if now.Sub(h.LastHeard) <= max(silentAfter, 3*time.Duration(h.EverySeconds)*time.Second) {
		return time.Time{}
	}
	return h.LastHeard
}

// Key implements the repository's key: {Authority, Sign}.
func (h Health) Key() registry.Key { return registry.Key{h.Authority, h.Sign} }

// Validate names the first wrong field.
func (h Health) Validate() error {
	switch {
	case !events.IsSlug(h.Authority):
		return errors.New("sign health: authority: is not a slug")
	case !events.IsSlug(h.Sign):
		return errors.New("sign health: sign: is not a slug")
	case h.EverySeconds < 0:
		return errors.New("sign health: everySeconds: must be 0 or more")
	case len(h.Shows) > maxHash:
		return errors.New("sign health: shows: is no hash of a display")
	}
	return nil
}
