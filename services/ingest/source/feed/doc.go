// Package feed reads RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, and JSON Feed.
//
// In: an address. Out: one record.Entry an item, in the order of the document.
// gofeed parses; what it gets wrong on real feeds is mended in mend.go and only
// there: undeclared and wrong charsets, declarations that belie the bytes,
// characters outside XML, dates written in French and other languages, texts
// escaped twice, relative links.
//
// Guaranteed: no network but the one address; no external entity; a document of
// the size limit parses within a second; every text is valid UTF-8.
//
// Where a feed names a hub and this installation has a public address, the hub
// pushes (WebSub): it is subscribed to under an address that only it knows, what it
// sends is checked by its signature, and the lease is renewed at two thirds, daily
// where the hub does not say how long it is. Polling never stops: it slows by itself
// where all that changes was pushed, and a hub that keeps silent is asked anew.
//
// Standards: RSS 2.0 (rssboard.org/rss-specification), RFC 4287 (Atom),
// jsonfeed.org/version/1.1, www.w3.org/TR/websub.
package feed
