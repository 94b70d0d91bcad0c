package events

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
)

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewID derives an identifier from its parts: 26 lower-case letters and
// digits, 128 bits of SHA-256. Parts are length-prefixed, so ("ab","c") and
// ("a","bc") differ. The same parts always give the same identifier: that is
// what makes a second fetch, a second plan or a second send harmless.
func NewID(parts ...string) string {
	h := sha256.New()
	var n [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return idEncoding.EncodeToString(h.Sum(nil)[:16])
}
