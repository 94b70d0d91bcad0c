package seal

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/keyfile"
)

// Sealer signs and verifies. It is safe for concurrent use and prints nothing
// of its key.
type Sealer struct {
	key ed25519.PrivateKey
	id  string
}

// String implements fmt.Stringer.
func (s *Sealer) String() string { return "seal " + s.id }

// Load reads an Ed25519 key in PKCS #8 PEM. With create, a file that does not
// exist is made, mode 0600.
func Load(file string, create bool) (*Sealer, error) {
	var fresh func() ([]byte, error)
	if create {
		fresh = newKey
	}
	body, err := keyfile.Keep(file, fresh)
	if err != nil {
		return nil, fmt.Errorf("seal: seal_key_file: %w", err)
	}
	block, _ := pem.Decode(body)
	if block == nil {
		return nil, fmt.Errorf("seal: seal_key_file: %s: is not PEM", file)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("seal: seal_key_file: %s: is not an Ed25519 key", file)
	}
	return New(key), nil
}

func newKey() ([]byte, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// New returns the sealer of a key.
func New(key ed25519.PrivateKey) *Sealer {
	public, _ := key.Public().(ed25519.PublicKey)
	sum := sha256.Sum256(public)
	return &Sealer{key: key, id: hex.EncodeToString(sum[:8])}
}

// Document is what a seal covers.
type Document struct {
	ID        string    `json:"id"`
	Revision  int       `json:"revision"`
	Authority string    `json:"authority"` // its name
	Title     string    `json:"title"`
	Text      string    `json:"text"`
	State     string    `json:"state"` // published, corrected or cancelled
	Class     string    `json:"class"`
	Approved  time.Time `json:"approvedAt"`
	Expires   time.Time `json:"expires"`
	Page      string    `json:"page"`
}

// Sealed is a document with its proof, as served and as verified.
type Sealed struct {
	Document  json.RawMessage `json:"document"` // canonical
	Algorithm string          `json:"algorithm"`
	Key       string          `json:"key"`
	Signature string          `json:"signature"` // base64url
}

// algorithm names RFC 8032's pure Ed25519.
const algorithm = "Ed25519"

// Of makes the document of a publication.
func Of(p events.Publication, authority, page string) Document {
	d := Document{
		ID: p.ID, Revision: p.Revision, Authority: authority, Title: p.Content.Title, Text: p.Content.Text,
		State: "published", Class: string(p.Class), Approved: p.At.UTC(), Expires: p.Expires.UTC(), Page: page,
	}
	switch {
	case p.MsgType == events.MsgCancel:
		d.State = "cancelled"
	case p.Revision > 1:
		d.State = "corrected"
	}
	return d
}

// Seal signs a document.
func (s *Sealer) Seal(d Document) (Sealed, error) {
	body, err := json.Marshal(d)
	if err == nil {
		body, err = Canonical(body)
	}
	if err != nil {
		return Sealed{}, fmt.Errorf("seal: %w", err)
	}
	return Sealed{
		Document: body, Algorithm: algorithm, Key: s.id,
		Signature: base64.RawURLEncoding.EncodeToString(ed25519.Sign(s.key, body)),
	}, nil
}

// The errors of Verify.
var (
	ErrForm   = errors.New("seal: not a sealed document")
	ErrKey    = errors.New("seal: signed by another key")
	ErrForged = errors.New("seal: the signature does not match the document")
)

// Verify checks a sealed document given as JSON, however it is laid out.
func (s *Sealer) Verify(body []byte) (Document, error) {
	var sealed Sealed
	var d Document
	if json.Unmarshal(body, &sealed) != nil || sealed.Algorithm != algorithm || json.Unmarshal(sealed.Document, &d) != nil {
		return d, ErrForm
	}
	if sealed.Key != s.id {
		return d, ErrKey
	}
	signature, err := base64.RawURLEncoding.DecodeString(sealed.Signature)
	canonical, bad := Canonical(sealed.Document)
	if err != nil || bad != nil {
		return d, ErrForm
	}
	public, _ := s.key.Public().(ed25519.PublicKey)
	if !ed25519.Verify(public, canonical, signature) {
		return d, ErrForged
	}
	return d, nil
}

// Canonical writes JSON in one form only: keys sorted, no space, characters as
// they are. Numbers keep their text: documents here have whole ones only.
func Canonical(body []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("seal: canonical: %w", err)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("seal: canonical: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// PublicKey is a key as /.well-known/crieur.json shows it: a JSON Web Key
// (RFC 8037).
type PublicKey struct {
	Kid string `json:"kid"`
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Use string `json:"use"`
}

// Public returns the public key.
func (s *Sealer) Public() PublicKey {
	public, _ := s.key.Public().(ed25519.PublicKey)
	return PublicKey{Kid: s.id, Kty: "OKP", Crv: algorithm, X: base64.RawURLEncoding.EncodeToString(public), Use: "sig"}
}
