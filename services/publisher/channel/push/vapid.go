package push

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/crieur/crieur/events/keyfile"
	"github.com/crieur/crieur/events/run"
)

// vapid is the key of RFC 8292, in the form of browsers: base64url without
// padding.
type vapid struct {
	private run.Secret // 32 bytes
	public  string     // uncompressed point, 65 bytes
}

// readVAPID reads the text of a private key.
func readVAPID(text run.Secret) (vapid, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text.Reveal())
	if err != nil {
		return vapid{}, errors.New("must be 32 bytes in base64url")
	}
	key, err := ecdh.P256().NewPrivateKey(raw)
	if err != nil {
		return vapid{}, errors.New("is not a key of the curve P-256")
	}
	return vapid{private: text, public: base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes())}, nil
}

// openVAPID reads a key's file, and makes it where there is none.
func openVAPID(file string) (vapid, error) {
	body, err := keyfile.Keep(file, newVAPID)
	if err != nil {
		return vapid{}, fmt.Errorf("vapid_key_file: %w", err)
	}
	k, err := readVAPID(run.NewSecret(strings.TrimSpace(string(body))))
	if err != nil {
		return k, fmt.Errorf("vapid_key_file: %s: %w", file, err)
	}
	return k, nil
}

func newVAPID() ([]byte, error) {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return []byte(base64.RawURLEncoding.EncodeToString(key.Bytes()) + "\n"), nil
}
