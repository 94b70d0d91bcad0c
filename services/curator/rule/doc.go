// Package rule decides which messages go to which streams.
//
// In: a stream, its authority with those it belongs to, and a message. Out:
// yes or no. It is pure: same input, same answer, no clock and no network.
//
// Within a rule, an empty list does not narrow; lists are joined by and, the
// values of one by or. A rule without authorities takes the messages of the
// stream's own authority and of those it belongs to: what an intercommunality
// says flows to its communes, where a moderator decides.
package rule
