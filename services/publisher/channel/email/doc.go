// Package email is the channel of kind email: mail by SMTP, one message a
// subscriber, in text and accessible HTML.
//
// In: publications, and batches of addresses; and what comes back, from a POP3
// mailbox (RFC 1939) or posted by the mail server. Out: messages (RFC 5322)
// with one-click unsubscription (RFC 8058), signed by DKIM (RFC 6376, RFC 8463)
// where the channel has the key, and a result a recipient.
//
// Each subscriber has a return path of their own (VERP), with a mark that others
// cannot make. A report of a dead address (RFC 3464, statuses of RFC 3463) and a
// complaint (RFC 5965) end the subscription; five passing failures in two weeks
// or more do, too. The mail's receipt says what became of it.
//
// Guarantees: a message's Message-ID depends on the delivery and the subscriber
// only, so that a copy is known as one; connections are reused and bounded; an
// answer lost after the end of DATA is ambiguous, any other loss is safe to
// repeat (RFC 5321, 4.2.5); errors carry the SMTP code and no address.
package email
