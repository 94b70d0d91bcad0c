package impact

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	keyBytes    = 32
	minKeyBytes = 16
)

// hmacKey reads the key of the HMAC of subscriber IDs, or makes it in KeysDir.
func hmacKey(cfg Config) ([]byte, error) {
	if cfg.HMACKeyFile != "" {
		key, err := os.ReadFile(cfg.HMACKeyFile)
		if err != nil {
			return nil, fmt.Errorf("impact: hmac_key_file: %w", err)
		}
		if len(key) < minKeyBytes {
			return nil, fmt.Errorf("impact: hmac_key_file: %s: %d bytes, at least %d expected", cfg.HMACKeyFile, len(key), minKeyBytes)
		}
		return key, nil
	}
	if cfg.KeysDir == "" {
		return nil, errors.New("impact: keys_dir: required, or hmac_key_file")
	}
	path := filepath.Join(cfg.KeysDir, "impact.key")
	key, err := os.ReadFile(path)
	switch {
	case err == nil && len(key) != keyBytes:
		return nil, fmt.Errorf("impact: %s: %d bytes, %d expected", path, len(key), keyBytes)
	case err == nil:
		return key, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("impact: key: %w", err)
	}
	return makeKey(path)
}

// makeKey writes a new key; of two programs that do, the first one's is kept.
func makeKey(path string) ([]byte, error) {
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // never fails: crypto/rand aborts the program instead
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("impact: key: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "impact.key-")
	if err != nil {
		return nil, fmt.Errorf("impact: key: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(key)
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return nil, fmt.Errorf("impact: key: %w", err)
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("impact: key: %w", err)
	}
	return os.ReadFile(path)
}
