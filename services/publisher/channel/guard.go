package channel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// notPublic are the special-purpose blocks that neither netip's methods nor the
// rule on IPv6 below refuse (IANA IPv4 and IPv6 special-purpose registries, and
// where clouds serve their metadata).
func notPublic() []netip.Prefix {
	var list []netip.Prefix
	for _, p := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "168.63.129.16/32", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
	} {
		list = append(list, netip.MustParsePrefix(p))
	}
	return list
}

// Strangers returns a client for addresses that somebody unknown gave: it
// connects to public addresses only, on the ports of the web, resolved and
// checked at the moment of connecting; it follows no redirect and no proxy.
// allow opens ranges besides.
func Strangers(timeout time.Duration, allow ...netip.Prefix) *http.Client {
	refused, global6 := notPublic(), netip.MustParsePrefix("2000::/3")
	dialer := &net.Dialer{Timeout: timeout, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return errors.New("the address cannot be read")
		}
		ip := at.Addr().Unmap()
		in := func(p netip.Prefix) bool { return p.Contains(ip) }
		switch {
		case slices.ContainsFunc(allow, in):
			return nil
		case ip.IsPrivate(), ip.IsLoopback(), ip.IsLinkLocalUnicast(), ip.IsMulticast(), ip.IsUnspecified(), ip.Zone() != "",
			ip.Is6() && !global6.Contains(ip), slices.ContainsFunc(refused, in):
			return errors.New("the address is not public")
		case !slices.Contains([]uint16{80, 443, 8080, 8443}, at.Port()):
			return fmt.Errorf("port %d is not one of the web", at.Port())
		}
		return nil
	}}
	return NoRedirect(&http.Client{Timeout: timeout, Transport: &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: timeout, ResponseHeaderTimeout: timeout,
		MaxIdleConnsPerHost: 2, MaxIdleConns: 64, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 64 << 10,
	}})
}
