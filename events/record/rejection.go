package record

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/crieur/crieur/events"
)

// Rejection is something a source gave that cannot be used, with its reason.
// It is kept in the stream REJECTED for 30 days: the last 1,000 of each source, and
// of all sources together the last gibibyte.
type Rejection struct {
	Authority string        `json:"authority"`
	Source    string        `json:"source"`
	Item      string        `json:"item,omitempty"`
	At        time.Time     `json:"at"`
	Reason    events.Reason `json:"reason"`
	Detail    string        `json:"detail"` // no content, no secret
	// Body is the beginning of what was refused, up to 64 KiB; empty when it was
	// not received or came unsigned.
	Body []byte `json:"body,omitempty"`
	// Bytes is the size of the whole.
	Bytes int `json:"bytes,omitempty"`
	// Unsigned says that it was pushed by who did not prove to be the sender.
	Unsigned bool `json:"unsigned,omitempty"`
}

// Subject is that under which it is kept.
func (r Rejection) Subject() string {
	if r.Unsigned {
		return events.UnsignedSubject(r.Authority, r.Source)
	}
	return events.RejectedSubject(r.Authority, r.Source)
}

// ID is the same for what is to be kept once: the same refusal, which comes at every
// reading until the source is mended, a day; one an hour of what anyone may send.
func (r Rejection) ID() string {
	h := sha256.New()
	field := func(s string) { fmt.Fprintf(h, "%d:%s", len(s), s) }
	field(r.Subject())
	if r.Unsigned {
		field(r.At.UTC().Format("2006-01-02T15"))
	} else {
		for _, s := range []string{r.At.UTC().Format(time.DateOnly), r.Item, string(r.Reason), r.Detail, string(r.Body)} {
			field(s)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
