package events

import (
	"encoding/json"
	"fmt"
	"time"
)

// Type is the CloudEvents type of an event; its last part is the version of
// the schema, which evolves by addition only.
type Type string

// The event types, one a stage.
const (
	TypeRaw         Type = "fr.crieur.raw.v1"
	TypeMessage     Type = "fr.crieur.message.v1"
	TypePublication Type = "fr.crieur.publication.v1"
	TypeDelivery    Type = "fr.crieur.delivery.v1"
	TypeReceipt     Type = "fr.crieur.receipt.v1"
	TypeAudit       Type = "fr.crieur.audit.v1"
)

// Types returns every event type, in the order of the path.
func Types() []Type {
	return []Type{TypeRaw, TypeMessage, TypePublication, TypeDelivery, TypeReceipt, TypeAudit}
}

// Stage returns the stage's name: raw, message, publication, delivery,
// receipt or audit. It is also the name of the schema.
func (t Type) Stage() string {
	switch t {
	case TypeRaw:
		return "raw"
	case TypeMessage:
		return "message"
	case TypePublication:
		return "publication"
	case TypeDelivery:
		return "delivery"
	case TypeReceipt:
		return "receipt"
	case TypeAudit:
		return "audit"
	}
	return ""
}

// DataSchema returns the URI of the type's JSON Schema, as its $id says it.
func (t Type) DataSchema() string { return "https://crieur.example/schemas/" + t.Stage() + ".v1.json" }

// Event is what every stage's type implements. The methods are the CloudEvents
// 1.0 attributes id, type, source and time, and the subject on the bus.
type Event interface {
	EventID() string
	EventType() Type
	EventSource() string
	EventTime() time.Time
	Subject() string
	Validate() error
}

var (
	_ Event = Raw{}
	_ Event = Message{}
	_ Event = Publication{}
	_ Event = Delivery{}
	_ Event = Receipt{}
	_ Event = Audit{}
)

// Marshal validates e and returns its JSON body. An invalid event is
// permanent: it must never reach the bus.
func Marshal(e Event) ([]byte, error) {
	if err := e.Validate(); err != nil {
		return nil, Permanent(ReasonInvalidEvent, err)
	}
	body, err := json.Marshal(e)
	if err != nil {
		return nil, Permanentf(ReasonInvalidEvent, "%s %s: encode: %w", e.EventType().Stage(), e.EventID(), err)
	}
	return body, nil
}

// Unmarshal decodes and validates one event of type T. Unknown fields are
// tolerated, as schemas grow by addition. Its errors are permanent and name
// the stage and the field.
func Unmarshal[T Event](body []byte) (T, error) {
	var e T
	if err := json.Unmarshal(body, &e); err != nil {
		return e, Permanentf(ReasonInvalidEvent, "%s: decode: %w", e.EventType().Stage(), err)
	}
	if err := e.Validate(); err != nil {
		return e, Permanent(ReasonInvalidEvent, err)
	}
	return e, nil
}

// FieldError says which field of which stage is wrong, and why.
type FieldError struct {
	Stage, Field, Problem string
}

func (e *FieldError) Error() string { return fmt.Sprintf("%s: %s: %s", e.Stage, e.Field, e.Problem) }

// check collects the first wrong field of an event.
type check struct {
	stage string
	err   error
}

func (c *check) that(ok bool, field, problem string) {
	if c.err == nil && !ok {
		c.err = &FieldError{Stage: c.stage, Field: field, Problem: problem}
	}
}

func (c *check) required(field, value string) { c.that(value != "", field, "required") }

func (c *check) slug(field, value string) {
	c.that(IsSlug(value), field, fmt.Sprintf("%q is not a slug (a-z, 0-9, - and _; 1 to 64)", value))
}

func (c *check) time(field string, t time.Time) { c.that(!t.IsZero(), field, "required") }
