// Package desk keeps the items: it takes messages in, lets officers act, sends
// publications out, and writes the audit.
//
// In: events.Message from the bus, and officers' actions from the console.
// Out: events.Publication and events.Audit on the bus; items in the bucket
// "items", under item.<authority>.<stream>.<publication ID>.
//
// Guarantees: every write is a compare-and-set, so that of two officers who
// act at once one is told that the item changed; a publication is stored on
// the bus before its item says so, and a start sends again what a crash left
// in between, under the same event ID; a scheduled item leaves at its time,
// over restarts, unless it has expired meanwhile; handling a message twice
// changes nothing.
package desk
