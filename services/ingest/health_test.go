package ingest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/ingest"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/runner"
)

// TestAlarmsBeforeTheFailure: a certificate and a token about to expire and a
// source that drifts are in the health, the log and the metrics, and leave them.
func TestAlarmsBeforeTheFailure(t *testing.T) {
	now := time.Now().UTC()
	certEnds := now.Add(10 * 24 * time.Hour).Truncate(time.Second)
	cert, pool := shortCertificate(t, certEnds)
	var bare atomic.Bool
	var sent atomic.Value
	site := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent.Store(r.Header.Get("Authorization"))
		fmt.Fprint(w, `<rss version="2.0"><channel>`)
		for n := range 4 {
			title := fmt.Sprintf("<title>Avis %d</title>", n)
			if bare.Load() {
				title = ""
			}
			fmt.Fprintf(w, `<item><guid>%d</guid>%s<description>eau %d</description></item>`, n, title, n)
		}
		fmt.Fprint(w, "</channel></rss>")
	}))
	site.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	site.StartTLS()
	defer site.Close()

	dir := t.TempDir()
	token := func(ends time.Time) {
		claims := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"sub":"mairie","exp":%d}`, ends.Unix()))
		if err := os.WriteFile(filepath.Join(dir, "token"), []byte("eyJhbGciOiJIUzI1NiJ9."+claims+".c2lnbmF0dXJl"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tokenEnds := now.Add(5 * 24 * time.Hour).Truncate(time.Second)
	token(tokenEnds)
	var log eventstest.Buffer
	metrics := prometheus.NewRegistry()
	js := eventstest.JetStream(t)
	s, err := ingest.New(run.Deps{NATS: js.Conn(), JetStream: js, Metrics: metrics, Logger: slog.New(slog.NewTextHandler(&log, nil))}, ingest.Config{
		Fetch:      fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, RootCAs: pool},
		Runner:     runner.Config{Gap: -1, HealthEvery: time.Millisecond},
		SecretsDir: dir, Alone: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	start(t, s)
	reg, err := registry.Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	src := registry.Source{
		Authority: "foix", ID: "site", Name: "Site", Kind: "feed", URL: site.URL + "/feed",
		Every: registry.Duration(10 * time.Second), Settings: []byte(`{"token_file":"token"}`),
	}
	again := func(what string, want func(h registry.SourceHealth) bool) {
		t.Helper()
		src.Every++ // a change has the source read at once
		if _, err := reg.Sources.Put(t.Context(), src); err != nil {
			t.Fatal(err)
		}
		eventstest.Eventually(t, func() bool {
			h, _, err := reg.SourceHealth.Get(t.Context(), "foix", "site")
			return err == nil && want(h)
		}, wait, what)
	}
	again("what ends is in the health", func(h registry.SourceHealth) bool {
		return h.CertificateExpires.Equal(certEnds) && h.TokenExpires.Equal(tokenEnds)
	})
	if sent.Load() == "" {
		t.Fatal("the token was not sent")
	}
	eventstest.Eventually(t, func() bool {
		return alarmed(t, metrics, "certificate_ends") == 1 && alarmed(t, metrics, "token_ends") == 1
	}, wait, "alarms are counted")

	token(now.Add(90 * 24 * time.Hour))
	bare.Store(true)
	again("a drift is in the health", func(h registry.SourceHealth) bool { return h.Drifting })
	eventstest.Eventually(t, func() bool {
		return alarmed(t, metrics, "drifting") == 1 && alarmed(t, metrics, "token_ends") == 0
	}, wait, "the drift is counted and the new token is not")
	bare.Store(false)
	again("the drift ends", func(h registry.SourceHealth) bool { return !h.Drifting && h.ErrorStreak == 0 })

	text := log.String()
	for _, line := range []string{"certificate of the source's server expires soon", "token or lease of the source expires soon", "source drifts"} {
		if strings.Count(text, line) != 1 {
			t.Errorf("%d times in the log: %s", strings.Count(text, line), line)
		}
	}
	if strings.Contains(text, "c2lnbmF0dXJl") {
		t.Error("the token is in the log")
	}
	if err := reg.Sources.Delete(t.Context(), "foix", "site"); err != nil {
		t.Fatal(err)
	}
	eventstest.Eventually(t, func() bool { return alarmed(t, metrics, "certificate_ends") == 0 }, wait, "a source that is gone has no alarm")
}

func alarmed(t *testing.T, metrics *prometheus.Registry, alarm string) float64 {
	t.Helper()
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "crieur_ingest_alarmed_sources_count" {
			continue
		}
		for _, m := range f.GetMetric() {
			if m.GetLabel()[0].GetValue() == alarm {
				return m.GetGauge().GetValue()
			}
		}
	}
	t.Fatalf("no metric of %s", alarm)
	return 0
}

func shortCertificate(t *testing.T, ends time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mairie"}, NotBefore: ends.AddDate(0, -2, 0), NotAfter: ends,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
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
