package registry

import (
	"errors"
	"fmt"
	"strings"
)

// Key is the tokens that name a value under its repository's prefix, the
// widest first: Key{"33063", "meteo"}. A token may be any text but the empty
// one.
type Key []string

// String returns the key as it is stored, without its prefix.
func (k Key) String() string {
	tokens := make([]string, len(k))
	for i, t := range k {
		tokens[i] = EncodeToken(t)
	}
	return strings.Join(tokens, ".")
}

// MaxKeyBytes bounds a stored key, prefix included: a subject must fit, with
// its bucket's name, in the 4,096 bytes of a NATS control line.
const MaxKeyBytes = 1024

const hexDigits = "0123456789ABCDEF"

// plain reports whether c is stored as it is. NATS allows - / _ = . and
// letters and digits in a key; the dot separates tokens and = escapes.
func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '-' || c == '_' || c == '/'
}

// EncodeToken writes any text with the characters NATS allows in a key: a byte
// that is not allowed becomes = and two hexadecimal digits, as in
// quoted-printable (RFC 2045, 6.7). DecodeToken reverses it.
func EncodeToken(s string) string {
	escaped := 0
	for i := 0; i < len(s); i++ {
		if !plain(s[i]) {
			escaped++
		}
	}
	if escaped == 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 2*escaped)
	for i := 0; i < len(s); i++ {
		if c := s[i]; plain(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'=', hexDigits[c>>4], hexDigits[c&15]})
		}
	}
	return b.String()
}

// DecodeToken reverses EncodeToken. A token that EncodeToken does not write is
// an error, so that a value has one key only.
func DecodeToken(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case plain(c):
			b.WriteByte(c)
		case c == '=' && i+2 < len(s):
			hi, lo := strings.IndexByte(hexDigits, s[i+1]), strings.IndexByte(hexDigits, s[i+2])
			if hi < 0 || lo < 0 || plain(byte(hi<<4|lo)) {
				return "", fmt.Errorf("registry: key token %q: bad escape at byte %d", s, i)
			}
			b.WriteByte(byte(hi<<4 | lo))
			i += 2
		default:
			return "", fmt.Errorf("registry: key token %q: byte %d is not allowed", s, i)
		}
	}
	if b.Len() == 0 {
		return "", errors.New("registry: empty key token")
	}
	return b.String(), nil
}

// JoinKey returns the stored key of tokens under prefix.
func JoinKey(prefix string, tokens ...string) (string, error) {
	if len(tokens) == 0 {
		return "", fmt.Errorf("registry: %s: a key needs at least one token", prefix)
	}
	for i, t := range tokens {
		if t == "" {
			return "", fmt.Errorf("registry: %s: token %d of the key is empty", prefix, i+1)
		}
	}
	key := prefix + "." + Key(tokens).String()
	if len(key) > MaxKeyBytes {
		return "", fmt.Errorf("registry: %s: key of %d bytes, %d allowed", prefix, len(key), MaxKeyBytes)
	}
	return key, nil
}

// SplitKey reverses JoinKey.
func SplitKey(prefix, stored string) (Key, error) {
	rest, ok := strings.CutPrefix(stored, prefix+".")
	if !ok {
		return nil, fmt.Errorf("registry: key %q is not under %s", stored, prefix)
	}
	parts := strings.Split(rest, ".")
	key := make(Key, len(parts))
	for i, p := range parts {
		t, err := DecodeToken(p)
		if err != nil {
			return nil, fmt.Errorf("registry: key %q: %w", stored, err)
		}
		key[i] = t
	}
	return key, nil
}
