// Package seal proves a publication genuine: an Ed25519 signature (RFC 8032)
// over its canonical JSON (RFC 8785 for the values used here: objects, strings
// and whole numbers, keys sorted, nothing between them).
//
// In comes a publication. Out goes a document, its canonical form, the
// signature and the key's name. The same publication always has the same seal,
// so that none is stored. It is an electronic seal in the ordinary sense,
// never called qualified (eIDAS, art. 3(27)).
package seal
