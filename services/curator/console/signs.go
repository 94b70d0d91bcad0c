package console

import (
	"errors"
	"time"

	"github.com/crieur/crieur/events/registry"
)

// SignHealth is what the publisher writes of a sign in the bucket
// registry.HealthBucket, under sign.<authority>.<sign>; the console only reads
// it.
type SignHealth struct {
	Authority    string    `json:"authority"`
	Sign         string    `json:"sign"`
	LastHeard    time.Time `json:"lastHeard"`
	EverySeconds int       `json:"everySeconds,omitempty"` // its rhythm
	Wrong        bool      `json:"wrong,omitempty"`        // it shows something else than it should
}

// SignHealthPrefix is the first token of the keys.
const SignHealthPrefix = "sign"

// Key implements the repository's key.
func (h SignHealth) Key() registry.Key { return registry.Key{h.Authority, h.Sign} }

// Validate names the first wrong field.
func (h SignHealth) Validate() error {
	if h.Authority == "" || h.Sign == "" {
		return errors.New("sign health: authority and sign are required")
	}
	return nil
}

// silentAfter is how long a sign may at least be quiet.
const silentAfter = 5 * time.Minute

// silent reports whether it has been quiet for three times its own rhythm.
func (h SignHealth) silent(now time.Time) bool {
	return now.Sub(h.LastHeard) > max(silentAfter, 3*time.Duration(h.EverySeconds)*time.Second)
}
