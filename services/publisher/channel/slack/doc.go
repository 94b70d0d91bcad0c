// Package slack is the channel of kind slack: posts in a Slack channel, for the
// officers' and agents' own teams.
//
// In: publications. Out: messages in blocks, edited (chat.update) and deleted
// (chat.delete) with their publication.
//
// Guarantees: nothing of a source is a control sequence, so that no source can
// call a channel or hide a link behind words; each message carries its delivery
// as metadata, by which a post whose answer was lost is found again (Reconcile);
// rate limits are taken from Retry-After; the token follows no redirect.
//
// https://docs.slack.dev/reference/methods/chat.postMessage,
// https://docs.slack.dev/messaging/formatting-message-text,
// https://docs.slack.dev/apis/web-api/rate-limits
package slack
