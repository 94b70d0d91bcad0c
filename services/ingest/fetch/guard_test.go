package fetch

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/crieur/crieur/events"
)

func TestGuardRefusesSpecialAddresses(t *testing.T) {
	t.Parallel()
	guard := Guard{Ports: defaultPorts()}
	refused := []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255",
		"127.0.0.1", "127.1.2.3", "168.63.129.16", "169.254.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255",
		"192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1", "198.19.255.255",
		"198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::7f00:1", "::10.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1",
		"64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:53aa:64c::1", "2001:2::1", "2001:10::1", "2001:20::1",
		"2001:db8::1", "2002:7f00:1::", "2002:a00:1::1", "2002:c0a8:101::1", "3fff::1", "3fff:fff::1", "5f00::1", "fc00::1", "fd00::1", "fd00:ec2::254",
		"fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1",
	}
	for _, text := range refused {
		err := guard.Check(netip.AddrPortFrom(netip.MustParseAddr(text), 443))
		if events.OutcomeOf(err).Reason != events.ReasonForbidden {
			t.Errorf("%s is not refused: %v", text, err)
		}
	}
	for _, text := range []string{"1.1.1.1", "9.9.9.9", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.167.1.1", "198.17.0.1", "198.20.0.1", "223.255.255.255", "::ffff:1.1.1.1", "2606:4700::1111", "2a01:e0a::1", "2001:41d0::1"} {
		if err := guard.Check(netip.AddrPortFrom(netip.MustParseAddr(text), 443)); err != nil {
			t.Errorf("%s is refused: %v", text, err)
		}
	}
}

func TestGuardPortsAndRanges(t *testing.T) {
	t.Parallel()
	guard := Guard{Ports: defaultPorts(), Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	for _, at := range []string{"1.1.1.1:22", "1.1.1.1:25", "1.1.1.1:6379", "1.1.1.1:0", "10.0.0.1:80", "[::1]:80"} {
		if guard.Check(netip.MustParseAddrPort(at)) == nil {
			t.Errorf("%s is not refused", at)
		}
	}
	for _, at := range []string{"127.0.0.1:12345", "127.9.9.9:80", "[::ffff:127.0.0.1]:9", "1.1.1.1:80", "1.1.1.1:8443"} {
		if err := guard.Check(netip.MustParseAddrPort(at)); err != nil {
			t.Errorf("%s: %v", at, err)
		}
	}
}

// TestURLFormsReachNothing asks for a live loopback server in the forms that
// filters of text miss.
func TestURLFormsReachNothing(t *testing.T) {
	t.Parallel()
	var hits atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer server.Close()
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	client := newClient(t, Config{Ports: []uint16{80, 443}})
	for _, form := range []string{
		"http://127.0.0.1:PORT/", "http://127.1:PORT/", "http://2130706433:PORT/", "http://0x7f000001:PORT/", "http://0x7f.1:PORT/", "http://0177.0.0.1:PORT/",
		"http://017700000001:PORT/", "http://127.0.0.1.:PORT/", "http://[::1]:PORT/", "http://[::ffff:127.0.0.1]:PORT/", "http://[::ffff:7f00:1]:PORT/",
		"http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/", "http://[::127.0.0.1]:PORT/", "http://0:PORT/", "http://0.0.0.0:PORT/", "http://localhost:PORT/", "http://LOCALHOST:PORT/",
		"http://public.example@127.0.0.1:PORT/", "http://127.0.0.1:PORT@127.0.0.1:PORT/", "http://①②⑦.0.0.1:PORT/", "http://127。0。0。1:PORT/", "http://127.0.0.1%2f@x:PORT/",
		"file:///etc/passwd", "gopher://127.0.0.1:PORT/", "ftp://127.0.0.1:PORT/", "//127.0.0.1:PORT/", "http:///x", "javascript:1", "http://",
	} {
		if _, err := client.Do(t.Context(), Request{URL: strings.ReplaceAll(form, "PORT", port)}); err == nil {
			t.Errorf("%s was answered", form)
		}
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("the server was reached %d times", n)
	}
}

func TestRedirectToLoopbackIsRefused(t *testing.T) {
	t.Parallel()
	var hits atomic.Int64
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer inside.Close()
	// The redirecting server is allowed by its own address only: 127.0.0.2.
	listener, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skipf("no second loopback address: %v", err)
	}
	outside := httptest.NewUnstartedServer(http.RedirectHandler(inside.URL+"/latest/meta-data", http.StatusFound))
	outside.Listener = listener
	outside.Start()
	defer outside.Close()
	client := newClient(t, Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}})
	_, err = client.Do(t.Context(), Request{URL: outside.URL})
	if events.OutcomeOf(err).Reason != events.ReasonForbidden || hits.Load() != 0 {
		t.Errorf("got %v, %d hits", err, hits.Load())
	}
}

// TestRebindingIsRefused answers the name with a public address first and with
// loopback afterwards, as an attacker's name server does.
func TestRebindingIsRefused(t *testing.T) {
	t.Parallel()
	var hits, asked atomic.Int64
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer inside.Close()
	_, port, _ := net.SplitHostPort(inside.Listener.Addr().String())
	names := nameServer(t, func() [4]byte {
		if asked.Add(1) == 1 {
			return [4]byte{192, 0, 2, 1} // never connected to: documentation
		}
		return [4]byte{127, 0, 0, 1}
	})
	client := newClient(t, Config{Resolver: &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", names)
	}}})
	for range 3 {
		_, err := client.Do(t.Context(), Request{URL: "http://rebind.example.org:" + port + "/"})
		if events.OutcomeOf(err).Reason != events.ReasonForbidden {
			t.Errorf("got %v", err)
		}
	}
	if hits.Load() != 0 || asked.Load() < 3 {
		t.Errorf("%d hits, %d questions", hits.Load(), asked.Load())
	}
}

// nameServer answers every A question with what answer gives.
func nameServer(t *testing.T, answer func() [4]byte) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			var m dnsmessage.Message
			if err != nil || m.Unpack(buf[:n]) != nil || len(m.Questions) == 0 {
				continue
			}
			m.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
					Body:   &dnsmessage.AResource{A: answer()},
				}}
			}
			if packed, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(packed, from)
			}
		}
	}()
	return conn.LocalAddr().String()
}
