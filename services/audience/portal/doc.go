// Package portal is the residents' pages: what is current in a commune, the
// proof that a message is genuine, and what one receives and how.
//
// In come the publications (stream PUBLICATIONS, read whole into memory at the
// start), the registry, and what residents send. Out go pages, receipts
// (clicked, useful, not_useful), and changes of the vault by package enrol.
//
//	/                                  choose a commune
//	/c/<authority>                     what is current
//	/c/<authority>/p/<publication>     one publication, its history and proof
//	/p/<12 characters>                 the same, as written in an SMS
//	/c/<authority>/abonnement          subscribe; then the code
//	/c/<authority>/notifications       the same, for this device (Web Push)
//	/d/<token>                         leave in one gesture (RFC 8058)
//	/preferences/<token>               pause, choose, export, be forgotten
//	/verifier, /.well-known/crieur.json
//
// Guarantees: no account, no tracking cookie, no page that needs a script; a
// contact is never shown whole; pages with a token are never cached, indexed
// or logged with it. French first, English by a link; WCAG 2.2 AA by the
// components of package web.
package portal
