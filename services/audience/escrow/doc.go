// Package escrow is a copy of the vault that can be kept elsewhere, and put
// back.
//
// In comes the vault's bucket, its master key and a passphrase. Out goes a file
// of JSON lines: a head with the master key, sealed (AES-256-GCM) by a key
// derived from the passphrase (argon2id, RFC 9106), every entry of the bucket as
// it is stored, its contacts sealed as they are there, and an end with their
// number and an HMAC-SHA256 of all the lines before it, keyed by the master key.
//
// Guarantees: whoever has the file and not the passphrase learns how many
// subscribers there are and what they chose, and not one contact. Restore
// writes nothing from a file that was cut or changed. It overwrites nothing: an
// entry that the bucket has is newer. Who was erased since is not brought back,
// as far as the bucket remembers it: a copy that outlives an erasure must not
// outlive the time promised to residents (RGPD, art. 17).
package escrow
