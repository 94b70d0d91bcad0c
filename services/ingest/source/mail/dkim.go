package mail

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/textproto"
	"github.com/emersion/go-msgauth/dkim"
	"golang.org/x/net/publicsuffix"
)

const (
	dkimPass    = "pass"
	dkimNone    = "none"
	dkimFail    = "fail"
	dkimUnknown = "unknown" // the domain name system did not answer

	maxSignatures = 5
	lookupTimeout = 10 * time.Second
)

// vouch says what DKIM says of a mail for the domain of its sender: pass where a
// valid signature of that domain, or of a parent of it, covers what is read of the
// mail (RFC 6376 §6): no field of it can be added, nor its body read otherwise.
func vouch(ctx context.Context, lookup func(context.Context, string) ([]string, error), body []byte, from string) (result string) {
	defer func() {
		if recover() != nil {
			result = dkimFail
		}
	}()
	if lookup == nil {
		lookup = net.DefaultResolver.LookupTXT
	}
	text := mend(body) // what is read, not what was sent
	rest := bufio.NewReader(bytes.NewReader(text))
	head, err := textproto.ReadHeader(rest)
	if err != nil || doubled(head) {
		return dkimFail
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	checks, err := dkim.VerifyWithOptions(bytes.NewReader(text), &dkim.VerifyOptions{
		LookupTXT:        func(name string) ([]string, error) { return lookup(ctx, name) },
		MaxVerifications: maxSignatures,
	})
	if len(checks) == 0 {
		if err != nil {
			return dkimFail
		}
		return dkimNone
	}
	_, domain, _ := strings.Cut(from, "@")
	result = dkimFail
	sealed := oneReading(head, rest)
	for _, check := range checks {
		signer := strings.ToLower(check.Domain)
		switch {
		case check.Err == nil && covers(check.HeaderKeys, sealed) && isDomain(signer) && (signer == domain || strings.HasSuffix(domain, "."+signer)):
			return dkimPass
		case dkim.IsTempFail(check.Err):
			result = dkimUnknown
		}
	}
	return result
}

// doubled reports a field that may stand once and stands more often: a signature
// covers the last (RFC 6376 §5.4.2), and the first is read.
func doubled(head textproto.Header) bool {
	for _, name := range []string{"From", "Sender", "Subject", "Date", "Message-Id", "Mime-Version", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition"} {
		if head.FieldsByKey(name).Len() > 1 {
			return true
		}
	}
	return false
}

// covers reports whether the fields of a signature are those that are read. sealed
// says that the body needs no signed type.
func covers(signed []string, sealed bool) bool {
	has := func(name string) bool {
		return slices.ContainsFunc(signed, func(s string) bool { return strings.EqualFold(s, name) })
	}
	return has("Subject") && has("Date") && (sealed || has("Content-Type"))
}

// oneReading reports whether a body hides nothing, whatever its type says: Gmail
// signs no Content-Type. With another boundary than that on its first line, a
// passage that the sender only quotes would be all that is read of a mail.
func oneReading(head textproto.Header, body *bufio.Reader) bool {
	kind, params, err := (&message.Header{Header: head}).ContentType()
	if err != nil {
		return false
	}
	if !strings.HasPrefix(kind, "multipart/") {
		return true
	}
	first, _ := body.ReadString('\n')
	return strings.TrimRight(first, " \t\r\n") == "--"+params["boundary"]
}

// isDomain refuses what no one owns, such as fr or asso.fr.
func isDomain(name string) bool {
	own, err := publicsuffix.EffectiveTLDPlusOne(name)
	return err == nil && own != ""
}
