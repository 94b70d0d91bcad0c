// Package mail reads the mails that arrive in a mailbox: notices of Enedis, of
// water and gas companies, of associations.
//
// In: a mailbox by IMAP over TLS, opened by a password or an OAuth 2.0 token (XOAUTH2). Out: one record.Entry a mail, with its subject,
// its HTML or text, links to its attachments, and what DKIM says of it. Attachments
// are kept as package media says, and those of the other forms told by name in Extra;
// no address of a person is kept.
//
// Guaranteed: only mails of the senders allowed come through, and only those
// whose DKIM signature vouches for the sender unless the source says otherwise;
// the others are refused with their reason. The mailbox is opened read-only and
// nothing in it is marked. A mail is read once: the cursor is UIDVALIDITY and UID,
// and where the server numbers its mails anew the Message-ID tells those known.
// A mail arrives as soon as the server says so (IDLE), or at the next poll.
//
// Standards: RFC 3501 and 2177 (IMAP, IDLE), RFC 5322, 2045–2047 and 2231 (mail and
// MIME), RFC 6749 (OAuth 2.0), RFC 6376 (DKIM), RFC 8314 (TLS).
package mail
