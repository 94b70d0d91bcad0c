package registry

import (
	"time"
	"unicode/utf8"

	"github.com/crieur/crieur/events"
)

// AlertModel is an alert that is ready but for its blanks, the words between
// braces of its texts: an authority's own, in the place of the one that the
// console brings under the same ID. Its key is {Authority, ID}.
type AlertModel struct {
	Authority   string          `json:"authority"`
	ID          string          `json:"id"`
	Name        string          `json:"name"`           // what officers look for: "Inondation"
	Note        string          `json:"note,omitempty"` // for officers: when to use it
	Topic       string          `json:"topic"`
	Severity    events.Severity `json:"severity"`
	Lasts       Duration        `json:"lasts"` // until it expires
	Title       string          `json:"title"`
	Instruction string          `json:"instruction"` // what to do
	Text        string          `json:"text,omitempty"`
	Hidden      bool            `json:"hidden,omitempty"` // it is not offered
}

// The limits of a model.
const (
	maxModelLasts = 30 * 24 * time.Hour
	maxModelText  = 2000 // characters
)

// Key implements the repository's key: {Authority, ID}.
func (m AlertModel) Key() Key { return Key{m.Authority, m.ID} }

// Validate names every wrong field.
func (m AlertModel) Validate() error {
	c := check{entity: "alert model"}
	c.slug("authority", m.Authority)
	c.slug("id", m.ID)
	c.name("name", m.Name)
	c.line("note", m.Note)
	c.slug("topic", m.Topic)
	c.that(m.Severity.Rank() >= 0, "severity", "%q is not a severity of CAP", m.Severity)
	c.that(m.Lasts.Std() >= time.Hour && m.Lasts.Std() <= maxModelLasts, "lasts", "must be an hour to 30 days")
	c.name("title", m.Title)
	c.that(m.Instruction != "", "instruction", "required")
	c.that(utf8.RuneCountInString(m.Instruction) <= maxModelText, "instruction", "%d characters at most", maxModelText)
	c.that(utf8.RuneCountInString(m.Text) <= maxModelText, "text", "%d characters at most", maxModelText)
	return c.err()
}
