// Package gammu is the channel of kind gammu: SMS by a modem or telephone that
// gammu-smsd drives, for a commune without a provider, or when there is no
// network but the telephone's.
//
// In: publications, and contacts of kind sms. Out: one file a recipient in the
// outbox of gammu-smsd's FILES backend, and its move to where sent messages or
// failed ones go, read and deleted. Incoming STOP words opt out, and every
// incoming message is deleted once read: nobody answers it here.
//
// Guarantees: a file appears whole (it is renamed into the outbox), with a name
// that follows from the delivery and the subscriber, so that the same message
// is not there twice and one that was sent just before a crash is known to be;
// alerts pass before what waits. No number and no text stays in a file once the
// result is known. A message that gammu-smsd may be sending when time runs out
// is ambiguous, the others are taken back.
//
// A message sent is the last that is known of it: it is never delivered. The
// FILES backend has no way to say more. It moves the file of a sent message
// without the modem's reference (TP-MR, 3GPP 23.040, 9.2.3.6) in it, and
// gammu-smsd's DeliveryReport = sms puts a report into the inbox as a text,
// "Delivered" or "Failed", named by the recipient's number only: of two messages
// to one person none can say which it is of. DeliveryReport = log writes to
// the log alone. Leave it at no: each report costs the modem a message read.
// Where receipts matter, take kind sms or smshttp.
//
// The directories are on the publisher's machine, or on one that it mounts.
//
// https://docs.gammu.org/smsd/files.html, https://docs.gammu.org/smsd/config.html
package gammu
