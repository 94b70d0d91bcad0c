package fetch

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"strconv"
	"syscall"

	"github.com/crieur/crieur/events"
)

// mailPort is that of IMAP over TLS (RFC 8314), the only one of DialTLS.
const mailPort = 993

// DialTLS connects to host:port of a mail server, through the guard. The error is
// an [*Error].
func (c *Client) DialTLS(ctx context.Context, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || oddIPv4(host) {
		return nil, &Error{Reason: events.ReasonInvalidConfig, Detail: "address of the mail server cannot be read"}
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return nil, &Error{Reason: events.ReasonInvalidConfig, Detail: "port of the mail server is not a number"}
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.ConnectTimeout+c.cfg.TLSTimeout)
	defer cancel()
	guard := Guard{Allow: c.cfg.Allow, Ports: []uint16{mailPort}}
	dialer := &tls.Dialer{
		NetDialer: &net.Dialer{Timeout: c.cfg.ConnectTimeout, Resolver: c.cfg.Resolver, ControlContext: guard.control},
		Config:    &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.cfg.RootCAs, ServerName: host},
	}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, classify(ctx, err, host)
	}
	return conn, nil
}

// control checks the address that a name resolved to, just before the connection.
func (g Guard) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return &Error{Reason: events.ReasonForbidden, Detail: "address cannot be read"}
	}
	return g.Check(at)
}
