// Package keyfile keeps the keys and secrets that an installation makes for
// itself.
//
// In: the path of a file, and what makes its content. Out: what the file holds.
//
// Guarantees: a file appears whole or not at all, mode 0600, and over no other but
// by Replace: of several processes that begin at once, all have the first one's. A disk that
// is full leaves nothing behind; an empty file, as such a disk left it before,
// is an error that names it.
package keyfile
