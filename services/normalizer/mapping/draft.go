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

	Sent      time.Time
	Effective time.Time
	Onset     time.Time
	Ends      time.Time
	Expires   time.Time
	AllDay    bool // Onset and Ends are days: Ends is the last one
	Prose     bool // dates, places and danger may be read in the text

	Places []record.Place
	Areas  []events.Area // already resolved

	MsgType   events.MsgType
	Status    events.Status
	Class     events.Class
	Topic     string
	Severity  events.Severity
	Urgency   events.Urgency
	Certainty events.Certainty

	Attribution string
	Licence     string
	Refs        []string // IDs of the messages it updates or cancels
	Variants    []Draft  // the same in other languages
}
