package e2e_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/services/impact/engine"
)

// TestMain lets this test binary be the ClickHouse child that the engine
// starts.
func TestMain(m *testing.M) {
	engine.ChildMain()
	os.Exit(m.Run())
}

func contains(text, word string) bool { return strings.Contains(strings.ToLower(text), word) }

func write(t testing.TB, path, body string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(body+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// append adds to the configuration, before the start.
func (in *installation) append(body string) {
	in.t.Helper()
	f, err := os.OpenFile(in.config(), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		in.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := f.WriteString(body); err != nil {
		in.t.Fatal(err)
	}
}

// library is where npm put libchdb.
func (in *installation) library() string {
	in.t.Helper()
	found, err := filepath.Glob(filepath.Join(repository(), "services/impact/engine/node_modules/@chdb/*/libchdb.*"))
	if err != nil || len(found) == 0 {
		in.t.Fatal("the embedded ClickHouse is missing: run `make setup`")
	}
	return found[0]
}

// post signs and posts one item to a web hook of the authority ville.
func (in *installation) post(source, secret string, item map[string]any) {
	in.t.Helper()
	if status := in.posted(source, secret, item); status != http.StatusAccepted {
		in.t.Fatalf("post: status %d", status)
	}
}

// posted posts an item to a web hook and returns the status.
func (in *installation) posted(source, secret string, item map[string]any) int {
	in.t.Helper()
	body, err := json.Marshal(item)
	if err != nil {
		in.t.Fatal(err)
	}
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	req, err := http.NewRequestWithContext(in.t.Context(), http.MethodPost, "http://"+in.listen+"/hooks/ville/"+source, bytes.NewReader(body))
	if err != nil {
		in.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Crieur-Timestamp", stamp)
	req.Header.Set("Crieur-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		in.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode
}
