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
	source.Doer
	secret  func(reference string) (string, error)
	dialTLS func(ctx context.Context, address string) (net.Conn, error)

	mu    sync.Mutex
	last  *fetch.Response
	asked bool      // a server answered in this turn
	cert  time.Time // the earliest end of the certificates of this turn
	// tokens are the ends of those that say so, by reference.
	tokens map[string]time.Time
}

// through gives a connector the outside as o sees it.
func (o *outside) through(deps source.Deps) source.Deps {
	o.Doer, o.secret, o.dialTLS = deps.HTTP, deps.Secret, deps.DialTLS
	deps.HTTP, deps.Secret = o, o.Secret
	if o.dialTLS != nil {
		deps.DialTLS = o.DialTLS
	}
	return deps
}

// Do implements source.Doer.
func (o *outside) Do(ctx context.Context, req fetch.Request) (*fetch.Response, error) {
	o.release()
	res, err := o.Doer.Do(ctx, req)
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
	conn, err := o.dialTLS(ctx, address)
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
	value, err := o.secret(reference)
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
	if !cert.IsZero() && (o.cert.IsZero() || cert.Before(o.cert)) {
		o.cert = cert
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
	cert, asked = o.cert, o.asked
	o.cert, o.asked = time.Time{}, false
	return cert, token, asked
}
