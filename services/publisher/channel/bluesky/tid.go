package bluesky

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
)

// sortable is the alphabet of https://atproto.com/specs/tid
const sortable = "234567abcdefghijklmnopqrstuvwxyz"

const (
	// tidEpoch is 2023-01-01 UTC in microseconds: a key is a moment of the past.
	tidEpoch = 1_672_531_200_000_000
	// tidSpan is 2^45 microseconds, a little over a year: with the 10 bits of the
	// clock, 55 bits of the publication's hash are in a key.
	tidSpan = 1 << 45
)

// TID is the record key of a publication's revision: always the same.
func TID(publication string, revision int) string {
	sum := sha256.Sum256([]byte(publication + "." + strconv.Itoa(revision)))
	n := binary.BigEndian.Uint64(sum[:])
	v := (tidEpoch+n%tidSpan)<<10 | (n>>45)&1023
	var key [13]byte
	for i := 12; i >= 0; i-- {
		key[i] = sortable[v&31]
		v >>= 5
	}
	return string(key[:])
}

// partTID is the key of what follows a post in its thread.
func partTID(publication string, revision, part int) string {
	return TID(publication+"."+strconv.Itoa(revision), part)
}
