// Package mastodon is the channel of kind mastodon: statuses of one account on
// a Mastodon server, or one that speaks its API.
//
// In: publications. Out: statuses, edited (PUT) and deleted with their
// publication.
//
// Guarantees: a status is within what its server takes, 500 characters where a
// link counts 23 until the server has told (api/v2/instance, once a day); what
// a source writes mentions nobody; the topic is its hashtag. Each attempt at the
// same delivery has the same Idempotency-Key, which Mastodon honours for an hour
// (other servers may not, so that a lost answer stays ambiguous and is looked
// for among our own statuses); waits follow Retry-After and X-RateLimit-Reset;
// the token follows no redirect. A thread stands whole or not at all: its first
// status is found again by its link and the others by their number, so that
// what a lost answer or a crash left out is completed, and nothing is doubled.
//
// https://docs.joinmastodon.org/methods/statuses/,
// https://docs.joinmastodon.org/methods/media/#v2,
// https://docs.joinmastodon.org/methods/instance/,
// https://docs.joinmastodon.org/api/rate-limits/
package mastodon
