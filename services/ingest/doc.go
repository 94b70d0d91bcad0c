// Package ingest is the first stage of the path: source → raw.
//
// In: the sources of the registry (events/registry.Source), read by polling or
// pushed to /hooks. Out: events.Raw on the stream RAW, one a revision of an
// item; the health of each source; what was refused, with its reason.
//
// The parts: fetch is the one way to the outside, source the contract of the
// connectors and their folders, runner what decides when a source is asked and
// what of its answer is news.
package ingest
