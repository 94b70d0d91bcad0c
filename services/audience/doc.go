// Package audience turns publications into delivery batches, and is where
// residents choose what they receive.
//
// In come publications and receipts (streams PUBLICATIONS and RECEIPTS), the
// registry, what residents do on the portal, and three questions of other
// services: Resolve, OptOut and Reach (package call). Out go deliveries to
// batches of opaque subscriber IDs (stream DELIVERIES), receipts of what
// residents do (clicked, useful, opted out), and the portal's pages.
//
// The parts: vault keeps the contacts, consent who agreed to what, fanout sends
// to many without loss, seal proves a publication genuine, portal is the pages.
//
// Guarantees: a contact is in clear only in the reply to Resolve; nothing is
// sent without a confirmed consent on that stream and channel; leaving takes
// one gesture and counts at once.
package audience
