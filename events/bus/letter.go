package bus

import (
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
)

// Headers that a dead letter has besides those of the original.
const (
	HeaderDeadSubject    = "crieur-dead-subject"    // the original's
	HeaderDeadStream     = "crieur-dead-stream"     // the original's
	HeaderDeadSequence   = "crieur-dead-sequence"   // the original's, in its stream
	HeaderDeadConsumer   = "crieur-dead-consumer"   // who gave up
	HeaderDeadReason     = "crieur-dead-reason"     // an events.Reason
	HeaderDeadError      = "crieur-dead-error"      // one line, shortened
	HeaderDeadDeliveries = "crieur-dead-deliveries" // how often it was delivered
	HeaderDeadTime       = "crieur-dead-time"       // RFC 3339, UTC
)

const (
	deadPrefix = "crieur-dead-"
	// maxErrorBytes shortens the error's text in a dead letter.
	maxErrorBytes = 1024
)

// NewLetter makes the dead letter of an event that o.Consumer gave up. Its ID is
// that of the event's place and of the consumer, so that burying twice stores one
// letter. Its subject is the letter's: it is published as it is.
func NewLetter(o Origin, header nats.Header, body []byte, cause error, at time.Time) *nats.Msg {
	sequence := strconv.FormatUint(o.Sequence, 10)
	header = carried(header)
	for key, value := range map[string]string{
		jetstream.MsgIDHeader: strings.Join([]string{"dead", o.Consumer, o.Stream, sequence}, "."),
		HeaderDeadSubject:     o.Subject,
		HeaderDeadStream:      o.Stream,
		HeaderDeadSequence:    sequence,
		HeaderDeadConsumer:    o.Consumer,
		HeaderDeadReason:      string(letterReason(cause)),
		HeaderDeadError:       oneLine(cause.Error(), maxErrorBytes),
		HeaderDeadDeliveries:  strconv.Itoa(o.Attempt),
		HeaderDeadTime:        timeHeader(at),
	} {
		header[key] = []string{value}
	}
	return &nats.Msg{Subject: deadLetterSubject(o.Consumer), Header: header, Data: body}
}

// letterReason is the error's own reason when it is permanent. A transient
// error ends as a dead letter only because it lasted.
func letterReason(cause error) events.Reason {
	if o := events.OutcomeOf(cause); o.Kind == events.PermanentFailure {
		return o.Reason
	}
	return events.ReasonRetriesExceeded
}

// carried copies the headers that stay with a message from stream to stream:
// the server's own orders and an earlier death's marks do not.
func carried(header nats.Header) nats.Header {
	header = maps.Clone(header)
	if header == nil {
		header = make(nats.Header)
	}
	for key := range header {
		if strings.HasPrefix(key, reservedPrefix) || strings.HasPrefix(key, deadPrefix) || key == HeaderReplayFor {
			delete(header, key)
		}
	}
	return header
}

func deadLetterSubject(consumer string) string { return events.SubjectDeadLetter + "." + consumer }
