package events

import (
	"encoding/json"
	"time"
)

// Raw is one record of a source, as found. It is made by ingest.
type Raw struct {
	ID        string    `json:"id"`        // RawID(Authority, Source, Item, Hash)
	Authority string    `json:"authority"` // slug of the authority the source belongs to
	Source    string    `json:"source"`    // slug of the source within its authority
	Kind      string    `json:"kind"`      // connector kind; names the shape of Record, see package record
	Item      string    `json:"item"`      // the record's own identifier in its source, or one derived from its content
	Hash      string    `json:"hash"`      // hash of what the record means: a change of it is a new revision
	Revision  int       `json:"revision"`  // 1 for the first sight of Item, then one more for each change
	FetchedAt time.Time `json:"fetchedAt"` // UTC
	URL       string    `json:"url,omitempty"`
	Withdrawn bool      `json:"withdrawn,omitempty"` // the source says, by its kind's rule, that the record no longer stands
	Backlog   bool      `json:"backlog,omitempty"`   // already old when the source was first read: never sent by itself
	// Record is a JSON value of the shape that Kind names; null when Withdrawn.
	Record json.RawMessage `json:"record,omitempty"`
}

// RawID is the identifier of one revision of one item of one source.
func RawID(authority, source, item, hash string) string {
	return NewID("raw", authority, source, item, hash)
}

// EventID implements Event.
func (r Raw) EventID() string { return r.ID }

// EventType implements Event.
func (r Raw) EventType() Type { return TypeRaw }

// EventSource implements Event: /authority/<authority>/source/<source>.
func (r Raw) EventSource() string { return "/authority/" + r.Authority + "/source/" + r.Source }

// EventTime implements Event.
func (r Raw) EventTime() time.Time { return r.FetchedAt }

// Subject implements Event: raw.<authority>.<source>.
func (r Raw) Subject() string { return subject(SubjectRaw, r.Authority, r.Source) }

// Validate implements Event.
func (r Raw) Validate() error {
	c := check{stage: "raw"}
	c.required("id", r.ID)
	c.slug("authority", r.Authority)
	c.slug("source", r.Source)
	c.slug("kind", r.Kind)
	c.required("item", r.Item)
	c.required("hash", r.Hash)
	c.that(r.Revision >= 1, "revision", "must be 1 or more")
	c.time("fetchedAt", r.FetchedAt)
	c.that(r.Withdrawn || len(r.Record) > 0, "record", "required unless withdrawn")
	return c.err
}
