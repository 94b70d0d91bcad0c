package record

import (
	"time"

	"github.com/crieur/crieur/events"
)

// Rejection is something a source gave that cannot be used, with its reason.
// It is kept in the stream REJECTED for 30 days, the last 50 of each source.
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
}
