// Package normalizer turns raws into messages: the stage between ingest and
// curator.
//
// In: events.Raw from the stream RAW, of every kind of source. Out:
// events.Message on the stream MESSAGES: cleaned and sanitised (rewrite),
// in a known language (language), with a topic and a class (classify), areas
// (area), dates (when) and an expiry; one message an item, one revision a
// change of meaning (dedupe), and the messages of several sources on the same
// thing grouped in an incident.
//
// Pipeline is the pure part: Normalise does no I/O and depends on nothing but
// its arguments. Service is the stage on the bus.
//
// Guarantees: a raw handled twice emits nothing twice; an edit is an Update
// with the next revision, a withdrawal a Cancel; an edit that changes no
// meaning emits nothing; a raw that cannot be used ends in the dead letters
// with its reason, and the others go on; several processes on one stream give
// what one would.
//
// When a message stops being of use (Message.Expires), the first that applies:
//
//	what the record says          its expires
//	what ends                     its end; the end of its day when the end is a day; of several in a text, the last
//	what begins, without an end   the end of its first day; 7 days later for services, of their reading for works on roads; a day for weather and floods
//	an alert                      24 hours after it was sent, or begins; 3 days "jusqu'à nouvel ordre"
//	an accident on a road         24 hours after it was sent
//	what is stated to be Immediate  3 days after it was sent
//	the source's expiresAfter     after it was sent
//	anything else                 the days of its topic (classify/rules.yaml) after it was sent
//
// An end holds however long it stands, up to ten years; one beyond is none, and
// gives a year. What a text recalls, a day that was over when it took its present
// form, ends nothing; one that stands "jusqu'à nouvel ordre" has no end; one that
// names a weekday or a week is of use until then at least.
package normalizer
