package email_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/crieur/crieur/events/eventstest"
)

// mailpit is axllent/mailpit: an SMTP server with a POP3 mailbox and chaos.
type mailpit struct{ smtp, pop3, api string }

// program finds a peer that .ci/peers installs, or skips.
func program(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if path := filepath.Join(dir, "bin", "peers", name); isFile(path) {
			return path
		}
	}
	text := name + " is missing: .ci/peers installs it"
	if os.Getenv("CI") == "true" {
		t.Fatal(text)
	}
	t.Skip(text)
	return ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func newMailpit(t *testing.T) *mailpit {
	t.Helper()
	path := program(t, "mailpit")
	m := &mailpit{smtp: eventstest.FreeAddr(t), pop3: eventstest.FreeAddr(t)}
	web := eventstest.FreeAddr(t)
	m.api = "http://" + web + "/api/v1/"
	users := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(users, []byte("bounces:mailbox-password\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--listen", web, "--smtp", m.smtp, "--pop3", m.pop3, "--pop3-auth-file", users,
		"--enable-chaos", "--disable-version-check", "--quiet")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for _, addr := range []string{web, m.smtp, m.pop3} {
		eventstest.Eventually(t, func() bool {
			conn, err := net.Dial("tcp", addr)
			if err == nil {
				_ = conn.Close()
			}
			return err == nil
		}, 30*time.Second, "mailpit does not listen")
	}
	return m
}

func (m *mailpit) get(t *testing.T, path string) []byte {
	t.Helper()
	resp, err := http.Get(m.api + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("mailpit: %s: %d %v", path, resp.StatusCode, err)
	}
	return body
}

type inbox struct {
	Total    int
	Messages []struct {
		ID, Subject, MessageID string
		To                     []struct{ Address string }
	}
}

func (m *mailpit) inbox(t *testing.T) inbox {
	t.Helper()
	var in inbox
	if err := json.Unmarshal(m.get(t, "messages?limit=1000"), &in); err != nil {
		t.Fatal(err)
	}
	return in
}

func (m *mailpit) raw(t *testing.T, id string) []byte { return m.get(t, "message/"+id+"/raw") }

// chaos makes a part of the recipients be refused for now, in percent.
func (m *mailpit) chaos(t *testing.T, percent int) {
	t.Helper()
	body := fmt.Sprintf(`{"Recipient": {"ErrorCode": 451, "Probability": %d}}`, percent)
	req, err := http.NewRequest(http.MethodPut, m.api+"chaos", bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("chaos: %d", resp.StatusCode)
	}
}
