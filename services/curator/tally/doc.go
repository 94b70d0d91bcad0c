// Package tally counts, for the console, what became of each version of a
// publication: how many recipients of each channel were sent, delivered,
// failed or unknown.
//
// In: events.Receipt. Out: a Tally a publication, in the bucket "items" under
// tally.<authority>.<publication>, read from memory.
//
// Guarantees: a receipt is acknowledged only once it is counted and stored;
// one that comes again within the last MaxSeen of its publication is not
// counted twice. A recipient is no longer unknown once a later receipt tells
// what became of it, for the last MaxUnknown. Receipts that wait are counted
// together, one write a publication. Figures of record are those of ClickHouse.
package tally
