package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/crieur/crieur/events"
)

// Fact is what happened, before it is chained.
type Fact struct {
	Authority string
	Actor     string
	Action    string
	Object    string
	Detail    map[string]string
	At        time.Time
}

// Next chains a fact after the entry whose hash is previous, "" for the first.
func Next(previous string, f Fact) events.Audit {
	a := events.Audit{
		Authority: f.Authority, Actor: f.Actor, Action: f.Action, Object: f.Object,
		Detail: f.Detail, At: f.At.UTC().Truncate(time.Millisecond), Previous: previous,
	}
	a.ID = events.NewID("audit", a.Authority, previous, a.Actor, a.Action, a.Object, a.At.Format(time.RFC3339Nano))
	a.Hash = Hash(a)
	return a
}

// Hash is the hash an entry must have.
func Hash(a events.Audit) string {
	a.Hash = ""
	// A map is encoded with its keys sorted: Detail is the only one.
	body, err := json.Marshal(a)
	if err != nil { // strings and a time always encode
		return ""
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Fault is where a chain breaks.
type Fault struct {
	Index int    // of the entry, from 0
	ID    string // of the entry; empty for a missing end
	Why   string // altered, unlinked, truncated
}

// The reasons of a Fault.
const (
	Altered   = "altered"   // its hash is not that of its content
	Unlinked  = "unlinked"  // it does not follow the entry before it
	Truncated = "truncated" // the last entry is not the head of the chain
)

// Error implements error.
func (f *Fault) Error() string { return fmt.Sprintf("journal: entry %d %s: %s", f.Index, f.ID, f.Why) }

// Verify checks a chain from its first entry to head, the hash of its last
// one. previous is the hash before the first given: "" for the whole chain.
func Verify(entries []events.Audit, previous, head string) *Fault {
	for i, a := range entries {
		switch {
		case Hash(a) != a.Hash:
			return &Fault{i, a.ID, Altered}
		case a.Previous != previous:
			return &Fault{i, a.ID, Unlinked}
		}
		previous = a.Hash
	}
	if previous != head {
		return &Fault{Index: len(entries), Why: Truncated}
	}
	return nil
}
