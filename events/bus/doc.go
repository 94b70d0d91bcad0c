// Package bus carries events over JetStream: a watermill Publisher and
// Subscriber, a router with the outcomes of package events, typed adapters,
// dead letters, and the one place where streams, consumers and buckets are
// declared (topology.go).
//
// In come events (Emitter, Publisher); out come calls of handlers, one for
// each event and durable consumer. Every event is a CloudEvents 1.0 event in
// NATS binary mode.
//
// Guarantees:
//   - Publish returns nil only when every message is stored; its error tells
//     which ones are not. The event's ID is the Nats-Msg-Id, so publishing
//     again within the stream's duplicate window changes nothing.
//   - A handler sees an event at least once, and again only after an error, a
//     crash or a lost acknowledgement: every message in hand, being handled or
//     prefetched, is kept alive every third of AckWait.
//   - No event without an end: it is acknowledged, delivered again later, or
//     stored as a dead letter before it is terminated. The limit of deliveries
//     is kept by the Subscriber, not by the server: a server that stops
//     delivering because the process died at the last attempt would leave the
//     message neither delivered nor dead-lettered.
//   - Shared connections are never closed here.
//
// How the outcome of a handler reaches the Subscriber: watermill's Nack
// carries no error. The Subscriber puts a slot in the message's context, the
// Outcome middleware (first in NewRouter) stores the handler's error in it
// before the router nacks, and the Subscriber reads it at the Nack. A Nack
// with an empty slot, as of a plain watermill handler, counts as transient.
//
// https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/nats-protocol-binding.md,
// https://docs.nats.io/nats-concepts/jetstream/consumers,
// https://watermill.io/docs/pub-sub/
package bus
