package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// body reads a page of the program.
func (in *installation) body(path string) string {
	in.t.Helper()
	resp, err := http.Get("http://" + in.listen + path)
	if err != nil {
		in.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		in.t.Fatal(err)
	}
	return string(b)
}

// shows waits until a page has a text.
func (in *installation) shows(path, text string) {
	in.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !strings.Contains(in.body(path), text) {
		if time.Now().After(deadline) {
			in.t.Fatalf("%s does not show %q", path, text)
		}
		wait(in.t, 100*time.Millisecond)
	}
}

// crieur runs a command of the program with this installation's file.
func (in *installation) crieur(args ...string) (string, error) {
	cmd := exec.Command(in.bin, append(args, "--config", in.config())...)
	cmd.Dir = repository()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestPathFromSourceToImpact follows one notice from a signed post to the
// telephone, the sign, the feed, the page and the dashboard, over a polite stop
// and a second start; then an event that nobody can read, to the dead letters.
func TestPathFromSourceToImpact(t *testing.T) {
	in := install(t, "")
	s := startSink(t)
	password := filepath.Join(in.dir, "smpp.secret")
	write(t, password, "secret")
	in.counterSecret()
	in.append(fmt.Sprintf(killConfig, smsWindow, 0, s.port(), password))
	if out, err := exec.Command(in.bin, "check-config", in.config()).CombinedOutput(); err != nil {
		t.Fatalf("check-config: %s", out)
	}
	in.start()
	enrol(t, in.bus(), 3)

	in.post("guichet", benchSecret, map[string]any{"id": "eau", "title": "Coupure d'eau rue Neuve", "body": "Demain de 9 h à 12 h.", "class": "service"})
	in.shows("/feeds/ville/infos.atom", "Coupure d")
	in.shows("/signs/ville/place.txt", "COUPURE")
	in.shows("/c/ville", "rue Neuve")
	until(t, 20*time.Second, func() bool { return s.received.Load() == 3 })

	in.stop()
	in.start()
	in.shows("/feeds/ville/infos.atom", "Coupure d")
	in.shows("/signs/ville/place.txt", "COUPURE")
	if n := s.received.Load(); n != 3 {
		t.Errorf("%d SMS after the second start", n)
	}
	in.post("guichet", benchSecret, map[string]any{"id": "eau", "title": "Coupure d'eau rue Neuve", "body": "Finalement de 14 h à 16 h.", "class": "service"})
	in.shows("/signs/ville/place.txt", "14")

	broken(t, in.bus())
	until(t, 20*time.Second, func() bool {
		out, err := in.crieur("deadletter", "list")
		return err == nil && strings.Contains(out, "invalid_event")
	})
	in.stop()
}

// broken puts an event on the bus that no schema knows.
func broken(t *testing.T, nc *nats.Conn) {
	t.Helper()
	msg := nats.NewMsg("raw.ville.guichet")
	msg.Header.Set(nats.MsgIdHdr, "broken")
	msg.Data = []byte(`{"id": 12`)
	if _, err := nc.RequestMsg(msg, 5*time.Second); err != nil {
		t.Fatal(err)
	}
}

// TestStartNamesWhatIsWrong starts the program on things that cannot work.
func TestStartNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	bin, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "unknown.yaml"), "data: x\nlisten: 127.0.0.1:0\nchanels: []")
	write(t, filepath.Join(dir, "kind.yaml"), "authorities:\n- {id: a, name: A, kind: municipality}\nsources:\n- {authority: a, id: s, name: S, kind: fax}")
	write(t, filepath.Join(dir, "file"), "not a folder")
	write(t, filepath.Join(dir, "folder.yaml"), "data: "+filepath.Join(dir, "file"))
	for name, tc := range map[string]struct {
		args []string
		want []string
	}{
		"unknown key":     {[]string{"check-config", filepath.Join(dir, "unknown.yaml")}, []string{"unknown.yaml:3", "chanels", "unknown key"}},
		"unknown kind":    {[]string{"check-config", filepath.Join(dir, "kind.yaml")}, []string{"kind.yaml:4", "fax", "feed"}},
		"no such file":    {[]string{"run", "--config", filepath.Join(dir, "none.yaml")}, []string{"none.yaml"}},
		"no such command": {[]string{"publish"}, []string{"publish", "--help"}},
		"data is a file":  {[]string{"run", "--config", filepath.Join(dir, "folder.yaml")}, []string{"data", "file"}},
		"no such address": {[]string{"source", "try", "http://127.0.0.1:1/"}, []string{"127.0.0.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(bin, tc.args...)
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Fatalf("it starts: %s", out)
			}
			for _, want := range tc.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("%q does not name %q", out, want)
				}
			}
		})
	}
}

// TestReadinessNamesEachComponent reads /readyz as a supervisor does.
func TestReadinessNamesEachComponent(t *testing.T) {
	in := install(t, "")
	in.start()
	var ready struct {
		Status     string
		Components []struct{ Name string }
	}
	if err := json.Unmarshal([]byte(in.body("/readyz")), &ready); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, c := range ready.Components {
		names[c.Name] = true
	}
	for _, want := range []string{"nats", "clickhouse", "ingest", "normalizer", "curator", "audience", "publisher", "impact"} {
		if !names[want] {
			t.Errorf("readiness lacks %s", want)
		}
	}
	in.shows("/metrics", "crieur_bus_published_total")
	in.stop()
}
