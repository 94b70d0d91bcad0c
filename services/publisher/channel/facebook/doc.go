// Package facebook is the channel of kind facebook: posts of a page, by the
// Graph API.
//
// In: publications. Out: POST /{page}/feed, POST /{post} (edit) and DELETE
// /{post} with their publication.
//
// Guarantees: a message is at most 63,206 characters, of which readers see the
// first lines; the page's token is in a header, never in an address. Graph
// answers a post with its ID only, so that a lost answer is looked for in the
// page's feed, by the publication's link. Errors are read by their code: 190 and
// 102 (token), 4, 17, 32, 613 and 80001 (limits, with X-Business-Use-Case-Usage
// and its minutes), 1, 2 (Facebook's own), 506 (a post twice the same), 368
// (barred for now), 10, 200–299 (permissions), 100 with subcode 33 (gone).
//
// A card goes to POST /{page}/photos. Facebook changes no picture of a post, so
// that a correction is a post of its own, made before the earlier is deleted.
//
// No test server of Facebook's exists; the tests' is written after the
// documentation, and says nothing about Facebook itself.
//
// https://developers.facebook.com/docs/pages-api/posts,
// https://developers.facebook.com/docs/graph-api/reference/page/photos/,
// https://developers.facebook.com/docs/graph-api/guides/error-handling,
// https://developers.facebook.com/docs/graph-api/overview/rate-limiting
package facebook
