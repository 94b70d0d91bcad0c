// Package load puts the events of three streams into ClickHouse: RECEIPTS,
// PUBLICATIONS and MESSAGES, each event once, whatever is killed when.
//
// In come streams, read in order by sequence; out go rows, one a recipient for
// receipts. What is not a valid event goes to the stream of dead letters.
//
// How an event counts once:
//   - A stream is read in order, so that a batch is a range of sequences.
//   - The range is written down (bucket impact, compare-and-set) before the
//     insert, and its first and last sequence are the insert's deduplication
//     token. After a crash the very same range is read again by sequence and
//     inserted under the same token: ClickHouse keeps one of the two, in the
//     table and in every view behind it.
//   - Once inserted, the range is written down as done. Two programs may run:
//     compare-and-set lets one of them through, the other stands by.
//   - The position belongs to the tables: its key has the ID in the table
//     identity. Tables that were dropped (all of them) or lost are filled again
//     from the streams, from their first event.
//   - A stream made anew (its creation time differs) is read from its start.
//
// While ClickHouse is away nothing is lost: the same range is tried again with
// a growing delay, and State tells why.
//
// People: a subscriber's opaque ID becomes an HMAC of it; a contact never gets
// here. Signs, accounts and feeds keep their name.
//
// ClickHouse: https://clickhouse.com/docs/guides/developer/deduplicating-inserts-on-retries.
package load
