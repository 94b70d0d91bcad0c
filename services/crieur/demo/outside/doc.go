// Package outside stands in for the world that Crieur sends to in the
// demonstration: an SMSC (SMPP 3.4), an SMTP server, a push service with its
// telephones (RFC 8030, RFC 8291), and endpoints shaped like Mastodon's and
// Slack's API. It speaks the real protocols, on loopback only,
// and keeps what it received so that a visitor can see what the residents
// would have got. Telephone numbers and addresses here are invented ones.
//
// In: connections from Crieur's channels. Out: Inbox, a bounded list,
// oldest dropped first, that a file keeps over restarts.
package outside
