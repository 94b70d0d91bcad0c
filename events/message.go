package events

import (
	"slices"
	"time"
)

// Class decides priority, retries, quiet hours, approval and legal mentions.
type Class string

// The classes.
const (
	ClassAlert       Class = "alert"
	ClassService     Class = "service"
	ClassPromotional Class = "promotional"
)

// Classes returns the classes, most urgent first.
func Classes() []Class { return []Class{ClassAlert, ClassService, ClassPromotional} }

// Valid reports whether c is one of Classes.
func (c Class) Valid() bool { return slices.Contains(Classes(), c) }

// MsgType is CAP 1.2's msgType: what the message does to the ones before it.
type MsgType string

// The message types Crieur carries.
const (
	MsgAlert  MsgType = "Alert" // new information, of any class
	MsgUpdate MsgType = "Update"
	MsgCancel MsgType = "Cancel"
)

// Valid reports whether t is a known message type.
func (t MsgType) Valid() bool { return t == MsgAlert || t == MsgUpdate || t == MsgCancel }

// Severity is CAP 1.2's severity.
type Severity string

// The severities, and their order in Severity.Rank.
const (
	SeverityUnknown  Severity = "Unknown"
	SeverityMinor    Severity = "Minor"
	SeverityModerate Severity = "Moderate"
	SeveritySevere   Severity = "Severe"
	SeverityExtreme  Severity = "Extreme"
)

// Severities returns the severities, least first.
func Severities() []Severity {
	return []Severity{SeverityUnknown, SeverityMinor, SeverityModerate, SeveritySevere, SeverityExtreme}
}

// Rank orders severities from 0 (Unknown) to 4 (Extreme); -1 when not one.
func (s Severity) Rank() int { return slices.Index(Severities(), s) }

// Urgency is CAP 1.2's urgency.
type Urgency string

// The urgencies.
const (
	UrgencyUnknown   Urgency = "Unknown"
	UrgencyPast      Urgency = "Past"
	UrgencyFuture    Urgency = "Future"
	UrgencyExpected  Urgency = "Expected"
	UrgencyImmediate Urgency = "Immediate"
)

// Valid reports whether u is a CAP urgency.
func (u Urgency) Valid() bool {
	return slices.Contains([]Urgency{UrgencyUnknown, UrgencyPast, UrgencyFuture, UrgencyExpected, UrgencyImmediate}, u)
}

// Certainty is CAP 1.2's certainty.
type Certainty string

// The certainties.
const (
	CertaintyUnknown  Certainty = "Unknown"
	CertaintyUnlikely Certainty = "Unlikely"
	CertaintyPossible Certainty = "Possible"
	CertaintyLikely   Certainty = "Likely"
	CertaintyObserved Certainty = "Observed"
)

// Valid reports whether c is a CAP certainty.
func (c Certainty) Valid() bool {
	return slices.Contains([]Certainty{CertaintyUnknown, CertaintyUnlikely, CertaintyPossible, CertaintyLikely, CertaintyObserved}, c)
}

// Status is CAP 1.2's status: an exercise or a test never reads as an alert.
type Status string

// The statuses Crieur carries.
const (
	StatusActual   Status = "Actual"
	StatusExercise Status = "Exercise"
	StatusTest     Status = "Test"
)

// Area is where a message applies: INSEE codes of communes, départements (two
// or three characters) or whole regions, and a shape when one is known.
type Area struct {
	Name  string   `json:"name,omitempty"`  // as the source writes it
	INSEE []string `json:"insee,omitempty"` // commune codes ("33032") and département codes ("33")
	Place string   `json:"place,omitempty"` // street or building, when known
	Point *Point   `json:"point,omitempty"`
	// Polygons are rings of points, first equal to last, as in CAP.
	Polygons [][]Point `json:"polygons,omitempty"`
}

// Point is a WGS 84 position in degrees.
type Point struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

// Provenance tells where a message comes from and on what terms it is reused.
type Provenance struct {
	Authority   string    `json:"authority"`
	Source      string    `json:"source"`
	Kind        string    `json:"kind"`
	RawID       string    `json:"rawId"`
	URL         string    `json:"url,omitempty"`
	Attribution string    `json:"attribution,omitempty"` // who to name, as the source's terms ask
	Licence     string    `json:"licence,omitempty"`     // licence of the data
	FetchedAt   time.Time `json:"fetchedAt"`
}

// Content is what people read. Text is plain; HTML is sanitised by policy.
type Content struct {
	Language    string `json:"language"` // BCP 47
	Title       string `json:"title"`    // one line, plain text
	Summary     string `json:"summary,omitempty"`
	Text        string `json:"text,omitempty"` // whole body, plain text, paragraphs separated by blank lines
	HTML        string `json:"html,omitempty"` // whole body, sanitised
	Instruction string `json:"instruction,omitempty"`
	Place       string `json:"place,omitempty"` // where, in words
	Link        string `json:"link,omitempty"`  // http or https
	Image       *Image `json:"image,omitempty"`
}

// Image is a picture that goes with a content.
type Image struct {
	URL string `json:"url"`
	Alt string `json:"alt,omitempty"`
}

// Message is the canonical form of one revision of one item, aligned on the
// terms of CAP 1.2 (docs.oasis-open.org/emergency/cap/v1.2). It is made by the
// normalizer.
type Message struct {
	ID        string       `json:"id"`  // MessageID(Authority, Source, Item): the same for all revisions
	Seq       string       `json:"seq"` // identifier of this revision: MessageSeq(ID, Hash)
	Revision  int          `json:"revision"`
	Authority string       `json:"authority"`
	Source    string       `json:"source"`
	Hash      string       `json:"hash"`               // hash of Content and dates
	Incident  string       `json:"incident,omitempty"` // messages of one incident share it: the ID of the first
	Status    Status       `json:"status"`
	MsgType   MsgType      `json:"msgType"`
	Class     Class        `json:"class"`
	Topic     string       `json:"topic"` // slug, see package topic of the normalizer
	Severity  Severity     `json:"severity"`
	Urgency   Urgency      `json:"urgency"`
	Certainty Certainty    `json:"certainty"`
	Content   Content      `json:"content"`
	Variants  []Content    `json:"variants,omitempty"` // other languages the source itself gives
	Areas     []Area       `json:"areas,omitempty"`
	Sent      time.Time    `json:"sent"` // when the source says it published
	Effective *time.Time   `json:"effective,omitempty"`
	Onset     *time.Time   `json:"onset,omitempty"` // when the subject begins
	Ends      *time.Time   `json:"ends,omitempty"`  // when the subject ends
	Expires   time.Time    `json:"expires"`         // after which it is of no use to anyone
	Refs      []string     `json:"references,omitempty"`
	Origin    []Provenance `json:"provenance"`
	Backlog   bool         `json:"backlog,omitempty"`
	CreatedAt time.Time    `json:"createdAt"`
	FetchedAt time.Time    `json:"fetchedAt"` // when ingest saw the revision: the start of time to inform
}

// MessageID is the identifier of an item through all its revisions.
func MessageID(authority, source, item string) string {
	return NewID("message", authority, source, item)
}

// MessageSeq is the identifier of one revision of a message.
func MessageSeq(id, hash string) string { return NewID("message-revision", id, hash) }

// EventID implements Event.
func (m Message) EventID() string { return m.Seq }

// EventType implements Event.
func (m Message) EventType() Type { return TypeMessage }

// EventSource implements Event.
func (m Message) EventSource() string { return "/authority/" + m.Authority + "/source/" + m.Source }

// EventTime implements Event.
func (m Message) EventTime() time.Time { return m.CreatedAt }

// Subject implements Event: message.<authority>.<topic>.
func (m Message) Subject() string { return subject(SubjectMessage, m.Authority, m.Topic) }

// Validate implements Event.
func (m Message) Validate() error {
	c := check{stage: "message"}
	c.required("id", m.ID)
	c.required("seq", m.Seq)
	c.that(m.Revision >= 1, "revision", "must be 1 or more")
	c.slug("authority", m.Authority)
	c.slug("source", m.Source)
	c.slug("topic", m.Topic)
	c.that(m.MsgType.Valid(), "msgType", "must be Alert, Update or Cancel")
	c.that(m.Class.Valid(), "class", "must be alert, service or promotional")
	c.that(m.Severity.Rank() >= 0, "severity", "not a CAP severity")
	c.that(m.Urgency.Valid(), "urgency", "not a CAP urgency")
	c.that(m.Certainty.Valid(), "certainty", "not a CAP certainty")
	c.that(m.Status == StatusActual || m.Status == StatusExercise || m.Status == StatusTest, "status", "must be Actual, Exercise or Test")
	c.required("content.title", m.Content.Title)
	c.required("content.language", m.Content.Language)
	c.time("expires", m.Expires)
	c.time("sent", m.Sent)
	c.that(len(m.Origin) > 0, "provenance", "at least one is required")
	return c.err
}
