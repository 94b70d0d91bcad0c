// Package feed is the channel of kind feed: RSS 2.0, Atom and JSON Feed 1.1, of
// an authority and of each of its streams, served from memory.
//
// In: publications. Out: an entry on the shelf, and the documents
//
//	/feeds/<authority>.{rss,atom,json}
//	/feeds/<authority>/<stream>.{rss,atom,json}
//
// with ETag, Last-Modified and 304 answers.
//
// Guarantees: an entry keeps its tag: identifier (RFC 4151) through corrections,
// is taken out when withdrawn or expired, and appears once. Delivering twice
// changes nothing. Feeds name themselves (rel="self").
//
// Rules: https://www.rssboard.org/rss-specification,
// https://www.rfc-editor.org/rfc/rfc4287, https://www.jsonfeed.org/version/1.1/
package feed
