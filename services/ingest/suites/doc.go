// Package suites holds the parsers of ingest against the test suites of others.
//
// In: the recorded corpus, with each suite's own expectations. Out: README.md, a
// table by suite of the cases whose expectation is met, of those that differ by
// choice with the reason, and of those that fail. No case may panic, take more
// than a second or allocate more than 64 MB. The package has no other code.
package suites
