// Package vault keeps the contacts of subscribers: telephone numbers, e-mail
// addresses and push endpoints. They live here and nowhere else.
//
// In comes an address, once, with what its owner consented to. Out goes the
// address again, only from Open, for one delivery; everything else deals in
// opaque subscriber IDs ("s" and 13 letters or digits) and ordinals, dense
// numbers for bitmaps.
//
// How a contact is kept: each subscriber has a random 256-bit key; his
// addresses are sealed with it (AES-256-GCM, bound to the subscriber and the
// kind), and it is itself wrapped (AES-256-GCM) by a key derived (HKDF-SHA256,
// RFC 5869) from the master key, which is in a file outside the store. An
// address is found again by its HMAC-SHA256 under another derived key, so that
// a second subscription of the same address finds the same subscriber.
//
// One record of the key-value bucket is a subscriber with all his
// subscriptions (sub.<id>), changed by compare-and-set; one more leads from
// the HMAC to him (contact.<hmac>). Erase purges both with the wrapped key: no
// copy of the address can be read afterwards, not even in a backup of the
// store made later. A backup made before keeps the wrapped key for as long as
// it is itself kept.
//
// In memory is a compact read model, kept by watching: sealed bytes only,
// under 200 bytes a subscriber besides them.
package vault
