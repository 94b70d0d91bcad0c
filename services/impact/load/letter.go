package load

import (
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
)

// maxErrorBytes shortens the error's text in a dead letter.
const maxErrorBytes = 1024

// letter makes the dead letter of an event, in the form that package bus lists
// and replays. Its ID is that of the event's place and of the consumer, so that
// burying twice stores one letter.
func letter(t target, sequence uint64, subject string, header nats.Header, body []byte, cause error, now time.Time) *nats.Msg {
	h := nats.Header{}
	for key, values := range header {
		if !strings.HasPrefix(key, "Nats-") && key != bus.HeaderReplayFor {
			h[key] = values
		}
	}
	n := strconv.FormatUint(sequence, 10)
	text := strings.Join(strings.Fields(cause.Error()), " ")
	if len(text) > maxErrorBytes {
		text = strings.ToValidUTF8(text[:maxErrorBytes], "")
	}
	for key, value := range map[string]string{
		jetstream.MsgIDHeader:    strings.Join([]string{"dead", t.consumer, t.stream, n}, "."),
		bus.HeaderDeadSubject:    subject,
		bus.HeaderDeadStream:     t.stream,
		bus.HeaderDeadSequence:   n,
		bus.HeaderDeadConsumer:   t.consumer,
		bus.HeaderDeadReason:     string(events.OutcomeOf(cause).Reason),
		bus.HeaderDeadError:      text,
		bus.HeaderDeadDeliveries: "1",
		bus.HeaderDeadTime:       now.UTC().Format(time.RFC3339Nano),
	} {
		h[key] = []string{value}
	}
	return &nats.Msg{Subject: events.SubjectDeadLetter + "." + t.consumer, Header: h, Data: body}
}
