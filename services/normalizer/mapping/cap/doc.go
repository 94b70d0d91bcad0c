// Package cap maps alerts of the Common Alerting Protocol (record.Alert),
// versions 1.0 to 1.2 (docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2.html).
//
// Terms are kept as stated. Only public alerts are taken: a restricted or
// private scope is refused, and so are system messages, drafts,
// acknowledgements and errors. Of several languages, French is the message and
// the others its variants; infos of one language differ by their areas alone, which
// are put together: ingest parts an alert that says different things. An AllClear is
// past, whatever urgency it states. An alert whose XML signature is broken is
// doubtful: it never leaves without an officer.
package cap
