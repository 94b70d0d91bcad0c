// Package enrol is the life of a subscription, from the wish to the proof to
// the end of it.
//
// In come what a resident chose, the code he received, and his will to pause,
// change, leave or be forgotten. Out go changes of the vault, and the code, as
// a delivery like any other on the authority's own channel.
//
// Guarantees: nothing is confirmed without the code, which has six digits,
// lives ten minutes and allows five tries whoever makes them, from wherever:
// the count is in the record, changed by compare-and-set. A contact is sent at
// most three codes an hour and ten a day. The code is kept as a keyed hash.
// Somebody who tries an address learns nothing of whether it is known.
package enrol
