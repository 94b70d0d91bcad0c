// Package slack is the channel of kind slack: posts in a Slack channel, for the
// officers' and agents' own teams.
//
// In: publications. Out: messages in blocks, edited (chat.update) and deleted
// (chat.delete) with their publication.
//
// Guarantees: each message carries its delivery as metadata, by which a post
// whose answer was lost is found again (Reconcile); rate limits are taken from
// Retry-After.
//
// https://docs.slack.dev/reference/methods/chat.postMessage,
// https://docs.slack.dev/apis/web-api/rate-limits
package slack
