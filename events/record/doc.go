// Package record holds the shapes of events.Raw.Record, one file a family of
// sources: what a connector of ingest writes and the mapping of the same kind
// in the normalizer reads. A record says what the source said, decoded and
// named, without any decision: dates are those found (UTC, zero when absent),
// texts may be HTML and are not yet sanitised.
//
// A connector kind names its shape with Shape. Kinds that differ only in how
// they are fetched share one: a WordPress post, a row of open data or a web
// hook is an Entry.
package record
