// Package feed is the channel of kind feed: RSS 2.0, Atom, JSON Feed 1.1,
// iCalendar and CAP 1.2, of an authority and of each of its streams, topics and
// areas, served from memory, and a WebSub hub that tells of their changes.
//
// In: publications. Out: an entry on the shelf, and the documents
//
//	/feeds/<authority>.{rss,atom,json,ics,cap}
//	/feeds/<authority>/<stream>.…
//	/feeds/<authority>/topic/<topic>.…
//	/feeds/<authority>/area/<INSEE code or sector>.…
//	/feeds/<authority>/cap/<publication>.<revision>.xml
//	POST /feeds/hub
//
// with ETag, Last-Modified, 304 answers and gzip made once. ics holds what has
// a date, as events. cap is an Atom index of the alerts' CAP messages: one a
// revision, which names those it supersedes; a withdrawn alert stays there as a
// Cancel until it expires.
//
// Guarantees: text and summary say when and where, and a title begins by saying
// that it corrects; but not those of ics, which has places of its own for that.
// An entry keeps its tag: identifier (RFC 4151) through corrections,
// is taken out when withdrawn or expired, and appears once. Delivering twice
// changes nothing. Feeds name themselves (rel="self") and their hub. A
// subscriber is told at least once of each state that lasts, again for about an
// hour while it does not answer, until its lease ends; callbacks are public
// addresses only.
//
// Rules: https://www.rssboard.org/rss-specification,
// https://www.rfc-editor.org/rfc/rfc4287, https://www.jsonfeed.org/version/1.1/,
// https://www.rfc-editor.org/rfc/rfc5545, https://www.rfc-editor.org/rfc/rfc7986,
// https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html,
// https://www.w3.org/TR/websub/
package feed
