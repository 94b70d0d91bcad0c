package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/crieur/crieur/events"
)

// Config bounds the client. Zero fields take the values of [Defaults].
type Config struct {
	// UserAgent is sent with every request and must say who asks and where to complain.
	UserAgent string `yaml:"user_agent"`
	// Allow lists address ranges trusted though they are special, such as 127.0.0.0/8.
	Allow []netip.Prefix `yaml:"allow"`
	// Ports lists the ports of public addresses that may be asked.
	Ports []uint16 `yaml:"ports"`
	// MaxBytes bounds a body, both as sent and as decoded.
	MaxBytes int64 `yaml:"max_bytes"`
	// MaxHeldBytes bounds the large bodies held at once by all fetches together;
	// a fetch that would pass it waits.
	MaxHeldBytes int64 `yaml:"max_held_bytes"`
	// MaxRatio bounds decoded ÷ sent bytes, past the first mebibyte.
	MaxRatio int `yaml:"max_ratio"`
	// MaxRedirects bounds the redirects followed.
	MaxRedirects int `yaml:"max_redirects"`

	ConnectTimeout time.Duration `yaml:"connect_timeout"`
	TLSTimeout     time.Duration `yaml:"tls_timeout"`
	HeaderTimeout  time.Duration `yaml:"header_timeout"`
	// Timeout bounds the whole fetch, redirects and body included.
	Timeout time.Duration `yaml:"timeout"`

	// RootCAs replaces the system's authorities when set.
	RootCAs *x509.CertPool `yaml:"-"`
	// Resolver replaces the system's resolver when set.
	Resolver *net.Resolver `yaml:"-"`
	// Now replaces the clock when set.
	Now func() time.Time `yaml:"-"`
}

// Defaults are the limits when nothing is configured.
func Defaults() Config {
	return Config{
		UserAgent:      "Crieur/1 (+https://github.com/crieur/crieur)",
		Ports:          defaultPorts(),
		MaxBytes:       10 << 20,
		MaxHeldBytes:   48 << 20,
		MaxRatio:       200,
		MaxRedirects:   5,
		ConnectTimeout: 10 * time.Second,
		TLSTimeout:     10 * time.Second,
		HeaderTimeout:  20 * time.Second,
		Timeout:        40 * time.Second,
		Now:            time.Now,
	}
}

func (c Config) withDefaults() Config {
	d := Defaults()
	if c.UserAgent == "" {
		c.UserAgent = d.UserAgent
	}
	if len(c.Ports) == 0 {
		c.Ports = d.Ports
	}
	if c.Now == nil {
		c.Now = d.Now
	}
	c.MaxBytes = positive(c.MaxBytes, d.MaxBytes)
	c.MaxHeldBytes = positive(c.MaxHeldBytes, d.MaxHeldBytes)
	c.MaxRatio = positive(c.MaxRatio, d.MaxRatio)
	c.MaxRedirects = positive(c.MaxRedirects, d.MaxRedirects)
	c.ConnectTimeout = positive(c.ConnectTimeout, d.ConnectTimeout)
	c.TLSTimeout = positive(c.TLSTimeout, d.TLSTimeout)
	c.HeaderTimeout = positive(c.HeaderTimeout, d.HeaderTimeout)
	c.Timeout = positive(c.Timeout, d.Timeout)
	return c
}

func positive[T int | int64 | time.Duration](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}

// A Request is one question to one address.
type Request struct {
	// Method is GET when empty.
	Method string
	URL    string
	// ETag and LastModified make the request conditional (RFC 9110 §13).
	ETag         string
	LastModified string
	// Header adds headers; they may be secret and stay on the first origin.
	Header http.Header
	// Body is sent with Method POST or PUT.
	Body []byte
	// MaxBytes lowers or raises the client's limit for this request when > 0.
	MaxBytes int64
}

// A Response is a 2xx or 304 answer.
type Response struct {
	Status int
	// NotModified is true for a 304; Body is then nil.
	NotModified bool
	// Body is decoded from its Content-Encoding, not from its charset: see [UTF8].
	Body        []byte
	ContentType string
	Header      http.Header
	// ETag and LastModified are to be sent with the next request. A 304 without
	// them repeats those of the request.
	ETag         string
	LastModified string
	// FinalURL is where the body came from.
	FinalURL string
	// PermanentURL is where to ask from now on, "" when nothing moved for good.
	PermanentURL string
	// CertNotAfter is when the server's certificate expires, zero without TLS.
	CertNotAfter time.Time
	// MaxAge is the freshness the server announces, 0 when it announces none.
	MaxAge time.Duration
	// WireBytes is what came over the network, before decoding.
	WireBytes int64
	held      *reservation
}

// A Client fetches. It is safe for concurrent use and keeps few idle connections.
type Client struct {
	cfg       Config
	guard     Guard
	transport *http.Transport
	decoders  decoders
	memory    *memory
}

// New validates cfg and dials nothing.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	for _, p := range cfg.Allow {
		if !p.IsValid() {
			return nil, errors.New("fetch: allow: not an address range such as 127.0.0.0/8")
		}
	}
	c := &Client{cfg: cfg, guard: Guard{Allow: cfg.Allow, Ports: cfg.Ports}, memory: newMemory(cfg.MaxHeldBytes)}
	dialer := &net.Dialer{Timeout: cfg.ConnectTimeout, KeepAlive: -1, Resolver: cfg.Resolver, ControlContext: c.guard.control}
	c.transport = &http.Transport{
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    cfg.TLSTimeout,
		ResponseHeaderTimeout:  cfg.HeaderTimeout,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    1,
		IdleConnTimeout:        20 * time.Second,
		TLSClientConfig: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			RootCAs:            cfg.RootCAs,
			ClientSessionCache: tls.NewLRUClientSessionCache(256),
		},
	}
	return c, nil
}

// Close drops the idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Do asks and follows redirects. Every error is an [*Error].
func (c *Client) Do(ctx context.Context, req Request) (*Response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	target, err := parseURL(req.URL)
	if err != nil {
		return nil, named(err, req.URL)
	}
	out := &Response{}
	permanent := true
	for hop := 0; ; hop++ {
		res, err := c.roundTrip(ctx, req, target)
		if err != nil {
			return nil, named(err, req.URL)
		}
		next, moved, err := redirect(res, target)
		if err == nil && next != nil && hop >= c.cfg.MaxRedirects {
			err = &Error{Reason: events.ReasonUnavailable, Status: res.StatusCode, Detail: fmt.Sprintf("more than %d redirects", c.cfg.MaxRedirects)}
		}
		if err != nil {
			drain(res)
			return nil, named(err, req.URL)
		}
		if next == nil {
			err = c.finish(res, req, target, out)
			drain(res)
			if err != nil {
				return nil, named(err, req.URL)
			}
			return out, nil
		}
		drain(res)
		req = follow(req, target, next, res.StatusCode)
		target = next
		if permanent = permanent && moved; permanent {
			out.PermanentURL = next.String()
		}
	}
}

func (c *Client) roundTrip(ctx context.Context, req Request, target *url.URL) (*http.Response, error) {
	method := req.Method
	if method == "" {
		method = http.MethodGet
	}
	var body io.Reader
	if len(req.Body) > 0 {
		body = bytes.NewReader(req.Body)
	}
	hr, err := http.NewRequestWithContext(ctx, method, target.String(), body)
	if err != nil {
		return nil, &Error{Reason: events.ReasonInvalidConfig, Detail: "address cannot be read"}
	}
	maps.Copy(hr.Header, req.Header)
	hr.Header.Set("User-Agent", c.cfg.UserAgent)
	hr.Header.Set("Accept-Encoding", acceptEncoding)
	if hr.Header.Get("Accept") == "" {
		hr.Header.Set("Accept", "application/atom+xml, application/rss+xml, application/feed+json, application/cap+xml, application/json, application/xml;q=0.9, */*;q=0.5")
	}
	if req.ETag != "" {
		hr.Header.Set("If-None-Match", req.ETag)
	}
	if req.LastModified != "" {
		hr.Header.Set("If-Modified-Since", req.LastModified)
	}
	// A user in the address signs in; the transport reads it from the header only.
	if u := target.User; u != nil && hr.Header.Get("Authorization") == "" {
		password, _ := u.Password()
		hr.SetBasicAuth(u.Username(), password)
	}
	res, err := c.transport.RoundTrip(hr)
	if err != nil {
		return nil, classify(ctx, err, target.Hostname())
	}
	return res, nil
}

// follow makes the request for the next hop: secrets stay on their origin, and
// only 307 and 308 keep the method (RFC 9110 §15.4).
func follow(req Request, from, to *url.URL, status int) Request {
	if from.Scheme != to.Scheme || from.Host != to.Host {
		req.Header = nil
		req.ETag, req.LastModified = "", ""
	}
	if status != http.StatusTemporaryRedirect && status != http.StatusPermanentRedirect {
		req.Method, req.Body = "", nil
	}
	return req
}

// redirect gives the next address of a redirect, nil for any other answer, and
// whether the move is permanent.
func redirect(res *http.Response, from *url.URL) (next *url.URL, permanent bool, _ error) {
	switch res.StatusCode {
	case http.StatusMovedPermanently, http.StatusPermanentRedirect:
		permanent = true
	case http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect:
	default:
		return nil, false, nil
	}
	location := res.Header.Get("Location")
	if location == "" {
		return nil, false, &Error{Reason: events.ReasonUnavailable, Status: res.StatusCode, Detail: "redirect without address"}
	}
	ref, err := from.Parse(location)
	if err != nil {
		return nil, false, &Error{Reason: events.ReasonUnavailable, Status: res.StatusCode, Detail: "redirect to an unreadable address"}
	}
	next, err = parseURL(ref.String())
	if err != nil {
		return nil, false, err
	}
	return next, permanent, nil
}

func parseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, &Error{Reason: events.ReasonInvalidConfig, Detail: "address cannot be read"}
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, &Error{Reason: events.ReasonInvalidConfig, Detail: "only http and https addresses are fetched"}
	case u.Hostname() == "":
		return nil, &Error{Reason: events.ReasonInvalidConfig, Detail: "address without host"}
	case oddIPv4(u.Hostname()):
		return nil, &Error{Reason: events.ReasonForbidden, Detail: "host is a number, not an address written a.b.c.d"}
	}
	return u, nil
}

func (c *Client) finish(res *http.Response, req Request, target *url.URL, out *Response) error {
	out.Status = res.StatusCode
	out.Header = res.Header
	out.ContentType = res.Header.Get("Content-Type")
	out.ETag = res.Header.Get("ETag")
	out.LastModified = res.Header.Get("Last-Modified")
	out.FinalURL = target.String()
	out.MaxAge = maxAge(res.Header)
	if res.TLS != nil && len(res.TLS.PeerCertificates) > 0 {
		out.CertNotAfter = res.TLS.PeerCertificates[0].NotAfter.UTC()
	}
	if res.StatusCode == http.StatusNotModified {
		out.NotModified = true
		if out.ETag == "" {
			out.ETag = req.ETag
		}
		if out.LastModified == "" {
			out.LastModified = req.LastModified
		}
		return nil
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return statusError(res, c.cfg.Now())
	}
	limit := positive(req.MaxBytes, c.cfg.MaxBytes)
	if res.ContentLength > limit {
		return &Error{Reason: events.ReasonTooLarge, Status: res.StatusCode, Detail: fmt.Sprintf("body of %d bytes, over the limit of %d", res.ContentLength, limit)}
	}
	wire := &counter{r: res.Body, limit: limit}
	body, held, err := c.decode(wire, res, limit)
	out.WireBytes = wire.n
	if err != nil {
		held.shrink(0)
		return bodyError(res.Request.Context(), err, limit)
	}
	held.shrink(int64(cap(body)))
	out.Body, out.held = body, held
	return nil
}

func (c *Client) decode(wire *counter, res *http.Response, limit int64) ([]byte, *reservation, error) {
	encoding := res.Header.Get("Content-Encoding")
	var sent io.Reader = wire
	if len(encodings(encoding)) == 0 {
		head := make([]byte, len(gzipMagic))
		n, err := io.ReadFull(wire, head)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, nil, err
		}
		if string(head) == gzipMagic { // a file kept compressed, as data.csv.gz is
			encoding = "gzip"
		}
		sent = io.MultiReader(bytes.NewReader(head[:n]), wire)
	}
	r, done, err := c.decoders.open(sent, encoding)
	defer done()
	if errors.Is(err, io.EOF) && wire.n == 0 {
		return []byte{}, nil, nil // an empty body, whatever encoding it claims
	}
	var held *reservation
	if err == nil {
		b := &body{limit: limit, ratio: int64(c.cfg.MaxRatio), hint: max(res.ContentLength, 0), encoded: encoding != ""}
		b.reserve = func() (err error) {
			held, err = c.memory.reserve(res.Request.Context(), limit)
			return err
		}
		var text []byte
		if text, err = b.read(r, wire); err == nil {
			return text, held, nil
		}
	}
	if len(encodings(encoding)) > 0 && !isNetwork(err) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		err = &Error{Reason: events.ReasonInvalidContent, Detail: "content encoding: " + err.Error(), err: err}
	}
	return nil, held, err
}

// drain lets a small rest be read so that the connection can serve again.
func drain(res *http.Response) {
	_, _ = io.CopyN(io.Discard, res.Body, 4<<10)
	_ = res.Body.Close()
}
