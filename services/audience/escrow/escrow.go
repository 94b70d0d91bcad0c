package escrow

import (
	"bufio"
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/crypto/argon2"

	"github.com/crieur/crieur/services/audience/vault"
)

// The errors of Restore.
var (
	ErrFormat     = errors.New("escrow: not a copy of a vault")
	ErrPassphrase = errors.New("escrow: not the passphrase of this copy")
	ErrDamaged    = errors.New("escrow: the copy was cut or changed: nothing was restored")
)

const (
	format = "crieur-escrow/1"
	// MinPassphrase is in bytes.
	MinPassphrase = 12
	maxLine       = 4 << 20
	saltBytes     = 16
	// RFC 9106, 4: the second recommended option.
	defaultTime      = 3
	defaultMemoryKiB = 64 << 10
	defaultThreads   = 4
)

// head is the first line.
type head struct {
	Format      string    `json:"format"`
	At          time.Time `json:"at"` // UTC
	Fingerprint string    `json:"fingerprint"`
	Time        uint32    `json:"argon2idTime"`
	MemoryKiB   uint32    `json:"argon2idMemoryKiB"`
	Threads     uint8     `json:"argon2idThreads"`
	Salt        []byte    `json:"salt"`
	Key         []byte    `json:"key"` // the master key, sealed
}

// line is an entry, or the end.
type line struct {
	Key     string `json:"k,omitempty"`
	Value   []byte `json:"v,omitempty"`
	Entries int    `json:"entries,omitempty"`
	MAC     []byte `json:"mac,omitempty"`
}

// Summary tells what a copy holds, or what was restored of it.
type Summary struct {
	At          time.Time // of the copy, UTC
	Fingerprint string    // of the master key
	Subscribers int
	Entries     int
	Kept        int // of Restore: entries that the bucket had already
	Erased      int // of Restore: entries of who was erased since
}

func (h head) aead(passphrase string) (cipher.AEAD, error) {
	if h.Time < 1 || h.Time > 20 || h.MemoryKiB < 8 || h.MemoryKiB > 1<<20 || h.Threads < 1 || len(h.Salt) < saltBytes {
		return nil, ErrFormat
	}
	block, err := aes.NewCipher(argon2.IDKey([]byte(passphrase), h.Salt, h.Time, h.MemoryKiB, h.Threads, 32))
	if err != nil {
		return nil, fmt.Errorf("escrow: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Write copies a vault to w. The passphrase has at least MinPassphrase bytes.
func Write(ctx context.Context, w io.Writer, kv jetstream.KeyValue, master *vault.Master, passphrase string, now time.Time) (Summary, error) {
	s := Summary{At: now.UTC(), Fingerprint: master.Fingerprint()}
	if len(passphrase) < MinPassphrase {
		return s, fmt.Errorf("escrow: passphrase: has %d bytes, %d at least", len(passphrase), MinPassphrase)
	}
	h := head{
		Format: format, At: s.At, Fingerprint: s.Fingerprint, Salt: make([]byte, saltBytes),
		Time: defaultTime, MemoryKiB: defaultMemoryKiB, Threads: defaultThreads,
	}
	_, _ = rand.Read(h.Salt) // never fails (crypto/rand)
	aead, err := h.aead(passphrase)
	if err != nil {
		return s, err
	}
	h.Key = aead.Seal(nil, nil, master.Secret(), []byte(format+" "+h.Fingerprint))
	mac := hmac.New(sha256.New, master.EscrowKey())
	buffered := bufio.NewWriterSize(w, 1<<20)
	out := json.NewEncoder(io.MultiWriter(buffered, mac))
	if err := out.Encode(h); err != nil {
		return s, fmt.Errorf("escrow: write: %w", err)
	}
	err = entries(ctx, kv, func(e jetstream.KeyValueEntry) error {
		if e.Operation() != jetstream.KeyValuePut {
			return nil
		}
		s.count(e.Key())
		return out.Encode(line{Key: e.Key(), Value: e.Value()})
	})
	if err != nil {
		return s, err
	}
	if err := json.NewEncoder(buffered).Encode(line{Entries: s.Entries, MAC: mac.Sum(nil)}); err != nil {
		return s, fmt.Errorf("escrow: write: %w", err)
	}
	if err := buffered.Flush(); err != nil {
		return s, fmt.Errorf("escrow: write: %w", err)
	}
	return s, nil
}

func (s *Summary) count(key string) {
	s.Entries++
	if strings.HasPrefix(key, vault.SubscriberPrefix) {
		s.Subscribers++
	}
}

// entries calls each for everything that a bucket holds and what it remembers
// of deletions.
func entries(ctx context.Context, kv jetstream.KeyValue, each func(jetstream.KeyValueEntry) error) error {
	w, err := kv.WatchAll(ctx)
	if err != nil {
		return fmt.Errorf("escrow: read: %w", err)
	}
	defer func() { _ = w.Stop() }()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e, open := <-w.Updates():
			if !open {
				return errors.New("escrow: read: the store went away")
			}
			if e == nil {
				return nil
			}
			if err := each(e); err != nil {
				return err
			}
		}
	}
}

// Open reads the master key of a copy, and checks the whole of it: ErrFormat,
// ErrPassphrase or ErrDamaged.
func Open(r io.Reader, passphrase string) (*vault.Master, Summary, error) {
	var master *vault.Master
	var mac hash.Hash
	var s Summary
	ended := false
	err := lines(r, func(n int, raw []byte) error {
		if n == 0 {
			var err error
			if master, s, err = unlock(raw, passphrase); err != nil {
				return err
			}
			mac = hmac.New(sha256.New, master.EscrowKey())
			mac.Write(raw)
			return nil
		}
		var l line
		if ended || json.Unmarshal(raw, &l) != nil {
			return ErrDamaged
		}
		if l.Key == "" {
			if ended = hmac.Equal(l.MAC, mac.Sum(nil)) && l.Entries == s.Entries; !ended {
				return ErrDamaged
			}
			return nil
		}
		mac.Write(raw)
		s.count(l.Key)
		return nil
	})
	if err == nil && !ended {
		err = ErrDamaged
	}
	return master, s, err
}

func unlock(raw []byte, passphrase string) (*vault.Master, Summary, error) {
	var h head
	if json.Unmarshal(raw, &h) != nil || h.Format != format {
		return nil, Summary{}, ErrFormat
	}
	aead, err := h.aead(passphrase)
	if err != nil {
		return nil, Summary{}, err
	}
	secret, err := aead.Open(nil, nil, h.Key, []byte(format+" "+h.Fingerprint))
	if err != nil {
		return nil, Summary{}, ErrPassphrase
	}
	master, err := vault.NewMaster(secret)
	if err != nil || master.Fingerprint() != h.Fingerprint {
		return nil, Summary{}, ErrDamaged
	}
	return master, Summary{At: h.At, Fingerprint: h.Fingerprint}, nil
}

func lines(r io.Reader, each func(n int, raw []byte) error) error {
	scan := bufio.NewScanner(r)
	scan.Buffer(make([]byte, 64<<10), maxLine)
	n := 0
	for ; scan.Scan(); n++ {
		if err := each(n, append(scan.Bytes(), '\n')); err != nil {
			return err
		}
	}
	if err := scan.Err(); err != nil {
		return fmt.Errorf("escrow: read: %w", err)
	}
	if n == 0 {
		return ErrFormat
	}
	return nil
}

// Restore checks a copy whole, then writes what the bucket lacks of it. The
// master key that it returns must be put in the key's file (vault.Master.Save)
// before the service starts.
func Restore(ctx context.Context, r io.ReadSeeker, kv jetstream.KeyValue, passphrase string) (*vault.Master, Summary, error) {
	master, whole, err := Open(r, passphrase)
	if err != nil {
		return nil, whole, err
	}
	if err := vault.New(kv, master, nil).Check(ctx); err != nil {
		return nil, whole, err
	}
	there := map[string]bool{} // true: it has a value; false: it was erased
	if err := entries(ctx, kv, func(e jetstream.KeyValueEntry) error {
		there[e.Key()] = e.Operation() == jetstream.KeyValuePut
		return nil
	}); err != nil {
		return nil, whole, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, whole, fmt.Errorf("escrow: read: %w", err)
	}
	done := Summary{At: whole.At, Fingerprint: whole.Fingerprint}
	err = lines(r, func(n int, raw []byte) error {
		var l line
		if err := json.Unmarshal(raw, &l); err != nil || n == 0 || l.Key == "" {
			return err
		}
		switch l.Key {
		case vault.FingerprintKey: // Check has seen to it
			return nil
		case vault.OrdinalKey:
			return restoreOrdinal(ctx, kv, l.Value)
		}
		if has, known := there[l.Key]; known && has {
			done.Kept++
			return nil
		} else if known {
			done.Erased++
			return nil
		}
		if _, err := kv.Create(ctx, l.Key, l.Value); err != nil {
			return fmt.Errorf("escrow: write %s: %w", l.Key, err)
		}
		done.count(l.Key)
		return nil
	})
	return master, done, err
}

// restoreOrdinal leaves the greater: a number is never given twice.
func restoreOrdinal(ctx context.Context, kv jetstream.KeyValue, value []byte) error {
	e, err := kv.Get(ctx, vault.OrdinalKey)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		_, err = kv.Create(ctx, vault.OrdinalKey, value)
	} else if err == nil && number(e.Value()) < number(value) {
		_, err = kv.Update(ctx, vault.OrdinalKey, value, e.Revision())
	}
	if err != nil {
		return fmt.Errorf("escrow: write %s: %w", vault.OrdinalKey, err)
	}
	return nil
}

func number(b []byte) uint64 {
	n, err := strconv.ParseUint(string(bytes.TrimSpace(b)), 10, 32)
	if err != nil {
		return 0
	}
	return n
}
