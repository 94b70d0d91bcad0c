package program

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/natsserver"
	"github.com/crieur/crieur/services/audience/seal"
	"github.com/crieur/crieur/services/audience/vault"
	"github.com/crieur/crieur/services/crieur/config"
)

const behindProxy = `
data: %s
listen: 127.0.0.1:0
publicURL: https://infos.example
nats: {url: "%s"}
audience: {master_key_file: "%s", seal_key_file: "%s"}
authorities:
- {id: albi, name: Albi, kind: municipality, insee: ["81004"]}
channels:
- {authority: albi, id: fil, name: Fil, kind: feed}
streams:
- {authority: albi, id: infos, name: Infos, public: true, channels: [fil]}
`

// serving runs the audience service on a server of its own, and returns where
// it answers.
func serving(t *testing.T, body string) string {
	t.Helper()
	dir := t.TempDir()
	master, sealing := filepath.Join(dir, "secrets", "master.key"), filepath.Join(dir, "secrets", "seal.pem")
	if _, err := vault.LoadMaster(master, true); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Load(sealing, true); err != nil {
		t.Fatal(err)
	}
	server := eventstest.Server(t, func(c *natsserver.Config) { c.Listen = "127.0.0.1:0" })
	cfg, err := config.Parse("crieur.yaml", fmt.Appendf(nil, body, dir, server.URL(), master, sealing), nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Open(t.Context(), cfg, slog.New(slog.DiscardHandler), []string{"audience"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	select {
	case <-p.Started():
	case <-time.After(time.Minute):
		t.Fatal("not started")
	}
	return "http://" + p.group.Addr().String()
}

// ask makes a request as a proxy on this machine hands it on; from nobody, it
// asks the listener itself.
func ask(t *testing.T, method, address, from string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if from != "" {
		r.Header.Set("X-Forwarded-For", from)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp
}

// Residents who come through a proxy are limited each for himself.
func TestProxyIsNotTheResident(t *testing.T) {
	t.Parallel()
	base := serving(t, behindProxy)
	const more = 25 // than one resident may ask at once
	last := 0
	for i := range more {
		if got := ask(t, http.MethodPost, base+"/c/albi/abonnement", fmt.Sprintf("203.0.113.%d", i+1)).StatusCode; got != http.StatusUnprocessableEntity {
			t.Fatalf("resident %d: status %d", i+1, got)
		}
		last = ask(t, http.MethodPost, base+"/c/albi/abonnement", "203.0.113.99").StatusCode
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("one resident who asks %d times: status %d", more, last)
	}
}

// What operators read is not the public's, who comes by the proxy.
func TestOperatorsPagesAreNotThePublics(t *testing.T) {
	t.Parallel()
	base := serving(t, behindProxy)
	for path, public := range map[string]int{"/metrics": http.StatusNotFound, "/readyz": http.StatusNotFound, "/healthz": http.StatusOK} {
		for from, want := range map[string]int{"": http.StatusOK, "203.0.113.1": public} {
			if got := ask(t, http.MethodGet, base+path, from).StatusCode; got != want {
				t.Errorf("%s from %q: %d, %d wanted", path, from, got, want)
			}
		}
	}
}

// Behind TLS cookies are for TLS, though a proxy forgets to say so.
func TestPublicHTTPSMakesCookiesSecure(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		scheme string
		secure bool
	}{"https": {"https", true}, "http": {"http", false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := serving(t, strings.Replace(behindProxy, "https", tc.scheme, 1))
			resp := ask(t, http.MethodGet, base+"/?lang=en", "203.0.113.1")
			cookies := resp.Cookies()
			if len(cookies) == 0 || cookies[0].Secure != tc.secure {
				t.Errorf("cookies %v", cookies)
			}
			if hsts := resp.Header.Get("Strict-Transport-Security") != ""; hsts != tc.secure {
				t.Errorf("HSTS: %v", hsts)
			}
		})
	}
}

// A container's folder is gone with it; the vault on the server stays.
func TestKeysOfAVaultElsewhereAreNotMade(t *testing.T) {
	t.Parallel()
	server := eventstest.Server(t, func(c *natsserver.Config) { c.Listen = "127.0.0.1:0" })
	cfg := &config.Config{Data: t.TempDir(), NATS: config.NATS{URL: server.URL()}}
	cfg.SetDefaults()
	p, err := Open(t.Context(), cfg, slog.New(slog.DiscardHandler), []string{"audience"}, nil)
	if err == nil {
		t.Error("the service starts")
		_ = p.Close()
	} else if !strings.Contains(err.Error(), "audience.master_key_file") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(filepath.Join(cfg.Data, "audience", "master.key")); err == nil {
		t.Error("a key was made")
	}
}
