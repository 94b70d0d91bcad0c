package runner

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"

	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
)

// outside is what one source sees of the outside. It gives a large body's room
// back when its source asks for the next one, and at the end of the turn: a
// source holds one at a time. It notes when what the source is read with ends.
type outside struct {
	deps *source.Deps

	mu    sync.Mutex
	asked bool // a server answered in this turn
	last  *fetch.Response
	cert  int64 // the earliest end of the certificates of this turn, Unix seconds
	// tokens are the ends of those that say so, by reference.
	tokens map[string]time.Time
}

// through gives a connector the outside as o sees it.
func (o *outside) through() source.Deps {
	deps := *o.deps
	deps.HTTP, deps.Secret = o, o.Secret
	if deps.DialTLS != nil {
		deps.DialTLS = o.DialTLS
	}
	return deps
}

// Do implements source.Doer.
func (o *outside) Do(ctx context.Context, req fetch.Request) (*fetch.Response, error) {
	o.release()
	res, err := o.deps.HTTP.Do(ctx, req)
	if err == nil {
		o.mu.Lock()
		o.last = res
		o.note(res.CertNotAfter)
		o.mu.Unlock()
	}
	return res, err
}

// DialTLS is source.Deps.DialTLS.
func (o *outside) DialTLS(ctx context.Context, address string) (net.Conn, error) {
	conn, err := o.deps.DialTLS(ctx, address)
	if c, ok := conn.(*tls.Conn); ok && err == nil {
		if shown := c.ConnectionState().PeerCertificates; len(shown) > 0 {
			o.mu.Lock()
			o.note(shown[0].NotAfter.UTC())
			o.mu.Unlock()
		}
	}
	return conn, err
}

// Secret is source.Deps.Secret.
func (o *outside) Secret(reference string) (string, error) {
	value, err := o.deps.Secret(reference)
	if err != nil {
		return "", err
	}
	ends := source.TokenEnd(value)
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case ends.IsZero():
		delete(o.tokens, reference)
	case o.tokens == nil:
		o.tokens = map[string]time.Time{reference: ends}
	default:
		o.tokens[reference] = ends
	}
	return value, nil
}

func (o *outside) note(cert time.Time) {
	o.asked = true
	if at := cert.Unix(); !cert.IsZero() && (o.cert == 0 || at < o.cert) {
		o.cert = at
	}
}

func (o *outside) release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.last != nil {
		o.last.Release()
		o.last = nil
	}
}

// ends tells when what the turn was read with expires, zero for what has no known
// end, and begins the next turn. asked is false where no server answered: nothing
// is then known of certificates.
func (o *outside) ends() (cert, token time.Time, asked bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, t := range o.tokens {
		if token.IsZero() || t.Before(token) {
			token = t
		}
	}
	if o.cert != 0 {
		cert = time.Unix(o.cert, 0).UTC()
	}
	asked = o.asked
	o.cert, o.asked = 0, false
	return cert, token, asked
}
