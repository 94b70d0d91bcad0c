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
// is ambiguous, the others are taken back. Delivery reports are not read: a
// message sent is the last that is known of it.
//
// The directories are on the publisher's machine, or on one that it mounts.
//
// https://docs.gammu.org/smsd/files.html, https://docs.gammu.org/smsd/config.html
package gammu
