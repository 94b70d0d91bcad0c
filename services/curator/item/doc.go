// Package item is the state of a message on a stream, and every change it can
// go through:
//
//	received → pending_review → scheduled → published → expired | rejected | withdrawn | covered
//
// In: a message (Receive), or what an officer does (Write, Approve, Reject,
// Withdraw, Schedule…). Out: the changed item, with the publication to store
// in Outgoing when there is one. Nothing here reads a clock, a network or a
// registry: the caller gives the time and the rules that apply.
//
// Guarantees:
//   - an item's ID is that of its publication: the same message on the same
//     stream is the same item, however often it is received;
//   - a publication is first written in Outgoing, then stored on the bus, then
//     Sent: a crash in between leaves Outgoing, which is sent again under the
//     same event ID;
//   - every change is in History with who made it, and Changes counts them;
//   - an alert never leaves on one approval, nor on two of the same person;
//     any edit after an approval asks for all of them again.
//
// All times are UTC. An Item is a plain value: copy it to keep it.
package item
