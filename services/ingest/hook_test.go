package ingest_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/ingest"
	"github.com/crieur/crieur/services/ingest/fetch"
)

const hookSecret = "s3cret-of-the-hook-0123"

func TestHookReachesTheBusAndRefusesTheRest(t *testing.T) {
	t.Setenv("CRIEUR_SOURCE_HOOK", hookSecret)
	js := eventstest.JetStream(t)
	var logs eventstest.Buffer
	s, err := ingest.New(run.Deps{NATS: js.Conn(), JetStream: js, Logger: slog.New(slog.NewJSONHandler(&logs, nil))}, ingest.Config{Alone: true})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, r := range s.Handlers() {
		mux.Handle(r.Pattern, r.Handler)
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	const body = `{"id":"7","title":"Rue barrée"}`
	if got := post(t, server.URL+"/hooks/bordeaux/travaux", body, time.Now(), hookSecret); got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
		t.Errorf("before the start: %s", got.Status)
	}
	start(t, s)
	reg, err := registry.Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reg.Sources.Put(t.Context(), registry.Source{Authority: "bordeaux", ID: "travaux", Name: "Travaux", Kind: "webhook", Settings: json.RawMessage(`{"secret":"${CRIEUR_SOURCE_HOOK}"}`)}); err != nil {
		t.Fatal(err)
	}
	eventstest.Eventually(t, func() bool {
		return post(t, server.URL+"/hooks/bordeaux/travaux", body, time.Now(), hookSecret).StatusCode == http.StatusAccepted
	}, wait, "accepted")
	for name, c := range map[string]struct {
		path, body, secret string
		at                 time.Time
		want               int
	}{
		"again":          {"/hooks/bordeaux/travaux", body, hookSecret, time.Now(), 202},
		"wrong secret":   {"/hooks/bordeaux/travaux", body, "another-secret-01234", time.Now(), 401},
		"replayed":       {"/hooks/bordeaux/travaux", body, hookSecret, time.Now().Add(-time.Hour), 401},
		"unknown field":  {"/hooks/bordeaux/travaux", `{"id":"1","titre":"x"}`, hookSecret, time.Now(), 422},
		"unknown source": {"/hooks/bordeaux/autre", body, hookSecret, time.Now(), 404},
		"not a slug":     {"/hooks/bordeaux/A%3E", body, hookSecret, time.Now(), 404},
		"too large":      {"/hooks/bordeaux/travaux", strings.Repeat("x", 2<<20), hookSecret, time.Now(), 413},
	} {
		if got := post(t, server.URL+c.path, c.body, c.at, c.secret); got.StatusCode != c.want {
			t.Errorf("%s: %s, want %d", name, got.Status, c.want)
		}
	}
	if got := raws(t, js); len(got) != 1 || got[0].Item != "7" || got[0].Backlog || got[0].Kind != "webhook" {
		t.Errorf("raws %+v", got)
	}
	stream, err := js.Stream(t.Context(), bus.StreamRejected)
	if err != nil {
		t.Fatal(err)
	}
	// One an hour of what anyone may push, apart from what the sender itself did wrong.
	info, err := stream.Info(t.Context(), jetstream.WithSubjectFilter("rejected.>"))
	if n := info.State.Subjects["rejected.bordeaux.travaux.unsigned"]; err != nil || n == 0 || n > 2 {
		t.Errorf("%v, %v", info.State.Subjects, err)
	}
	msg, err := stream.GetLastMsgForSubject(t.Context(), "rejected.bordeaux.travaux")
	if err != nil {
		t.Fatal(err)
	}
	var kept record.Rejection
	if err := json.Unmarshal(msg.Data, &kept); err != nil || kept.Reason != events.ReasonInvalidContent {
		t.Errorf("kept %+v, %v", kept, err)
	}
	if strings.Contains(logs.String(), hookSecret) || strings.Contains(string(msg.Data), hookSecret) {
		t.Error("the secret is written somewhere")
	}
}

func post(t *testing.T, address, body string, at time.Time, secret string) *http.Response {
	t.Helper()
	stamp := fmt.Sprint(at.Unix())
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "." + body))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Crieur-Timestamp", stamp)
	req.Header.Set("Crieur-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res
}

// TestSourcesReadNoSecretButTheirOwn: a source is written by an authority, which
// must not reach the operator's environment and files.
func TestSourcesReadNoSecretButTheirOwn(t *testing.T) {
	t.Setenv("CRIEUR_SOURCE_TOKEN", "for-sources-of-towns")
	t.Setenv("MASTER_KEY", "for-no-source")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "hook"), []byte("from-a-file-of-sources\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(outside, []byte("for-no-source"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := ingest.Config{SecretsDir: dir}
	for reference, want := range map[string]string{
		"${CRIEUR_SOURCE_TOKEN}": "for-sources-of-towns", "hook": "from-a-file-of-sources",
		"${MASTER_KEY}": "", "${CRIEUR_SOURCE_ABSENT}": "", "../key": "", outside: "", "/etc/passwd": "", "": "",
	} {
		value, err := cfg.Secret(reference)
		if value != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", reference, value, err)
		}
		if strings.Contains(fmt.Sprint(err), "for-no-source") {
			t.Errorf("%q: %v", reference, err)
		}
	}
}

func TestTry(t *testing.T) {
	t.Parallel()
	const cap = `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>1</identifier><info><event>Crue</event></info></alert>`
	mux := http.NewServeMux()
	write := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
	}
	mux.HandleFunc("/rss", write(`<rss version="2.0"><channel><item><title>Avis</title></item></channel></rss>`))
	mux.HandleFunc("/json", write(`{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","title":"x"}]}`))
	mux.HandleFunc("/cap", write(cap))
	mux.HandleFunc("/index", write(`<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><link type="application/cap+xml" href="/cap"/></entry></feed>`))
	mux.HandleFunc("/page", write(`<!doctype html><link rel=stylesheet href=/x.css><link rel="alternate" type="application/rss+xml" href="/gone"><link rel="alternate" type="application/rss+xml" href="/rss"><body>Mairie`))
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/rss", http.StatusMovedPermanently) })
	mux.HandleFunc("/plain", write("<html><body>Mairie</body></html>"))
	server := httptest.NewServer(mux)
	defer server.Close()
	cfg := ingest.Config{Fetch: fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}
	for path, want := range map[string][2]string{
		"/rss": {"feed", "/rss"}, "/json": {"feed", "/json"}, "/cap": {"cap", "/cap"}, "/index": {"cap", "/index"}, "/page": {"feed", "/rss"}, "/moved": {"feed", "/rss"},
	} {
		got, err := ingest.Try(t.Context(), cfg, server.URL+path)
		if err != nil || got.Kind != want[0] || got.URL != server.URL+want[1] || len(got.Records) != 1 {
			t.Errorf("%s: %+v, %v", path, got, err)
		}
	}
	for path, want := range map[string]events.Reason{"/plain": events.ReasonUnsupported, "/nothing": events.ReasonNotFound} {
		if _, err := ingest.Try(t.Context(), cfg, server.URL+path); events.OutcomeOf(err).Reason != want {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := ingest.Try(context.Background(), ingest.Config{}, server.URL+"/rss"); events.OutcomeOf(err).Reason != events.ReasonForbidden {
		t.Errorf("a loopback address was asked: %v", err)
	}
}
