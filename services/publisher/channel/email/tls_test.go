package email_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
)

// trusted is what the tests' process trusts, as a machine does its authorities.
var trusted pair

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "email")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if trusted, err = certificate(dir, "localhost"); err != nil {
		panic(err)
	}
	if err := os.Setenv("SSL_CERT_FILE", trusted.cert); err != nil {
		panic(err)
	}
	return m.Run()
}

// pair is the files of a certificate and its key.
type pair struct{ cert, key string }

func certificate(dir, name string) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		return pair{}, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return pair{}, err
	}
	p := pair{filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")}
	if err := os.WriteFile(p.cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		return pair{}, err
	}
	return p, os.WriteFile(p.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600)
}

// at is the address of a local server by its certificate's name.
func at(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return net.JoinHostPort("localhost", port)
}

func encrypted(mode string) string {
	return "tls: " + mode + "\nusername: mairie\npassword: secret"
}

func TestMailIsEncrypted(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"starttls", "implicit"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			peer := newMailbox(t, mode, trusted.cert, trusted.key)
			c := newChannel(t, at(peer.addr), encrypted(mode))
			if r := send(t, c, delivery(t, c), "anna@example.org")[0]; r.Outcome.Kind != events.Done {
				t.Errorf("%+v", r)
			}
			eventstest.Eventually(t, func() bool { return len(peer.mails()) == 1 }, 30*time.Second, "the mail is not there")
		})
	}
}

// A certificate that is not the server's, and a server that does not encrypt, get
// no mail and no password.
func TestMailIsNotSentInClear(t *testing.T) {
	t.Parallel()
	stranger, err := certificate(t.TempDir(), "localhost")
	if err != nil {
		t.Fatal(err)
	}
	for mode, peer := range map[string]*mailbox{
		"starttls": newMailbox(t, "starttls", stranger.cert, stranger.key),
		"implicit": newMailbox(t, "implicit", stranger.cert, stranger.key),
	} {
		c := newChannel(t, at(peer.addr), encrypted(mode))
		r := send(t, c, delivery(t, c), "anna@example.org")[0]
		if !r.Retry() || r.Outcome.Reason != events.ReasonTLS || len(peer.mails()) != 0 {
			t.Errorf("%s: %+v", mode, r)
		}
	}
	clear := newMailbox(t)
	c := newChannel(t, at(clear.addr), encrypted("starttls"))
	if r := send(t, c, delivery(t, c), "anna@example.org")[0]; !r.Retry() || len(clear.mails()) != 0 {
		t.Errorf("in clear: %+v", r)
	}
}

// A server that offers STARTTLS on an encrypted connection is not taken at its
// word.
func TestImplicitTLSIsEnough(t *testing.T) {
	t.Parallel()
	cert, err := tls.LoadX509KeyPair(trusted.cert, trusted.key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}}) //nolint:gosec // a test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		lines, writing := bufio.NewScanner(conn), false
		say := func(text string) { _, _ = fmt.Fprint(conn, text+"\r\n") }
		say("220 mail.example")
		for lines.Scan() {
			switch line := lines.Text(); {
			case strings.HasPrefix(line, "EHLO"):
				say("250-mail.example\r\n250-STARTTLS\r\n250 AUTH LOGIN PLAIN")
			case line == "STARTTLS":
				say("503 5.5.1 already")
			case strings.HasPrefix(line, "AUTH"):
				say("235 2.7.0 welcome")
			case line == "DATA":
				writing = true
				say("354 go on")
			case line == ".":
				writing = false
				say("250 2.0.0 taken")
			case !writing:
				say("250 2.1.0 ok")
			}
		}
	}()
	c := newChannel(t, at(l.Addr().String()), encrypted("implicit"))
	if r := send(t, c, delivery(t, c), "anna@example.org")[0]; r.Outcome.Kind != events.Done {
		t.Errorf("%+v", r)
	}
}
