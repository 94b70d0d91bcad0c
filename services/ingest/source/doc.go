// Package source is the contract between the runner and the connectors.
//
// A connector turns one answer of a source into [Record] values; it decides
// nothing and keeps nothing. The runner around it does the scheduling, the
// conditional requests, politeness, back-off, limits, the SSRF guard, the
// detection of revisions and the alarms. What a connector must remember between
// fetches travels in its [Cursor].
//
// A connector is one folder under this one (doc.go, code, example.yaml,
// testdata) and one line in ingest.Kinds; it passes package sourcetest.
package source
