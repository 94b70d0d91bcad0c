// Package lease lets one process of several do a work, and another go on with
// it when that one dies.
//
// In comes a key of a JetStream key-value bucket, the same in every process.
// Out goes a context that lives as long as the lease is held: Hold runs a work
// with it, and another while it waits.
//
// How: who holds the lease writes the key again every fifth of its life, by
// compare-and-set. Whoever waits takes it, by compare-and-set too, once he has
// not seen it written for a whole life, on his own clock: no clock is compared
// with another's. The holder gives up by himself when his last write that
// succeeded began four fifths of a life ago, so that he has stopped before
// anybody else begins.
//
// Guarantees: two processes work at once only if one is stopped whole (by a
// debugger, a frozen machine) and wakes after its lease was taken. What it then
// writes must be refused by its readers: Term names each hold for that, and is
// never used twice. A clean end gives the lease back at once.
package lease
