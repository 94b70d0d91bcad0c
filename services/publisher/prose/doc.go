// Package prose knows how a short text is read, in French first: where it may
// be cut, where its sentences end, and which days, hours and places it says
// already.
//
// In: plain text, with or without the non-breaking spaces of French typography.
// Out: beginnings of it, and what is left to be said.
//
// Guaranteed: pure and deterministic; valid UTF-8 stays valid. Functions are
// safe for concurrent use.
package prose
