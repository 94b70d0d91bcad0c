// Package ical reads iCalendar, from an address or from a CalDAV collection.
//
// In: an address. Out: one record.Entry an event and, for a recurring event, one
// an occurrence between now and the horizon. An item is named by its UID, an
// occurrence by UID/RECURRENCE-ID, so that moving one of them is an update.
// STATUS:CANCELLED, METHOD:CANCEL and an announced event that the calendar no
// longer holds are withdrawals; private events are never shown.
//
// Guaranteed: occurrences keep their wall time over a change of clocks; rules
// are bounded work whatever they say; a day event without length lasts a day;
// an event cut by the end of the document is left out; every text is valid
// UTF-8; e-mail addresses of organisers and guests are dropped.
//
// The reader is our own: golang-ical v0.3.4 refuses 71 of the 196 recorded
// calendars, the official French public holidays among them.
//
// Standards: RFC 5545 (iCalendar), RFC 7986 (IMAGE), RFC 4791 §7.8 (CalDAV
// calendar-query), CLDR windowsZones.
package ical
