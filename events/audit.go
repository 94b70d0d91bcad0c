package events

import "time"

// Audit is one change made by a person or a rule. Entries of an authority form
// a hash chain: Hash covers Previous, so that none can be removed unseen.
type Audit struct {
	ID        string            `json:"id"`
	Authority string            `json:"authority"`
	Actor     string            `json:"actor"`  // officer ID, "rule:<stream>" or "system"
	Action    string            `json:"action"` // verb.object: approve.item, edit.item, pause.source
	Object    string            `json:"object"` // what it was done to
	Detail    map[string]string `json:"detail,omitempty"`
	At        time.Time         `json:"at"`
	Previous  string            `json:"previous,omitempty"` // Hash of the entry before
	Hash      string            `json:"hash"`
}

// EventID implements Event.
func (a Audit) EventID() string { return a.ID }

// EventType implements Event.
func (a Audit) EventType() Type { return TypeAudit }

// EventSource implements Event.
func (a Audit) EventSource() string { return "/authority/" + a.Authority + "/audit" }

// EventTime implements Event.
func (a Audit) EventTime() time.Time { return a.At }

// Subject implements Event: audit.<authority>.
func (a Audit) Subject() string { return subject(SubjectAudit, a.Authority) }

// Validate implements Event.
func (a Audit) Validate() error {
	c := check{stage: "audit"}
	c.required("id", a.ID)
	c.slug("authority", a.Authority)
	c.required("actor", a.Actor)
	c.required("action", a.Action)
	c.required("hash", a.Hash)
	c.time("at", a.At)
	return c.err
}
