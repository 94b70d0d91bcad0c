// Package call is how services ask one another a question that needs an
// answer now: NATS request–reply endpoints made with nats.go/micro, so that
// `nats micro ls|info|stats` lists and measures them. Everything else goes
// through events.
//
// In: a typed request. Out: a typed reply, or an error that keeps its
// events.Outcome over the wire. Requests that carry a contact (Resolve,
// OptOut) are made of types that never print it.
//
// Subjects are crieur.<service>.<question>; they are spelled here only.
package call
