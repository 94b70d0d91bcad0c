// Package runner reads sources: it decides when each is asked and what of its
// answer is news.
//
// In: the sources of the registry, kept up to date. Out: events.Raw on the bus,
// the health of each source, and what was refused with its reason.
//
// Guaranteed:
//   - a cursor is saved only once the raws it covers are acknowledged: a crash
//     repeats, with the same identifiers, and never loses;
//   - a source is never fetched twice at once, nor by two processes;
//   - a host is asked by few at a time and not faster than the configured gap;
//   - a provider that is down holds at most half of the workers, and alerts have some
//     of their own; a connector that does not return keeps none;
//   - an answer equal to the last is not parsed; an item equal to the last is
//     not published (the rules are with [Ledger.Apply]);
//   - Retry-After is honoured, by source and by host; errors back off with jitter.
//
// Time is kept by one heap and work done by one pool: a source costs a few
// hundred bytes, not a goroutine.
package runner
