// Package account is how officers prove who they are with a local account: a
// password kept as argon2id (RFC 9106) in PHC string form, and a time-based
// one-time code (RFC 6238).
//
// Guarantees: comparing takes the same time whether the account exists or not;
// a code is good once; nothing here prints a password, a hash or a secret.
package account
