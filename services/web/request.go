package web

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// peer is what Protect knows of a request: metadata of the transport, no business data.
type peer struct {
	requestID string
	address   netip.Addr
	secure    bool
}

type peerKey struct{}

func peerOf(r *http.Request) peer {
	p, ok := r.Context().Value(peerKey{}).(peer)
	if !ok {
		p = newPeer(r, nil)
	}
	return p
}

// newPeer believes X-Forwarded-For and X-Forwarded-Proto only from a trusted proxy.
func newPeer(r *http.Request, trusted []netip.Prefix) peer {
	p := peer{requestID: rand.Text()[:16], address: remoteAddress(r.RemoteAddr), secure: r.TLS != nil}
	if !contains(trusted, p.address) {
		return p
	}
	p.secure = p.secure || r.Header.Get("X-Forwarded-Proto") == "https"
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		p.address = hop.Unmap()
		if !contains(trusted, p.address) {
			break
		}
	}
	return p
}

func remoteAddress(hostPort string) netip.Addr {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = hostPort
	}
	address, _ := netip.ParseAddr(host)
	return address.Unmap()
}

func contains(prefixes []netip.Prefix, address netip.Addr) bool {
	for _, prefix := range prefixes {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

func withPeer(ctx context.Context, p peer) context.Context {
	return context.WithValue(ctx, peerKey{}, p)
}

// RequestID is the ID that Protect gave the request, as shown on error pages and in the log.
func RequestID(r *http.Request) string { return peerOf(r).requestID }

// ClientKey is the limiter key of who asks: the address, or its /64 for IPv6, since one home owns a whole /64.
func ClientKey(r *http.Request) string {
	address := peerOf(r).address
	if address.Is6() {
		if prefix, err := address.WithZone("").Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return address.String()
}

// IsSecure reports whether a request came over TLS, by what a trusted proxy or
// the public address says too: whether its cookies are Secure.
func IsSecure(r *http.Request) bool { return peerOf(r).secure }

// isFragment tells an htmx request that wants a part of a page from one that wants it whole.
func isFragment(r *http.Request) bool {
	return r.Header.Get("HX-Request") == "true" &&
		r.Header.Get("HX-Boosted") != "true" &&
		r.Header.Get("HX-History-Restore-Request") != "true"
}

// SeeOther sends the browser to another page after a POST, htmx included.
func SeeOther(w http.ResponseWriter, r *http.Request, location string) {
	if r.Header.Get("HX-Request") == "true" {
		w.Header().Set("HX-Redirect", location)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	http.Redirect(w, r, location, http.StatusSeeOther)
}

// LocalPath returns next when it is a path of this site, else fallback: no open redirect.
func LocalPath(next, fallback string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return fallback
	}
	return next
}
