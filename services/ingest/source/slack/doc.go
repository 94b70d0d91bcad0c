// Package slack receives what officers write in their team's Slack workspace.
//
// In: the Events API and a slash command, both posted to
// /hooks/<authority>/<source>. Out: one record.Entry a message of a channel that
// the source names, or a command; its first line is the title. A message edited is
// a new revision, one deleted is withdrawn; answers in a thread, bots and other
// channels are passed over.
//
//	/annonce Marché déplacé | Place de l'Église, samedi.
//	/annonce urgent Fuite d'eau rue des Érables
//
// Guaranteed: nothing is read before Slack's signature is found right, over a
// timestamp of less than five minutes; an event that Slack sends again
// (X-Slack-Retry-Num) is told by its identifier and changes nothing; Slack is
// answered once the message is on the bus, and asks again where it is not.
//
// docs.slack.dev/apis/events-api, docs.slack.dev/authentication/verifying-requests-from-slack.
package slack
