package vault

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash"
	"strings"
	"sync"

	"github.com/crieur/crieur/events/keyfile"
)

const keyBytes = 32

// Master is the master key's derivatives. It prints nothing and, once
// Vault.Check was called, is immutable and safe for concurrent use.
type Master struct {
	wrap                       cipher.AEAD
	lookup, token, mask, check *hasher
	page, escrow               []byte
	secret                     []byte
	made                       string // the file, where the key was made just now
}

// String implements fmt.Stringer: a key is never printed.
func (*Master) String() string { return "[redacted]" }

// LoadMaster reads the master key of a file: 32 bytes in base64. With create,
// a file that does not exist is made with mode 0600 and a random key.
func LoadMaster(file string, create bool) (*Master, error) {
	var fresh func() ([]byte, error)
	made := ""
	if create {
		fresh = func() ([]byte, error) {
			made = file
			secret := make([]byte, keyBytes)
			_, _ = rand.Read(secret) // never fails (crypto/rand)
			return inFile(secret), nil
		}
	}
	body, err := keyfile.Keep(file, fresh)
	if err != nil {
		return nil, fmt.Errorf("vault: master_key_file: %w", err)
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(body)))
	if err != nil || len(secret) != keyBytes {
		return nil, fmt.Errorf("vault: master_key_file: %s: is not %d bytes in base64", file, keyBytes)
	}
	m, err := NewMaster(secret)
	if err == nil {
		m.made = made
	}
	return m, err
}

// Save writes the key to a file that does not exist yet, with mode 0600:
// fs.ErrExist when there is another.
func (m *Master) Save(file string) error {
	if err := keyfile.Create(file, inFile(m.secret)); err != nil {
		return fmt.Errorf("vault: master_key_file: %w", err)
	}
	return nil
}

func inFile(secret []byte) []byte {
	return []byte(base64.StdEncoding.EncodeToString(secret) + "\n")
}

// NewMaster derives the keys of a 32-byte secret.
func NewMaster(secret []byte) (*Master, error) {
	if len(secret) != keyBytes {
		return nil, fmt.Errorf("vault: master key of %d bytes, %d wanted", len(secret), keyBytes)
	}
	m := &Master{secret: bytes.Clone(secret)}
	var wrap, lookup, token, mask, check []byte
	for info, key := range map[string]*[]byte{
		"crieur vault wrap 1": &wrap, "crieur vault lookup 1": &lookup, "crieur vault token 1": &token,
		"crieur vault mask 1": &mask, "crieur vault check 1": &check, "crieur portal page 1": &m.page,
		"crieur vault escrow 1": &m.escrow,
	} {
		derived, err := hkdf.Key(sha256.New, secret, nil, info, keyBytes)
		if err != nil {
			return nil, fmt.Errorf("vault: derive: %w", err)
		}
		*key = derived
	}
	m.lookup, m.token, m.mask, m.check = newHasher(lookup), newHasher(token), newHasher(mask), newHasher(check)
	var err error
	m.wrap, err = newAEAD(wrap)
	return m, err
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// PageKey signs the portal's cookies.
func (m *Master) PageKey() []byte { return m.page }

// EscrowKey authenticates copies of the vault.
func (m *Master) EscrowKey() []byte { return m.escrow }

// Secret is the key itself, for package escrow and nobody else.
func (m *Master) Secret() []byte { return bytes.Clone(m.secret) }

// Fingerprint tells one master key from another without telling anything of it.
func (m *Master) Fingerprint() string { return encode(m.check.sum("fingerprint")[:16]) }

// Lookup is the name under which an address of an authority is found again.
func (m *Master) Lookup(authority, kind, normalised string) string {
	return encode(m.lookup.sum(authority, kind, normalised)[:20])
}

// Digest is a keyed hash of parts, for what must be compared and not kept:
// confirmation codes.
func (m *Master) Digest(parts ...string) []byte { return m.check.sum(parts...) }

// hasher is HMAC-SHA256 under one key, over parts with their lengths. It keeps
// states that have taken the key in: that is half of the work on a short text.
type hasher struct{ states sync.Pool }

type hashState struct {
	h    hash.Hash
	text []byte
}

func newHasher(key []byte) *hasher {
	return &hasher{sync.Pool{New: func() any { return &hashState{h: hmac.New(sha256.New, key)} }}}
}

func (k *hasher) sum(parts ...string) []byte {
	s := k.states.Get().(*hashState)
	defer k.states.Put(s)
	s.text = s.text[:0]
	for _, p := range parts {
		s.text = append(binary.BigEndian.AppendUint64(s.text, uint64(len(p))), p...)
	}
	s.h.Reset()
	s.h.Write(s.text)
	clear(s.text) // it may be an address
	return s.h.Sum(nil)
}

// newKey returns a subscriber's key, and the same wrapped for him.
func (m *Master) newKey(id string) (key, wrapped []byte) {
	key = make([]byte, keyBytes)
	_, _ = rand.Read(key)
	return key, m.wrap.Seal(nil, nil, key, []byte("key "+id))
}

func (m *Master) unwrap(id string, wrapped []byte) ([]byte, error) {
	key, err := m.wrap.Open(nil, nil, wrapped, []byte("key "+id))
	if err != nil {
		return nil, fmt.Errorf("vault: subscriber %s: key: %w", id, err)
	}
	return key, nil
}

// sealFor seals an address for a subscriber, with a new key where he has none.
func (m *Master) sealFor(r *Record, kind, address string) (sealed []byte, err error) {
	var key []byte
	if len(r.Key) == 0 {
		key, r.Key = m.newKey(r.ID)
	} else if key, err = m.unwrap(r.ID, r.Key); err != nil {
		return nil, err
	}
	return seal(key, r.ID, kind, address)
}

func seal(key []byte, id, kind, address string) ([]byte, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, []byte(address), []byte(id+" "+kind)), nil
}

func open(key []byte, id, kind string, sealed []byte) (string, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return "", err
	}
	address, err := aead.Open(nil, nil, sealed, []byte(id+" "+kind))
	if err != nil {
		return "", fmt.Errorf("vault: subscriber %s: %s contact: %w", id, kind, err)
	}
	return string(address), nil
}

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func encode(b []byte) string { return encoding.EncodeToString(b) }

// newID returns a random subscriber ID: "s" and 64 bits in base 32.
func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return formatID(binary.BigEndian.Uint64(b[:]))
}

func formatID(n uint64) string {
	return "s" + encode(binary.BigEndian.AppendUint64(nil, n))
}

// parseID reverses formatID.
func parseID(id string) (uint64, bool) {
	if len(id) != 14 || id[0] != 's' {
		return 0, false
	}
	b, err := encoding.DecodeString(id[1:])
	if err != nil || len(b) != 8 {
		return 0, false
	}
	n := binary.BigEndian.Uint64(b)
	return n, formatID(n) == id
}
