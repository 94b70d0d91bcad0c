package email

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/run"
)

// DKIM signs mails with the domain's key (RFC 6376, RFC 8463). Without a
// selector nothing is signed: the SMTP server may do it.
type DKIM struct {
	Domain   string     `yaml:"domain"` // default: that of from
	Selector string     `yaml:"selector"`
	Key      run.Secret `yaml:"key"` // PEM: RSA of 2,048 bits or more, or Ed25519
	KeyFile  string     `yaml:"key_file"`

	options *dkim.SignOptions
}

// minRSABits is what verifiers must accept and below which they may refuse
// (RFC 8301, 3.2).
const minRSABits = 1024

// signedFields are what a verifier shows or acts on; RFC 8058 asks for the two
// of List-Unsubscribe.
func signedFields() []string {
	return []string{
		"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
		"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted",
	}
}

func (d *DKIM) load(domain string) error {
	if d.Selector == "" {
		if d.Domain != "" || !d.Key.IsZero() || d.KeyFile != "" {
			return errors.New("selector: required")
		}
		return nil
	}
	if d.Domain == "" {
		d.Domain = domain
	}
	text, err := run.LoadSecret("key", d.Key, d.KeyFile)
	if err != nil {
		return err
	}
	signer, err := readKey([]byte(text.Reveal()))
	if err != nil {
		return fmt.Errorf("key: %w", err)
	}
	d.options = &dkim.SignOptions{
		Domain: d.Domain, Selector: d.Selector, Signer: signer, Hash: crypto.SHA256, HeaderKeys: signedFields(),
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	}
	return nil
}

func readKey(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("is not PEM")
	}
	var key any
	var err error
	if block.Type == "RSA PRIVATE KEY" {
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	} else {
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, errors.New("is neither PKCS #1 nor PKCS #8")
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() < minRSABits {
			return nil, fmt.Errorf("an RSA key of %d bits is refused everywhere: make one of 2048", k.N.BitLen())
		}
		return k, nil
	case ed25519.PrivateKey:
		return k, nil
	}
	return nil, errors.New("must be RSA or Ed25519")
}

// sign returns the message with its signature.
func (d *DKIM) sign(message []byte) ([]byte, error) {
	if d.options == nil {
		return message, nil
	}
	var out bytes.Buffer
	out.Grow(len(message) + 1024)
	if err := dkim.Sign(&out, bytes.NewReader(message), d.options); err != nil {
		return nil, events.Permanentf(events.ReasonInternal, "email: dkim: %w", err)
	}
	return out.Bytes(), nil
}
