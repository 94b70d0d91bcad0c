package bus

import (
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// CloudEvents 1.0 attributes in NATS binary mode, and the other headers that
// an event travels with.
const (
	HeaderID          = "ce-id"
	HeaderType        = "ce-type"
	HeaderSource      = "ce-source"
	HeaderTime        = "ce-time"
	HeaderSpecVersion = "ce-specversion"
	HeaderDataSchema  = "ce-dataschema"
	HeaderContentType = "content-type"
	HeaderTraceParent = "traceparent"
	// HeaderReplayFor names the one consumer a replayed dead letter is for;
	// the stream's other consumers pass over it.
	HeaderReplayFor = "crieur-replay-for"
)

// reservedPrefix marks the headers that belong to the NATS server. They are
// orders to it (Nats-Rollup, Nats-Expected-…), so a received one is never
// copied to what a handler sends on.
const reservedPrefix = "Nats-"

// toNATS writes a watermill message as a NATS message. Nats-Msg-Id is the
// CloudEvents ID, or else the message's UUID; without either there is no
// deduplication.
func toNATS(subject string, m *message.Message) *nats.Msg {
	header := make(nats.Header, len(m.Metadata)+1)
	for key, value := range m.Metadata {
		header[key] = []string{value}
	}
	if header.Get(jetstream.MsgIDHeader) == "" {
		id := m.Metadata[HeaderID]
		if id == "" {
			id = m.UUID
		}
		if id != "" {
			header[jetstream.MsgIDHeader] = []string{id}
		}
	}
	return &nats.Msg{Subject: subject, Header: header, Data: m.Payload}
}

// fromNATS reads a stored message. A header that is repeated counts with its
// first value: metadata has one value a key.
func fromNATS(msg jetstream.Msg, fallbackID string) *message.Message {
	header := msg.Headers()
	id := header.Get(HeaderID)
	if id == "" {
		id = header.Get(jetstream.MsgIDHeader)
	}
	if id == "" {
		id = fallbackID
	}
	m := message.NewMessage(id, msg.Data())
	for key, values := range header {
		if len(values) > 0 && !strings.HasPrefix(key, reservedPrefix) {
			m.Metadata[key] = values[0]
		}
	}
	return m
}

// oneLine makes text fit for a header: no line ends, at most maxLen bytes,
// whole UTF-8.
func oneLine(text string, maxLen int) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxLen {
		text = strings.ToValidUTF8(text[:maxLen], "")
	}
	return text
}

func timeHeader(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
