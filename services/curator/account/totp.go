package account

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6238's, and the only one all authenticators know
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

// The parameters every authenticator takes for granted (RFC 6238).
const (
	period      = 30 * time.Second
	secretBytes = 20
	modulus     = 1_000_000
	drift       = 1 // steps of a clock that is early or late
)

// NewSecret returns a TOTP secret.
func NewSecret() []byte {
	secret := make([]byte, secretBytes)
	_, _ = rand.Read(secret) // never fails: crypto/rand aborts the program instead
	return secret
}

// Text is a secret as it is typed into an authenticator.
func Text(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// URI is a secret as an authenticator reads it from a link
// (github.com/google/google-authenticator/wiki/Key-Uri-Format).
func URI(secret []byte, issuer, officer string) string {
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + officer}
	u.RawQuery = url.Values{"secret": {Text(secret)}, "issuer": {issuer}}.Encode()
	return u.String()
}

// CheckCode reports whether code is that of a secret at a time, and of which
// step: it must be after last, the step of the last code accepted.
func CheckCode(secret []byte, code string, now time.Time, last int64) (step int64, ok bool) {
	current := now.Unix() / int64(period/time.Second)
	for s := current - drift; s <= current+drift; s++ {
		if s > last && subtle.ConstantTimeCompare([]byte(Code(secret, s)), []byte(code)) == 1 {
			step, ok = s, true
		}
	}
	return step, ok
}

// Code is the code of a step, six digits (RFC 4226, 5.3).
func Code(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step))
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[offset:])&0x7fffffff)%modulus)
}

// Step is the step of a time.
func Step(t time.Time) int64 { return t.Unix() / int64(period/time.Second) }

// Box seals secrets with the console's master key, 32 bytes. The officer's ID
// is bound in: a sealed secret moved to another account opens nothing.
type Box struct{ aead cipher.AEAD }

// NewBox returns the box of a key.
func NewBox(key []byte) (Box, error) {
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return Box{}, fmt.Errorf("account: key: %w", err)
	}
	return Box{aead}, nil
}

// Seal returns a secret that only Open can read.
func (b Box) Seal(secret []byte, officer string) []byte {
	nonce := make([]byte, b.aead.NonceSize(), b.aead.NonceSize()+len(secret)+b.aead.Overhead())
	_, _ = rand.Read(nonce) // never fails: crypto/rand aborts the program instead
	return b.aead.Seal(nonce, nonce, secret, []byte(officer))
}

// Open reads a sealed secret.
func (b Box) Open(sealed []byte, officer string) ([]byte, error) {
	n := b.aead.NonceSize()
	if len(sealed) < n {
		return nil, errors.New("account: sealed secret: too short")
	}
	secret, err := b.aead.Open(nil, sealed[:n], sealed[n:], []byte(officer))
	if err != nil {
		return nil, errors.New("account: sealed secret: made by another key or for another officer")
	}
	return secret, nil
}
