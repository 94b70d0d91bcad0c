package fetch

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"

	"github.com/crieur/crieur/events"
)

func newClient(t *testing.T, cfg Config) *Client {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// local allows the servers of tests.
func local(cfg Config) Config {
	cfg.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	return cfg
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestConditionalRequest(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Cache-Control", "public, max-age=120")
		if r.Header.Get("If-None-Match") == `"1"` && r.Header.Get("If-Modified-Since") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		if !strings.Contains(r.UserAgent(), "Crieur") {
			t.Errorf("user agent %q", r.UserAgent())
		}
		w.Header().Set("Last-Modified", "Mon, 02 Nov 2026 10:00:00 GMT")
		fmt.Fprint(w, "hello")
	})
	c := newClient(t, local(Config{}))
	first, err := c.Do(t.Context(), Request{URL: address})
	if err != nil || string(first.Body) != "hello" || first.MaxAge != 2*time.Minute {
		t.Fatalf("got %+v, %v", first, err)
	}
	second, err := c.Do(t.Context(), Request{URL: address, ETag: first.ETag, LastModified: first.LastModified})
	if err != nil || !second.NotModified || second.Body != nil || second.ETag != `"1"` || second.LastModified != first.LastModified {
		t.Errorf("got %+v, %v", second, err)
	}
}

func TestContentEncodings(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("Travaux rue de la République. ", 5000)
	for name, compress := range map[string]func(io.Writer) io.WriteCloser{
		"gzip":    func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"x-gzip":  func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"deflate": func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
		"br":      func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) },
		"zstd":    func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z },
		"":        func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },                // a file kept compressed
		"Deflate": func(w io.Writer) io.WriteCloser { z, _ := flate.NewWriter(w, 5); return z }, // raw, as some send it
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var body bytes.Buffer
			z := compress(&body)
			_, _ = io.WriteString(z, text)
			_ = z.Close()
			address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", name)
				_, _ = w.Write(body.Bytes())
			})
			c := newClient(t, local(Config{}))
			for range 2 { // the second time with a decoder used before
				res, err := c.Do(t.Context(), Request{URL: address})
				if err != nil || string(res.Body) != text || res.WireBytes != int64(body.Len()) {
					t.Fatalf("%d bytes, %v", len(res.Body), err)
				}
			}
		})
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = io.CopyN(z, zeros{}, 64<<20)
	_ = z.Close()
	released := make(chan struct{})
	t.Cleanup(func() { close(released) })
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		cfg     Config
		reason  events.Reason
	}{
		"1 GB announced": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1073741824")
			_, _ = io.CopyN(w, zeros{}, 1<<20)
		}, Config{}, events.ReasonTooLarge},
		"1 GB not announced": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.CopyN(w, zeros{}, 1<<30) }, Config{}, events.ReasonTooLarge},
		"gzip bomb": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		}, Config{MaxBytes: 1 << 30}, events.ReasonInvalidContent},
		"unknown encoding": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "rot13")
			fmt.Fprint(w, "x")
		}, Config{}, events.ReasonInvalidContent},
		"false gzip": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			fmt.Fprint(w, "not gzip at all")
		}, Config{}, events.ReasonInvalidContent},
		"layers": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip, gzip, gzip")
			fmt.Fprint(w, "x")
		}, Config{}, events.ReasonInvalidContent},
		"never answers": {func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-released:
			case <-r.Context().Done():
			}
		}, Config{HeaderTimeout: 50 * time.Millisecond}, events.ReasonTimeout},
		"slow body": {func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "a")
			w.(http.Flusher).Flush()
			select {
			case <-released:
			case <-r.Context().Done():
			}
		}, Config{Timeout: 100 * time.Millisecond}, events.ReasonTimeout},
		"cut body": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "short")
		}, Config{}, events.ReasonConnection},
		"redirect loop": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) }, Config{}, events.ReasonUnavailable},
		"redirect to a file": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(http.StatusFound)
		}, Config{}, events.ReasonInvalidConfig},
		"not found":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, Config{}, events.ReasonNotFound},
		"gone":         {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) }, Config{}, events.ReasonNotFound},
		"forbidden":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, Config{}, events.ReasonUnauthorized},
		"server error": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) }, Config{}, events.ReasonUnavailable},
		"teapot":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(418) }, Config{}, events.ReasonRejected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := serve(t, c.handler)
			_, err := newClient(t, local(c.cfg)).Do(t.Context(), Request{URL: address + "/?key=s3cret"})
			var fe *Error
			if !errors.As(err, &fe) || fe.Reason != c.reason {
				t.Fatalf("got %v, want %s", err, c.reason)
			}
			if strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), address) {
				t.Errorf("error: %v", err)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestRedirectsAreRememberedWhilePermanent(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/a":
			http.Redirect(w, r, "/b", http.StatusMovedPermanently)
		case "/b":
			http.Redirect(w, r, "/c", http.StatusPermanentRedirect)
		case "/c":
			http.Redirect(w, r, "/d", http.StatusFound)
		case "/d":
			http.Redirect(w, r, "/e", http.StatusMovedPermanently)
		}
	})
	res, err := newClient(t, local(Config{})).Do(t.Context(), Request{URL: address + "/a"})
	if err != nil || res.PermanentURL != address+"/c" || res.FinalURL != address+"/e" {
		t.Errorf("got %+v, %v", res, err)
	}
}

func TestSecretsStayOnTheirOrigin(t *testing.T) {
	t.Parallel()
	var leaked http.Header
	other := serve(t, func(_ http.ResponseWriter, r *http.Request) { leaked = r.Header.Clone() })
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Api-Key") != "s3cret" {
			t.Error("the key is not sent to its own server")
		}
		http.Redirect(w, r, other, http.StatusFound)
	})
	_, err := newClient(t, local(Config{})).Do(t.Context(), Request{URL: address, Header: http.Header{"X-Api-Key": {"s3cret"}, "Authorization": {"Bearer s3cret"}}})
	if err != nil {
		t.Fatal(err)
	}
	if leaked.Get("X-Api-Key") != "" || leaked.Get("Authorization") != "" {
		t.Errorf("leaked %v", leaked)
	}
}

func TestErrorsHideSecretsOfTheAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"http://user:s3cret@127.0.0.1:80/x?token=s3cret#s3cret", "https://s3cret@10.0.0.1/", "http://a.invalid/?s3cret", "http://[s3cret", "s3cret://x",
	} {
		_, err := newClient(t, Config{}).Do(t.Context(), Request{URL: address})
		if err == nil || strings.Contains(fmt.Sprintf("%v %+v", err, err), "s3cret") && !strings.HasPrefix(address, "s3cret") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestCancellation(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	address := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, err := newClient(t, local(Config{})).Do(ctx, Request{URL: address})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestRateLimited(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	_, err := newClient(t, local(Config{})).Do(t.Context(), Request{URL: address})
	if o := events.OutcomeOf(err); o.Reason != events.ReasonRateLimited || o.RetryAfter != 2*time.Minute || o.Kind != events.TransientFailure {
		t.Errorf("got %+v", o)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "30": 30 * time.Second, " 1.5 ": 1500 * time.Millisecond, "-5": 0, "soon": 0, "NaN": 0, "1e300": 24 * time.Hour, "999999999": 24 * time.Hour,
		"Mon, 23 Nov 2026 10:05:00 GMT": 5 * time.Minute, "Mon, 23 Nov 2026 09:00:00 GMT": 0, "Monday, 23-Nov-26 10:01:00 GMT": time.Minute, "Mon, 23 Nov 2036 10:05:00 GMT": 24 * time.Hour,
	} {
		if got := RetryAfter(value, now); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

func TestTLSErrorsAreNamed(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, c := range map[string]struct {
		from, to time.Time
		ip       net.IP
		trusted  bool
		want     string
	}{
		"expired":    {now.AddDate(-1, 0, 0), now.AddDate(0, 0, -1), net.IPv4(127, 0, 0, 1), true, "expired on " + now.AddDate(0, 0, -1).UTC().Format(time.DateOnly)},
		"future":     {now.AddDate(0, 0, 2), now.AddDate(1, 0, 0), net.IPv4(127, 0, 0, 1), true, "is not valid before"},
		"other name": {now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0), net.IPv4(192, 0, 2, 1), true, "is for 192.0.2.1"},
		"unknown":    {now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0), net.IPv4(127, 0, 0, 1), false, "unknown authority"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cert, pool := certificate(t, c.from, c.to, c.ip)
			s := httptest.NewUnstartedServer(http.NotFoundHandler())
			s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
			s.Config.ErrorLog = nil
			s.StartTLS()
			defer s.Close()
			if !c.trusted {
				pool = x509.NewCertPool()
			}
			_, err := newClient(t, local(Config{RootCAs: pool})).Do(t.Context(), Request{URL: s.URL})
			if events.OutcomeOf(err).Reason != events.ReasonTLS || !strings.Contains(err.Error(), "certificate of 127.0.0.1 ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("not TLS", func(t *testing.T) {
		t.Parallel()
		address := serve(t, func(http.ResponseWriter, *http.Request) {})
		_, err := newClient(t, local(Config{})).Do(t.Context(), Request{URL: strings.Replace(address, "http:", "https:", 1)})
		if events.OutcomeOf(err).Reason != events.ReasonTLS {
			t.Errorf("got %v", err)
		}
	})
}

func TestHTTP2AndCertificateEnd(t *testing.T) {
	t.Parallel()
	cert, pool := certificate(t, time.Now().AddDate(-1, 0, 0), time.Now().AddDate(0, 1, 0), net.IPv4(127, 0, 0, 1))
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) }))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	res, err := newClient(t, local(Config{RootCAs: pool})).Do(t.Context(), Request{URL: s.URL})
	if err != nil || string(res.Body) != "HTTP/2.0" || !res.CertNotAfter.Equal(cert.Leaf.NotAfter) {
		t.Errorf("got %+v, %v", res, err)
	}
}

func certificate(t *testing.T, from, to time.Time, ip net.IP) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: from, NotAfter: to,
		IPAddresses: []net.IP{ip}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool
}
