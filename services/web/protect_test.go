package web_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/crieur/crieur/services/web"
)

func TestProtectHeaders(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"/console/style", "/nowhere", "/panic", "/accessibilite", "/assets/crieur.css"} {
		header := get(t, newSite(t), target).Header()
		csp := header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: policy lacks %s", target, want)
			}
		}
		if strings.Contains(csp, "unsafe") || header.Get("X-Content-Type-Options") != "nosniff" || header.Get("X-Request-Id") == "" {
			t.Errorf("%s: headers %v", target, header)
		}
		if header.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: HSTS without TLS", target)
		}
	}
}

func TestErrorsInPlainTextArePagesForReaders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, accept, want string
		not                string
	}{
		{"a browser", "text/html,application/xhtml+xml", "Page introuvable", "no such feed"},
		{"a machine", "application/rss+xml, */*", "no such feed", "<html"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			re := newRenderer(t)
			h, err := web.Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				http.Error(w, "no such feed", http.StatusNotFound)
			}), web.Protection{Logger: discard(), Errors: re})
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/feeds/x", nil)
			w := do(t, h, r, "Accept", c.accept)
			if body := w.Body.String(); w.Code != http.StatusNotFound || !strings.Contains(body, c.want) || strings.Contains(body, c.not) {
				t.Errorf("%d %s", w.Code, body)
			}
		})
	}
}

func TestProtectTrustsOnlyItsProxies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, remote, want string }{
		{"from the proxy", "10.0.0.7:1", "max-age=31536000"},
		{"from anybody else", "203.0.113.9:1", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newSiteWith(t, web.Protection{Logger: discard(), TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/hello/a", nil)
			r.RemoteAddr = c.remote
			got := do(t, h, r, "X-Forwarded-Proto", "https").Header().Get("Strict-Transport-Security")
			if got != c.want {
				t.Errorf("HSTS %q, want %q", got, c.want)
			}
		})
	}
}

// TestAProxyThatIsNotNamedIsTold: once, or whoever runs the site never knows why
// all residents together may ask for so few codes.
func TestAProxyThatIsNotNamedIsTold(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	h := newSiteWith(t, web.Protection{Logger: logger, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	for _, remote := range []string{"10.0.0.7:1", "192.0.2.1:1", "192.0.2.1:2"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/hello/a", nil)
		r.RemoteAddr = remote
		do(t, h, r, "X-Forwarded-For", "203.0.113.9")
	}
	if text := log.String(); strings.Count(text, "not trusted") != 1 || !strings.Contains(text, "192.0.2.1") {
		t.Errorf("log: %s", text)
	}
}

func TestProtectRefusesOtherSites(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, target string
		headers      []string
		want         int
	}{
		{"own form", "/flash", []string{"Sec-Fetch-Site", "same-origin"}, http.StatusSeeOther},
		{"another site", "/flash", []string{"Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		{"a sibling domain", "/flash", []string{"Sec-Fetch-Site", "same-site"}, http.StatusForbidden},
		{"old browser, other origin", "/flash", []string{"Origin", "https://evil.example"}, http.StatusForbidden},
		{"trusted origin", "/flash", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://console.example.fr"}, http.StatusSeeOther},
		{"machine path", "/api/hooks/x", []string{"Sec-Fetch-Site", "cross-site"}, http.StatusAccepted},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newSiteWith(t, web.Protection{Logger: discard(), TrustedOrigins: []string{"https://console.example.fr"}, MachinePaths: []string{"POST /api/hooks/"}})
			got := do(t, h, httptest.NewRequestWithContext(t.Context(), http.MethodPost, c.target, nil), c.headers...)
			if got.Code != c.want {
				t.Errorf("status %d, want %d", got.Code, c.want)
			}
		})
	}
}

func TestProtectLimitsBodies(t *testing.T) {
	t.Parallel()
	h := newSiteWith(t, web.Protection{Logger: discard(), MaxBodyBytes: 10})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/flash", strings.NewReader("a="+strings.Repeat("b", 20)))
	if got := do(t, h, r, "Content-Type", "application/x-www-form-urlencoded").Code; got != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d, want 413", got)
	}
}

func TestProtectLogsNoPersonalData(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	h := newSiteWith(t, web.Protection{Logger: slog.New(slog.NewJSONHandler(&out, nil))})
	get(t, h, "/hello/jeanne?mail=jeanne@example.fr")
	panicked := get(t, h, "/panic")
	log := out.String()
	for _, secret := range []string{"jeanne", "0612345678", "192.0.2.1"} {
		if strings.Contains(log, secret) || strings.Contains(panicked.Body.String(), secret) {
			t.Errorf("%q leaks: %s", secret, log)
		}
	}
	for _, want := range []string{`"route":"GET /hello/{name}"`, `"status":200`, `"status":500`, `"msg":"panic"`} {
		if !strings.Contains(log, want) {
			t.Errorf("log lacks %s: %s", want, log)
		}
	}
	if panicked.Code != http.StatusInternalServerError || !strings.Contains(panicked.Body.String(), "Le service rencontre un problème") {
		t.Errorf("panic page: %d", panicked.Code)
	}
}

func TestProtectCompresses(t *testing.T) {
	t.Parallel()
	answer := get(t, newSite(t), "/assets/crieur.css", "Accept-Encoding", "gzip")
	if answer.Header().Get("Content-Encoding") != "gzip" {
		t.Fatalf("not compressed: %v", answer.Header())
	}
	unzipped, err := gzip.NewReader(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(unzipped)
	if err != nil || !bytes.Contains(body, []byte("--paper")) {
		t.Errorf("body of %d bytes, err %v", len(body), err)
	}
}

func TestErrorPages(t *testing.T) {
	t.Parallel()
	h := newSite(t)
	lost := get(t, h, "/nowhere", "Accept-Language", "en-GB")
	if lost.Code != http.StatusNotFound || !strings.Contains(lost.Body.String(), "Page not found") {
		t.Errorf("404: %d", lost.Code)
	}
	wait := get(t, h, "/wait")
	if wait.Code != http.StatusTooManyRequests || wait.Header().Get("Retry-After") != "2" {
		t.Errorf("429: %d, Retry-After %q", wait.Code, wait.Header().Get("Retry-After"))
	}
	for target, want := range map[string]string{"/accessibilite": "Défenseur des droits", "/mentions": "Données personnelles"} {
		if page := get(t, h, target); page.Code != http.StatusOK || !strings.Contains(page.Body.String(), want) {
			t.Errorf("%s: %d", target, page.Code)
		}
	}
}
