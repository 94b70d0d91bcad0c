package mapping

import (
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
)

// Func maps one raw, which is not withdrawn.
type Func func(raw events.Raw) (Draft, error)

// Draft is what a record says. Zero values are what it does not say.
type Draft struct {
	Title       string // text or HTML
	Summary     string // text or HTML
	Body        string // text or HTML
	Instruction string
	Language    string // as the source writes it
	Link        string
	Image       *events.Image
	Categories  []string // the source's own words
	Documents   []record.Media
	Notes       []Note // what people need besides the body

	Sent      time.Time // when it took its present form
	Written   time.Time // when it was first published, if before Sent: its text speaks from then
	Effective time.Time
	Onset     time.Time
	Ends      time.Time
	Expires   time.Time
	AllDay    bool // Onset and Ends are days: Ends is the last one
	// Dates are those still to come when there are several; Onset and Ends are
	// then the next one.
	Dates []record.Timing
	Zone  string // IANA name of the time zone of the days; empty: the authority's
	Prose bool   // dates, places and danger may be read in the text

	Places []record.Place
	Areas  []events.Area // already resolved

	MsgType   events.MsgType
	Status    events.Status
	Class     events.Class
	Topic     string
	Severity  events.Severity
	Urgency   events.Urgency
	Certainty events.Certainty

	// Doubtful says that nothing proves who wrote it: an officer always decides.
	Doubtful bool

	Attribution string
	Licence     string
	Refs        []string // IDs of the messages it updates or cancels
	Variants    []Draft  // the same in other languages
}

// Note is a line after a body: how to book, who may come.
type Note struct {
	Label Label
	Text  string // plain; may be empty when there is a link
	Link  string // http or https
}

// Label is what a Note is about.
type Label string

// The labels.
const (
	Accessibility Label = "accessibility"
	Age           Label = "age"
	Attachments   Label = "attachments"
	Conditions    Label = "conditions"
	Contact       Label = "contact"
	Dates         Label = "dates"
	Document      Label = "document"
	Online        Label = "online"
	Registration  Label = "registration"
)
