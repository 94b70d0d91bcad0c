package events

import (
	"strconv"
	"time"
)

// Publication is one revision of a message as approved on a stream: what is
// said, on which channels, to whom, from when to when. A correction is a
// revision with MsgType Update, a withdrawal one with Cancel. It is made by
// the curator and holds all that the channels need: nobody reads back.
type Publication struct {
	ID        string  `json:"id"`       // PublicationID(Authority, Stream, Message): the same for all revisions
	Revision  int     `json:"revision"` // 1, then one more for each correction or withdrawal
	Authority string  `json:"authority"`
	Stream    string  `json:"stream"`
	Message   string  `json:"message"`    // the message's ID
	Seq       string  `json:"messageSeq"` // the message revision that was approved
	Status    Status  `json:"status"`
	MsgType   MsgType `json:"msgType"`
	// Correction says that an Update puts right what the last revision said
	// wrong; without it, it is the source's news of the same.
	Correction bool         `json:"correction,omitempty"`
	Class      Class        `json:"class"`
	Topic      string       `json:"topic"`
	Severity   Severity     `json:"severity"`
	Urgency    Urgency      `json:"urgency"`
	Certainty  Certainty    `json:"certainty"`
	Content    Content      `json:"content"` // after the officer's edit
	Variants   []Content    `json:"variants,omitempty"`
	Overrides  []Override   `json:"overrides,omitempty"` // texts an officer wrote for one channel
	Areas      []Area       `json:"areas,omitempty"`
	Channels   []string     `json:"channels"` // channel IDs of the authority
	Audience   Audience     `json:"audience"`
	Onset      *time.Time   `json:"onset,omitempty"`
	Ends       *time.Time   `json:"ends,omitempty"`
	NotBefore  time.Time    `json:"notBefore"` // when channels may start
	Expires    time.Time    `json:"expires"`   // when signs and feeds drop it and nothing more is sent
	Origin     []Provenance `json:"provenance"`
	By         []string     `json:"approvedBy"` // officer IDs, or "rule:<stream>" for an automatic policy
	Reason     string       `json:"reason,omitempty"`
	SourceAt   time.Time    `json:"sourceAt"`   // when the source said it
	FetchedAt  time.Time    `json:"fetchedAt"`  // when ingest saw it
	At         time.Time    `json:"approvedAt"` // when it was approved
}

// Override replaces the text of one channel for this publication only.
type Override struct {
	Channel string `json:"channel"`
	Text    string `json:"text"`
}

// Audience narrows who a publication is for. Empty fields do not narrow.
type Audience struct {
	Areas  []string `json:"areas,omitempty"`  // INSEE codes, or sector slugs of the authority
	Topics []string `json:"topics,omitempty"` // topic slugs
	// CorrectionOf limits a corrective send to those who received that
	// revision of the same publication; 0 means everybody.
	CorrectionOf int `json:"correctionOf,omitempty"`
}

// PublicationID is the identifier of a message on a stream.
func PublicationID(authority, stream, message string) string {
	return NewID("publication", authority, stream, message)
}

// EventID implements Event: it differs by revision.
func (p Publication) EventID() string { return p.ID + "." + strconv.Itoa(p.Revision) }

// EventType implements Event.
func (p Publication) EventType() Type { return TypePublication }

// EventSource implements Event.
func (p Publication) EventSource() string { return "/authority/" + p.Authority + "/stream/" + p.Stream }

// EventTime implements Event.
func (p Publication) EventTime() time.Time { return p.At }

// Subject implements Event: publication.<authority>.<stream>.
func (p Publication) Subject() string { return subject(SubjectPublication, p.Authority, p.Stream) }

// Action is what this revision does on a channel.
func (p Publication) Action() Action {
	switch {
	case p.MsgType == MsgCancel:
		return ActionWithdraw
	case p.Revision > 1:
		return ActionUpdate
	}
	return ActionPublish
}

// Text returns what a channel must say: its override when an officer wrote
// one, and whether there is one.
func (p Publication) Text(channel string) (string, bool) {
	for _, o := range p.Overrides {
		if o.Channel == channel {
			return o.Text, true
		}
	}
	return "", false
}

// Validate implements Event.
func (p Publication) Validate() error {
	c := check{stage: "publication"}
	c.required("id", p.ID)
	c.that(p.Revision >= 1, "revision", "must be 1 or more")
	c.slug("authority", p.Authority)
	c.slug("stream", p.Stream)
	c.slug("topic", p.Topic)
	c.required("message", p.Message)
	c.that(p.MsgType.Valid(), "msgType", "must be Alert, Update or Cancel")
	c.that(p.Class.Valid(), "class", "must be alert, service or promotional")
	c.required("content.title", p.Content.Title)
	c.time("expires", p.Expires)
	c.time("approvedAt", p.At)
	c.that(len(p.By) > 0, "approvedBy", "at least one is required")
	return c.err
}
