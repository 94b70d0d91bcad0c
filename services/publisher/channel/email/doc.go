// Package email is the channel of kind email: mail by SMTP, one message a
// subscriber, in text and accessible HTML.
//
// In: publications, and batches of addresses. Out: messages (RFC 5322) with
// one-click unsubscription (RFC 8058) and a result a recipient.
//
// Guarantees: a message's Message-ID depends on the delivery and the subscriber
// only, so that a copy is known as one; connections are reused and bounded; an
// answer lost after the end of DATA is ambiguous, any other loss is safe to
// repeat (RFC 5321, 4.2.5); errors carry the SMTP code and no address.
package email
