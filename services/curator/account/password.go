package account

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// The cost of a hash: the second choice of RFC 9106, 4 (64 MiB), which a
// machine of two cores computes in some 100 ms.
const (
	passes      = 3
	memoryKiB   = 64 << 10
	threads     = 4
	saltBytes   = 16
	digestBytes = 32
)

// A password's length, in characters. There is no rule of composition: length
// is what counts (CNIL 2022-100, ANSSI).
const (
	MinPassword = 12
	MaxPassword = 256
)

// ErrPassword is what a password that cannot be accepted gives.
var ErrPassword = fmt.Errorf("account: a password has %d to %d characters", MinPassword, MaxPassword)

// Hash returns the PHC string of a password.
func Hash(password string) (string, error) {
	if n := utf8.RuneCountInString(password); n < MinPassword || n > MaxPassword {
		return "", ErrPassword
	}
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails: crypto/rand aborts the program instead
	digest := argon2.IDKey([]byte(password), salt, passes, memoryKiB, threads, digestBytes)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memoryKiB, passes, threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(digest)), nil
}

// errHash is what a stored hash that cannot be read gives.
var errHash = errors.New("account: the stored password hash cannot be read")

// Verify reports whether password is that of a PHC string. An empty hash takes
// the same time and answers no.
func Verify(hash, password string) (bool, error) {
	if utf8.RuneCountInString(password) > MaxPassword {
		return false, nil
	}
	if hash == "" {
		argon2.IDKey([]byte(password), make([]byte, saltBytes), passes, memoryKiB, threads, digestBytes)
		return false, nil
	}
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return false, errHash
	}
	var version int
	var m, t uint32
	var p uint8
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &m, &t, &p); err != nil || m > 1<<20 || t == 0 || t > 16 || p == 0 {
		return false, errHash
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, errHash
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) < 16 || len(want) > 64 {
		return false, errHash
	}
	got := argon2.IDKey([]byte(password), salt, t, m, p, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}
