package push

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

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

// openVAPID reads a key's file, and makes it where there is none. Two processes
// that start at once use the same key: a file appears whole, or not at all.
func openVAPID(file string) (vapid, error) {
	text, err := run.LoadSecret("vapid_key", run.Secret{}, file)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeVAPID(file); err != nil && !errors.Is(err, fs.ErrExist) {
			return vapid{}, fmt.Errorf("vapid_key_file: %w", err)
		}
		text, err = run.LoadSecret("vapid_key", run.Secret{}, file)
	}
	if err != nil {
		return vapid{}, err
	}
	k, err := readVAPID(text)
	if err != nil {
		return k, fmt.Errorf("vapid_key_file: %s: %w", file, err)
	}
	return k, nil
}

func makeVAPID(file string) error {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".vapid-*") // 0600
	if err != nil {
		return err
	}
	_, err = f.WriteString(base64.RawURLEncoding.EncodeToString(key.Bytes()) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Link(f.Name(), file) // fails when it exists
	}
	return errors.Join(err, os.Remove(f.Name()))
}
