package vault

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"strconv"
)

// Purpose is what a token lets its bearer do. Each has a MAC of its own: a
// token of one is nothing to another.
type Purpose string

// The purposes.
const (
	// Leave ends one stream on one kind of channel. Its token has 16
	// characters, so that an SMS stays short: 64 bits of MAC.
	Leave Purpose = "leave"
	// Manage opens the preferences page: 96 bits.
	Manage Purpose = "manage"
	// Enter leads to the page where a code is entered: 96 bits.
	Enter Purpose = "enter"
)

func (p Purpose) tagBytes() int {
	if p == Leave {
		return 8
	}
	return 12
}

// Token is a purpose's token for a subscriber. bind narrows it, without making
// it longer: the stream and kind that Leave is for.
func (m *Master) Token(p Purpose, ordinal uint32, bind ...string) string {
	tag := m.tag(p, ordinal, bind)
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint32(tag, ordinal^m.hide(tag)))
}

// ReadToken returns the subscriber a token claims to be of, and a check of the
// claim for what it may be bound to.
func (m *Master) ReadToken(p Purpose, token string) (ordinal uint32, check func(bind ...string) bool, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != p.tagBytes()+4 {
		return 0, nil, false
	}
	tag := raw[:p.tagBytes()]
	ordinal = binary.BigEndian.Uint32(raw[len(tag):]) ^ m.hide(tag)
	return ordinal, func(bind ...string) bool {
		return subtle.ConstantTimeCompare(tag, m.tag(p, ordinal, bind)) == 1
	}, true
}

func (m *Master) tag(p Purpose, ordinal uint32, bind []string) []byte {
	var few [4]string
	parts := append(append(few[:0], string(p), strconv.FormatUint(uint64(ordinal), 10)), bind...)
	return m.token.sum(parts...)[:p.tagBytes():p.tagBytes()]
}

// hide covers the ordinal, which would tell how many subscribers there are.
func (m *Master) hide(tag []byte) uint32 {
	return binary.BigEndian.Uint32(m.mask.sum(string(tag)))
}
