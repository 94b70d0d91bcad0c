package webtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience bounds each thing asked of the browser.
const patience = 60 * time.Second

// Size is that of a screen, in CSS pixels.
type Size struct {
	Width, Height int
	Touch         bool // a telephone: one finger, and its own viewport
}

// Desktop is the screen of an office.
func Desktop() Size { return Size{Width: 1280, Height: 900} }

// Telephone is that of a telephone held in one hand.
func Telephone() Size { return Size{Width: 390, Height: 844, Touch: true} }

// Browser is one person's, in French, with nothing remembered. It is used by
// one goroutine.
type Browser struct {
	t       testing.TB
	out     *os.File
	session string

	mu      sync.Mutex
	last    int
	waiting map[int]chan reply
	loaded  chan struct{}
	workers map[string]string // service workers' registrations, by scope
	said    []string          // errors of the console and of scripts
}

type reply struct {
	Result json.RawMessage
	Error  *struct{ Message string }
}

// New starts Chromium; it ends with the test.
func New(t testing.TB) *Browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed: .ci/peers installs it")
	}
	profile, err := os.MkdirTemp("", "browser") // t.TempDir fails where a child of the browser still writes
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	theirs, ours, err := os.Pipe() // to the browser
	must(t, err)
	from, to, err := os.Pipe() // from the browser
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe",
		"--user-data-dir="+profile, "--lang=fr", "--accept-lang=fr", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--hide-scrollbars", "about:blank")
	cmd.Env = append(os.Environ(), "LANGUAGE=fr")
	cmd.ExtraFiles = []*os.File{theirs, to} // 3 and 4, as --remote-debugging-pipe reads and writes
	must(t, cmd.Start())
	must(t, errors.Join(theirs.Close(), to.Close()))
	b := &Browser{t: t, out: ours, waiting: map[int]chan reply{}, workers: map[string]string{}, loaded: make(chan struct{}, 16)}
	ended := make(chan struct{})
	go func() { defer close(ended); b.listen(from) }()
	t.Cleanup(func() {
		_, _ = b.try("Browser.close", nil)
		cancel()
		_ = cmd.Wait() // it was killed, if it did not close
		_ = ours.Close()
		_ = from.Close()
		<-ended
	})
	var target struct{ TargetID string }
	b.call(&target, "Target.createTarget", map[string]any{"url": "about:blank"})
	var attached struct{ SessionID string }
	b.call(&attached, "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true})
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "ServiceWorker"} {
		b.call(nil, domain+".enable", nil)
	}
	b.Resize(Desktop())
	b.Dark(false)
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// listen reads what the browser says, a NUL after each message, until it ends.
func (b *Browser) listen(from *os.File) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 256<<20)
	lines.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		if i := bytes.IndexByte(data, 0); i >= 0 {
			return i + 1, data[:i], nil
		}
		return 0, nil, nil
	})
	for lines.Scan() {
		var m struct {
			ID     int
			Method string
			Params json.RawMessage
			reply
		}
		if json.Unmarshal(lines.Bytes(), &m) != nil {
			continue
		}
		b.mu.Lock()
		switch {
		case m.ID != 0:
			if ch := b.waiting[m.ID]; ch != nil {
				ch <- m.reply
				delete(b.waiting, m.ID)
			}
		case m.Method == "Log.entryAdded" && bytes.Contains(m.Params, []byte(`"level":"error"`)), m.Method == "Runtime.exceptionThrown":
			b.said = append(b.said, string(m.Params))
		case m.Method == "ServiceWorker.workerRegistrationUpdated":
			b.registered(m.Params)
		case m.Method == "Page.javascriptDialogOpening":
			// Asked whether to leave what was typed, this person always does.
			go func() { _, _ = b.try("Page.handleJavaScriptDialog", map[string]any{"accept": true}) }()
		case m.Method == "Page.loadEventFired":
			select {
			case b.loaded <- struct{}{}:
			default:
			}
		}
		b.mu.Unlock()
	}
}

func (b *Browser) try(method string, params any) (json.RawMessage, error) {
	b.mu.Lock()
	b.last++
	id, answer := b.last, make(chan reply, 1)
	b.waiting[id] = answer
	b.mu.Unlock()
	message := map[string]any{"id": id, "method": method}
	if params != nil {
		message["params"] = params
	}
	if b.session != "" && !strings.HasPrefix(method, "Browser.") {
		message["sessionId"] = b.session
	}
	body, err := json.Marshal(message)
	if err != nil {
		return nil, err
	}
	if _, err := b.out.Write(append(body, 0)); err != nil {
		return nil, fmt.Errorf("browser: %s: %w", method, err)
	}
	select {
	case r := <-answer:
		if r.Error != nil {
			return nil, fmt.Errorf("browser: %s: %s", method, r.Error.Message)
		}
		return r.Result, nil
	case <-time.After(patience):
		return nil, fmt.Errorf("browser: %s: no answer in %s", method, patience)
	}
}

func (b *Browser) call(result any, method string, params any) {
	b.t.Helper()
	body, err := b.try(method, params)
	must(b.t, err)
	if result != nil {
		must(b.t, json.Unmarshal(body, result))
	}
}

// Resize shows pages on another screen.
func (b *Browser) Resize(s Size) {
	b.t.Helper()
	b.call(nil, "Emulation.setDeviceMetricsOverride", map[string]any{"width": s.Width, "height": s.Height, "deviceScaleFactor": 1, "mobile": s.Touch})
	b.call(nil, "Emulation.setTouchEmulationEnabled", map[string]any{"enabled": s.Touch})
}

// Dark shows pages as people see them who prefer dark colours.
func (b *Browser) Dark(dark bool) {
	b.t.Helper()
	value := "light"
	if dark {
		value = "dark"
	}
	b.call(nil, "Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{
		{"name": "prefers-color-scheme", "value": value},
		{"name": "prefers-reduced-motion", "value": "reduce"}, // a colour half way to another is nobody's choice
	}})
}

// Go opens an address and waits until it is loaded.
func (b *Browser) Go(address string) {
	b.t.Helper()
	b.Follow(func() {
		var went struct{ ErrorText string }
		b.call(&went, "Page.navigate", map[string]any{"url": address})
		if went.ErrorText != "" {
			b.t.Fatalf("browser: %s: %s", address, went.ErrorText)
		}
	})
}

// Follow does what leads to another page, and waits until that is loaded.
func (b *Browser) Follow(act func()) {
	b.t.Helper()
	for len(b.loaded) > 0 {
		<-b.loaded
	}
	act()
	select {
	case <-b.loaded:
	case <-time.After(patience):
		b.t.Fatalf("browser: the page does not load in %s", patience)
	}
}

// Eval runs an expression in the page, waits for it when it is a promise, and
// decodes its value; result may be nil.
func (b *Browser) Eval(result any, expression string) {
	b.t.Helper()
	var r struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	b.call(&r, "Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true})
	if e := r.ExceptionDetails; e != nil {
		b.t.Fatalf("browser: %s %s", e.Text, e.Exception.Description)
	}
	if result != nil {
		must(b.t, json.Unmarshal(r.Result.Value, result))
	}
}

// Press sends a key to what has the focus.
func (b *Browser) Press(key string) {
	b.t.Helper()
	for _, kind := range []string{"keyDown", "keyUp"} {
		params := map[string]any{"type": kind, "key": key}
		if kind == "keyDown" && len(key) == 1 {
			params["text"] = key
		}
		b.call(nil, "Input.dispatchKeyEvent", params)
	}
}

// Said are the errors that pages and their scripts wrote in the console.
func (b *Browser) Said() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.said
}

// Keep saves a picture of the page as <name>.png in the folder that the
// variable CRIEUR_PICTURES names, for people to look at; without it, nothing.
// whole is all of the page, not only what the screen holds.
func (b *Browser) Keep(name string, whole bool) {
	b.t.Helper()
	dir := os.Getenv("CRIEUR_PICTURES")
	if dir == "" {
		return
	}
	var shot struct{ Data string }
	b.call(&shot, "Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": whole})
	body, err := base64.StdEncoding.DecodeString(shot.Data)
	must(b.t, err)
	must(b.t, os.WriteFile(filepath.Join(dir, name+".png"), body, 0o600))
}
