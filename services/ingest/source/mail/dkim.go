package mail

import (
	"bytes"
	"context"
	"net"
	"strings"
	"time"

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
// valid signature of that domain, or of a parent of it, covers From (RFC 6376 §6).
func vouch(ctx context.Context, lookup func(context.Context, string) ([]string, error), body []byte, from string) (result string) {
	defer func() {
		if recover() != nil {
			result = dkimFail
		}
	}()
	if lookup == nil {
		lookup = net.DefaultResolver.LookupTXT
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	checks, err := dkim.VerifyWithOptions(bytes.NewReader(body), &dkim.VerifyOptions{
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
	for _, check := range checks {
		signer := strings.ToLower(check.Domain)
		switch {
		case check.Err == nil && isDomain(signer) && (signer == domain || strings.HasSuffix(domain, "."+signer)):
			return dkimPass
		case dkim.IsTempFail(check.Err):
			result = dkimUnknown
		}
	}
	return result
}

// isDomain refuses what no one owns, such as fr or asso.fr.
func isDomain(name string) bool {
	own, err := publicsuffix.EffectiveTLDPlusOne(name)
	return err == nil && own != ""
}
