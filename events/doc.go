// Package events is Crieur's vocabulary: one Go type a stage of the path
//
//	source → raw → message → publication → rendition → delivery → receipt → impact
//
// with its deterministic identifier, its subject on the bus, and the three
// outcomes any step can have. What goes in and out is JSON valid against the
// schemas of the sibling module schemas; the transport is package bus.
//
// Guarantees: the same input gives the same identifier, on any machine and at
// any time; every Reason is one of a closed list; every subject is spelled in
// subject.go and nowhere else. All times are UTC. All types are plain values,
// safe to copy and to read concurrently.
package events
