package cap

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
	"github.com/jonboulle/clockwork"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

const (
	signatureAbsent  = "absent"
	signatureValid   = "valid"
	signatureInvalid = "invalid"
	signatureNoKey   = "unchecked: no key is trusted"
	signatureSHA1    = "unchecked: SHA-1 proves nothing"
)

// trustOf reads certificates in PEM: those that sign, or the authorities that
// issue them.
func trustOf(text string) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	rest := []byte(text)
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, events.Permanentf(events.ReasonInvalidConfig, "cap: certificates: certificate %d cannot be read", len(certs)+1)
		}
		certs = append(certs, cert)
	}
	if len(certs) == 0 {
		return nil, events.Permanentf(events.ReasonInvalidConfig, "cap: certificates: no certificate in PEM")
	}
	return certs, nil
}

// A verifier says what the signatures of a document are worth. Where nothing is
// trusted, whoever signed is not known, but that nothing changed since is.
type verifier struct {
	trusted []*x509.Certificate
	now     time.Time
	zone    *time.Location
}

// judge sets the Signature of the alerts of a document that carry one: in the
// order in which both readers of the document meet them.
func (v verifier) judge(body []byte, records []source.Record) {
	signed := func(r source.Record) bool {
		a, ok := r.Value.(record.Alert)
		return ok && a.Signature != signatureAbsent
	}
	if !slices.ContainsFunc(records, signed) {
		return
	}
	var elements []*etree.Element
	tree := etree.NewDocument()
	if err := tree.ReadFromBytes(body); err == nil && tree.Root() != nil {
		elements = alertsOf(tree.Root(), nil)
	}
	for i, r := range records {
		if !signed(r) {
			continue
		}
		a := r.Value.(record.Alert)
		a.Signature = "unchecked: the document is not read alike twice"
		if len(elements) == len(records) {
			a.Signature = v.verdict(elements[i], a)
		}
		records[i].Value = a
	}
}

func alertsOf(el *etree.Element, found []*etree.Element) []*etree.Element {
	if strings.EqualFold(el.Tag, "alert") {
		return append(found, el)
	}
	for _, child := range el.ChildElements() {
		found = alertsOf(child, found)
	}
	return found
}

// verdict checks an enveloped signature, and that what it covers is what was read.
// An alert inside a feed was most often signed alone, before it was put there.
func (v verifier) verdict(el *etree.Element, read record.Alert) (verdict string) {
	defer func() {
		if recover() != nil { // a parser of others must not end the service
			verdict = signatureInvalid
		}
	}()
	verdict = v.check(el.Copy(), read)
	inside := el.Parent() != nil && el.Parent().Parent() != nil
	if verdict != signatureInvalid || !inside {
		return verdict
	}
	parents, err := etreeutils.NSBuildParentContext(el)
	if err != nil {
		return verdict
	}
	whole, err := etreeutils.NSDetatch(parents, el)
	if err != nil {
		return verdict
	}
	return v.check(whole, read)
}

func (v verifier) check(el *etree.Element, read record.Alert) string {
	signature := signatureOf(el)
	if signature == nil {
		return signatureInvalid
	}
	cert := signerOf(signature)
	if cert == nil && len(v.trusted) == 1 {
		cert = v.trusted[0] // KeyInfo may be left out (XML Signature §4.5)
	}
	blind := len(v.trusted) == 0
	switch {
	case blind && cert == nil:
		return signatureNoKey
	case blind:
		v.now = cert.NotBefore // it need not hold now
	case cert == nil || !v.trusts(cert):
		return signatureInvalid + ": the certificate is not trusted"
	}
	if method := signature.FindElement("./SignedInfo/SignatureMethod"); method != nil && strings.HasSuffix(method.SelectAttrValue("Algorithm", ""), "-sha1") {
		return signatureSHA1
	}
	encodeECDSA(signature, cert)
	context := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}})
	context.Clock = dsig.NewFakeClock(clockwork.NewFakeClockAt(v.now))
	covered, err := context.Validate(el)
	if err != nil {
		return signatureInvalid
	}
	if !v.same(covered, read) {
		return signatureInvalid + ": it covers another alert"
	}
	if blind {
		return signatureNoKey
	}
	return signatureValid
}

// encodeECDSA writes a signature as the library reads it: XML Signature §6.4.3
// has r and s one after the other, the library expects ASN.1. The value itself is
// signed by nothing.
func encodeECDSA(signature *etree.Element, cert *x509.Certificate) {
	key, ok := cert.PublicKey.(*ecdsa.PublicKey)
	value := signature.FindElement("./SignatureValue")
	if !ok || value == nil {
		return
	}
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(value.Text()), ""))
	half := (key.Curve.Params().BitSize + 7) / 8
	if err != nil || len(raw) != 2*half {
		return
	}
	pair := struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:half]), new(big.Int).SetBytes(raw[half:])}
	if der, err := asn1.Marshal(pair); err == nil {
		value.SetText(base64.StdEncoding.EncodeToString(der))
	}
}

// trusts reports whether a certificate is one of those configured, or was issued
// under one of them, and holds now.
func (v verifier) trusts(cert *x509.Certificate) bool {
	if v.now.Before(cert.NotBefore) || v.now.After(cert.NotAfter) {
		return false
	}
	roots := x509.NewCertPool()
	for _, t := range v.trusted {
		if t.Equal(cert) {
			return true
		}
		if t.IsCA {
			roots.AddCert(t)
		}
	}
	_, err := cert.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: v.now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err == nil
}

// signatureOf is an alert's own signature, nil without one.
func signatureOf(alert *etree.Element) *etree.Element {
	for _, child := range alert.ChildElements() {
		if child.Tag == dsig.SignatureTag && child.NamespaceURI() == dsig.Namespace {
			return child
		}
	}
	return nil
}

// signerOf is the first certificate of a signature, nil without one.
func signerOf(signature *etree.Element) *x509.Certificate {
	el := signature.FindElement(".//" + dsig.X509CertificateTag)
	if el == nil {
		return nil
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(el.Text()), ""))
	if err != nil {
		return nil
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	return cert
}

// same guards against a signature that covers one part of a document while
// another is read.
func (v verifier) same(covered *etree.Element, read record.Alert) bool {
	doc := etree.NewDocument()
	doc.SetRoot(covered.Copy())
	text, err := doc.WriteToBytes()
	if err != nil {
		return false
	}
	var a alertXML
	dec := xml.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(&a); err != nil {
		return false
	}
	again := a.record(v.zone)
	return again.Identifier == read.Identifier && again.Sender == read.Sender && again.MsgType == read.MsgType && source.Meaning(again) == source.Meaning(read)
}

// errSignature refuses an alert where the source demands a valid signature.
func errSignature(verdict string) error {
	return events.Permanent(events.ReasonUnauthorized, errors.New("cap: signature: "+verdict))
}
