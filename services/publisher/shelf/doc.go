// Package shelf keeps what signs and feeds show now: one delivery for each
// endpoint and publication, in a key-value bucket, and in memory by watching.
//
// In: deliveries of channels that are read rather than written to. Out: what
// stands on an endpoint, at once and from memory.
//
// Guarantees: putting the same delivery twice changes nothing; an older
// revision never replaces a later one; two publishers see the same.
package shelf
