package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzhttp"
)

// ContentSecurityPolicy allows nothing inline: styles and scripts are files of ours, which is what makes
// an escaping mistake harmless.
const ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

const defaultMaxBodyBytes = 1 << 20

// Protection configures Protect.
type Protection struct {
	Logger         *slog.Logger
	Errors         *Renderer      // draws the pages 403 and 500
	TrustedProxies []netip.Prefix // whose X-Forwarded-* headers are believed
	HTTPS          bool           // the public address is https: cookies are Secure, whatever a proxy's headers say
	TrustedOrigins []string       // other origins allowed to POST, "https://console.example.fr"
	MachinePaths   []string       // mux patterns that machines call with their own signature, "POST /api/hooks/"
	MaxBodyBytes   int64          // of a request; 1 MiB by default
}

// Protect wraps everything a listener serves, once: request ID, access log, compression, recovery, security headers,
// refusal of cross-site writes (net/http.CrossOriginProtection: no token in any form) and a limit on bodies.
func Protect(next http.Handler, p Protection) (http.Handler, error) {
	if p.Logger == nil || p.Errors == nil {
		return nil, fmt.Errorf("web: protect: want a logger and a renderer")
	}
	if p.MaxBodyBytes == 0 {
		p.MaxBodyBytes = defaultMaxBodyBytes
	}
	crossOrigin, err := p.crossOrigin()
	if err != nil {
		return nil, err
	}
	compressed, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.EnableZstd(false), gzhttp.ContentTypes([]string{
		"text/html", "text/css", "text/javascript", "text/plain", "text/csv", "text/calendar", "image/svg+xml",
		"application/json", "application/geo+json", "application/feed+json", "application/atom+xml", "application/rss+xml",
	}))
	if err != nil {
		return nil, fmt.Errorf("web: protect: %w", err)
	}
	protected := crossOrigin.Handler(next)
	var strange sync.Once

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		who := newPeer(r, p.TrustedProxies)
		who.secure = who.secure || p.HTTPS
		if r.Header.Get("X-Forwarded-For") != "" && !contains(p.TrustedProxies, remoteAddress(r.RemoteAddr)) {
			strange.Do(func() {
				p.Logger.Warn("a proxy that is not trusted: all who come by it count as one, and share its limits", "address", remoteAddress(r.RemoteAddr).String())
			})
		}
		r = r.WithContext(withPeer(r.Context(), who))
		securityHeaders(w.Header(), who)
		status := 0
		compressed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			tracked := &trackedWriter{ResponseWriter: w}
			if strings.Contains(r.Header.Get("Accept"), "text/html") {
				tracked.page = func(status int) { p.Errors.Error(tracked, r, status) }
			}
			defer func() { status = tracked.status }()
			defer p.recoverPage(tracked, r)
			r.Body = http.MaxBytesReader(tracked, r.Body, p.MaxBodyBytes)
			protected.ServeHTTP(tracked, r)
		})).ServeHTTP(w, r)
		// The route, not the path: paths and queries hold preference links and search words.
		p.Logger.LogAttrs(r.Context(), slog.LevelInfo, "request",
			slog.String("request", who.requestID), slog.String("method", r.Method), slog.String("route", r.Pattern),
			slog.Int("status", max(status, http.StatusOK)), slog.Duration("took", time.Since(start)))
	}), nil
}

func (p Protection) crossOrigin() (*http.CrossOriginProtection, error) {
	c := http.NewCrossOriginProtection()
	for _, origin := range p.TrustedOrigins {
		if err := c.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("web: protect: trusted origin %q: %w", origin, err)
		}
	}
	for _, pattern := range p.MachinePaths {
		c.AddInsecureBypassPattern(pattern)
	}
	c.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.Errors.Error(w, r, http.StatusForbidden)
	}))
	return c, nil
}

func securityHeaders(h http.Header, who peer) {
	h.Set("Content-Security-Policy", ContentSecurityPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), payment=(), usb=(), geolocation=(self)")
	h.Set("X-Request-Id", who.requestID)
	if who.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// recoverPage turns a panic into a logged error and a page, or an aborted connection where the answer had begun.
func (p Protection) recoverPage(w *trackedWriter, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
	// The type only: a panic value may quote the data it choked on.
	p.Logger.ErrorContext(r.Context(), "panic", "request", RequestID(r), "route", r.Pattern,
		"err", fmt.Sprintf("%T", cause), "stack", string(debug.Stack()))
	if w.status != 0 {
		panic(http.ErrAbortHandler)
	}
	p.Errors.Error(w, r, http.StatusInternalServerError)
}

// trackedWriter remembers the status. An error in plain text, which is for machines, becomes a page for who reads
// pages.
type trackedWriter struct {
	http.ResponseWriter
	status   int
	page     func(status int) // nil for machines
	replaced bool
}

func (w *trackedWriter) WriteHeader(status int) {
	if w.page != nil && status >= http.StatusBadRequest && strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		page := w.page
		w.page = nil
		w.Header().Del("Content-Length")
		page(status)
		w.replaced = true
		return
	}
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *trackedWriter) Write(b []byte) (int, error) {
	if w.replaced {
		return len(b), nil
	}
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap serves http.ResponseController.
func (w *trackedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
