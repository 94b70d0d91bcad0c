package impact

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/crieur/crieur/events/keyfile"
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
	key, err := keyfile.Keep(path, func() ([]byte, error) {
		key := make([]byte, keyBytes)
		_, _ = rand.Read(key) // never fails: crypto/rand aborts the program instead
		return key, nil
	})
	if err != nil {
		return nil, fmt.Errorf("impact: key: %w", err)
	}
	if len(key) != keyBytes {
		return nil, fmt.Errorf("impact: %s: %d bytes, %d expected", path, len(key), keyBytes)
	}
	return key, nil
}
