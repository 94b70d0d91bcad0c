package audience_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events/eventstest"
)

// browser is a Chromium without a screen, driven by its DevTools protocol over
// pipes (https://chromedevtools.github.io/devtools-protocol/).
type browser struct {
	t       *testing.T
	to      *os.File
	from    *bufio.Reader
	session string
	last    int
	seen    []seenEvent
}

type seenEvent struct {
	Method string
	Params json.RawMessage
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	dir, err := os.MkdirTemp("", "device") // t.TempDir fails where a child of the browser still writes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	theirs, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	from, answers, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--remote-debugging-pipe", "--user-data-dir="+dir, "--lang=fr", "--accept-lang=fr", "about:blank")
	cmd.ExtraFiles = []*os.File{theirs, answers} // 3 and 4
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = theirs.Close(), answers.Close()
	b := &browser{t: t, to: to, from: bufio.NewReader(from)}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
		_, _ = to.Close(), from.Close()
	})
	target := b.call("Target.createTarget", map[string]any{"url": "about:blank"})["targetId"]
	b.session = b.call("Target.attachToTarget", map[string]any{"targetId": target, "flatten": true})["sessionId"].(string)
	for _, domain := range []string{"Page", "Runtime", "Log", "ServiceWorker"} {
		b.call(domain+".enable", nil)
	}
	return b
}

func (b *browser) call(method string, params any) map[string]any {
	b.t.Helper()
	b.last++
	message := map[string]any{"id": b.last, "method": method}
	if params != nil {
		message["params"] = params
	}
	if b.session != "" {
		message["sessionId"] = b.session
	}
	body, err := json.Marshal(message)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.to.Write(append(body, 0)); err != nil {
		b.t.Fatal(err)
	}
	for {
		line, err := b.from.ReadBytes(0)
		if err != nil {
			b.t.Fatalf("%s: %v", method, err)
		}
		var answer struct {
			seenEvent
			ID     int
			Result map[string]any
			Error  *struct{ Message string }
		}
		if err := json.Unmarshal(line[:len(line)-1], &answer); err != nil {
			b.t.Fatal(err)
		}
		if answer.ID != b.last {
			b.seen = append(b.seen, answer.seenEvent)
			continue
		}
		if answer.Error != nil {
			b.t.Fatalf("%s: %s", method, answer.Error.Message)
		}
		return answer.Result
	}
}

// run evaluates a script, awaits its promise and returns its value.
func (b *browser) run(script string) any {
	b.t.Helper()
	got := b.call("Runtime.evaluate", map[string]any{"expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true})
	if bad, ok := got["exceptionDetails"]; ok {
		b.t.Fatalf("%s: %v", script, bad)
	}
	value, _ := got["result"].(map[string]any)
	return value["value"]
}

func (b *browser) open(url string) {
	b.t.Helper()
	b.call("Page.navigate", map[string]any{"url": url})
	b.until(`document.readyState === "complete" && location.href !== "about:blank"`)
}

func (b *browser) until(condition string) {
	b.t.Helper()
	defer func() {
		if b.t.Failed() {
			b.t.Logf("at %v; %v", b.run("location.pathname"), b.problems())
		}
	}()
	eventstest.Eventually(b.t, func() bool { return b.run(condition) == true }, 20*time.Second, condition)
}

// problems are what the pages complained of.
func (b *browser) problems() []string {
	var list []string
	for _, e := range b.seen {
		if e.Method == "Runtime.exceptionThrown" || e.Method == "Log.entryAdded" && strings.Contains(string(e.Params), `"level":"error"`) {
			list = append(list, string(e.Params))
		}
	}
	return list
}

// registration is the ID of the service worker of a scope.
func (b *browser) registration(scope string) string {
	b.t.Helper()
	var found string
	eventstest.Eventually(b.t, func() bool {
		b.run("1") // reads what has come
		for _, e := range b.seen {
			var p struct {
				Registrations []struct{ RegistrationID, ScopeURL string }
			}
			if e.Method == "ServiceWorker.workerRegistrationUpdated" && json.Unmarshal(e.Params, &p) == nil {
				for _, r := range p.Registrations {
					if strings.HasSuffix(r.ScopeURL, scope) {
						found = r.RegistrationID
					}
				}
			}
		}
		return found != ""
	}, 10*time.Second, fmt.Sprintf("no service worker at %s", scope))
	return found
}
