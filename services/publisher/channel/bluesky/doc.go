// Package bluesky is the channel of kind bluesky: posts of one account of the
// AT Protocol.
//
// In: publications. Out: app.bsky.feed.post records with facets, the language
// and a card of the publication's page. The record key is a TID derived from
// the publication and its revision, so that putRecord twice is one post. A
// correction is a post of its own, put before the earlier one is deleted: the
// network's AppView does not show an edited record. A withdrawal deletes.
//
// Guarantees: a text is at most 300 grapheme clusters and 3,000 bytes; facets
// are in bytes of UTF-8; sessions are kept and refreshed, for they are counted
// (https://docs.bsky.app/docs/advanced-guides/rate-limits: 30 in 5 minutes, 300
// a day); waits follow RateLimit-Reset; a lost answer is looked for by its key.
// The account's password is an app password. A picture replaces the page's
// card, and each post of a thread has a key of its own.
//
// https://atproto.com/lexicons/app-bsky-feed#appbskyfeedpost,
// https://docs.bsky.app/docs/advanced-guides/post-richtext,
// https://docs.bsky.app/docs/api/com-atproto-repo-upload-blob,
// https://atproto.com/specs/tid,
// https://docs.bsky.app/docs/api/com-atproto-repo-put-record
package bluesky
