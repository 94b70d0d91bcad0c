// Package channel is the contract between the publisher and what it publishes
// on: SMS, mail, signs, feeds, social networks.
//
// In comes a publication; Render gives the rendition, and one of Endpoint or
// Batch carries it out. Out come results, one a recipient, each with one of the
// three outcomes of package events.
//
// Guarantees that every channel gives, and channeltest checks:
//   - Render is pure: no clock, no network, no chance; the same publication and
//     profile give the same bytes.
//   - A withdrawal says that it is one, what it was about and why, and nothing
//     else of what it takes back (Standing); a correction begins by saying so,
//     in an officer's own words too, where a channel has room for it.
//   - An error with reason ambiguous means that the provider may have accepted;
//     any other transient error means that it surely has not, so that sending
//     again is safe.
//   - Work ends when its context ends.
//   - Errors and logs carry no secret, no contact and no text of a message.
//
// A channel kind is one folder under this one (doc.go, code, example.yaml,
// testdata) and one line in publisher.Kinds.
package channel
