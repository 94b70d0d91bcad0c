// Package cap reads Common Alerting Protocol alerts, versions 1.0 to 1.2, alone,
// embedded in Atom or EDXL-DE, or behind an Atom or RSS index whose entries link
// to them.
//
// In: an address. Out: one record.Alert an alert, with its info blocks, in every
// language, and its references; nothing is decided here. An alert that says
// different things to different places, or of several events, is one record each,
// whose item is its identifier and the part's name: none is told what others are to
// do. Real alerts that fail the schema are read as far as they go.
//
// Guaranteed: an alert of an index is fetched once, and again when its entry
// changes; one that could not be fetched is asked for again at the next turn; at
// most a hundred are fetched a turn. An Update is another revision of the alert that
// it refers to, under the name of the first, and a Cancel withdraws it, where both
// have one sender; an alert that was replaced is not told again.
//
// An enveloped XML signature is checked, and its verdict noted: valid (it covers
// what was read, and a certificate configured vouches for it), invalid, or unchecked:
// SHA-1 signed it, or no certificate is configured and its own says only that nothing
// changed since. A broken one is never lost: it is doubtful, and an officer decides.
//
// Standards: docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2.html,
// www.w3.org/TR/xmldsig-core1.
package cap
