// Package media keeps the files that sources send, and shows them to people: the
// photo of an agent, the documents attached to a mail.
//
// In: a file with its name and type as the sender gives them. Out: an address under
// /media/ that no one guesses who does not hold the file, which a message carries.
//
// Guaranteed: only what [Accepts] names is kept, and only where what it holds is what
// its name says; nothing with macros is, nor what a browser would execute (HTML,
// SVG). A document is downloaded and never shown inside the site; a calendar is kept
// without the addresses of who was invited. A file sent twice is kept once. All is
// kept in the object store [Bucket], for a year.
package media
