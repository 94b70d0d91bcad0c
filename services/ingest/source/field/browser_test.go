package field

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/websocket"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
)

// browser is a Chromium, driven by its DevTools protocol.
type browser struct {
	t       *testing.T
	conn    *websocket.Conn
	session string
	last    int
	console []string
}

var devTools = regexp.MustCompile(`DevTools listening on (ws://\S+)`)

func newBrowser(t *testing.T) *browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	dir, err := os.MkdirTemp("", "telephone") // t.TempDir fails where a child of the browser still writes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-port=0", "--remote-allow-origins=*", "--user-data-dir="+dir, "--lang=fr", "--accept-lang=fr", "about:blank")
	cmd.Env = append(os.Environ(), "LANGUAGE=fr")
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
	})
	address := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(said)
		for lines.Scan() {
			if m := devTools.FindStringSubmatch(lines.Text()); m != nil {
				address <- m[1]
			}
		}
	}()
	b := &browser{t: t}
	select {
	case where := <-address:
		if b.conn, err = websocket.Dial(where, "", "http://127.0.0.1"); err != nil {
			t.Fatal(err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("chromium does not listen")
	}
	t.Cleanup(func() {
		b.session = ""
		b.try("Browser.close", nil)
		_ = b.conn.Close()
	})
	b.conn.MaxPayloadBytes = 64 << 20
	target := b.call("Target.createTarget", map[string]any{"url": "about:blank"})["targetId"]
	b.session = b.call("Target.attachToTarget", map[string]any{"targetId": target, "flatten": true})["sessionId"].(string)
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.call(domain+".enable", nil)
	}
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true})
	b.call("Emulation.setGeolocationOverride", map[string]any{"latitude": 44.8378, "longitude": -0.5792, "accuracy": 12})
	return b
}

func (b *browser) call(method string, params any) map[string]any {
	b.t.Helper()
	result, problem := b.try(method, params)
	if problem != "" {
		b.t.Fatalf("%s: %s", method, problem)
	}
	return result
}

func (b *browser) try(method string, params any) (_ map[string]any, problem string) {
	b.t.Helper()
	b.last++
	message := map[string]any{"id": b.last, "method": method}
	if params != nil {
		message["params"] = params
	}
	if b.session != "" {
		message["sessionId"] = b.session
	}
	if err := b.conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		b.t.Fatal(err)
	}
	if err := websocket.JSON.Send(b.conn, message); err != nil {
		b.t.Fatal(err)
	}
	for {
		var answer struct {
			ID     int
			Method string
			Params json.RawMessage
			Result map[string]any
			Error  *struct{ Message string }
		}
		if err := websocket.JSON.Receive(b.conn, &answer); err != nil {
			return nil, err.Error()
		}
		if answer.Method == "Log.entryAdded" || answer.Method == "Runtime.exceptionThrown" {
			b.console = append(b.console, string(answer.Params))
		}
		if answer.ID != b.last {
			continue
		}
		if answer.Error != nil {
			return nil, answer.Error.Message
		}
		return answer.Result, ""
	}
}

// run gives what a script of the page gives.
func (b *browser) run(script string) any {
	b.t.Helper()
	got := b.call("Runtime.evaluate", map[string]any{"expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true})
	if problem := got["exceptionDetails"]; problem != nil {
		b.t.Fatalf("%s: %v", script, problem)
	}
	result, _ := got["result"].(map[string]any)
	return result["value"]
}

// until waits for a script to give true; a page being loaded gives nothing.
func (b *browser) until(script string) {
	b.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		got, _ := b.try("Runtime.evaluate", map[string]any{"expression": "new Promise((done) => setTimeout(() => done(" + script + "), 50))", "awaitPromise": true, "returnByValue": true})
		if result, _ := got["result"].(map[string]any); result["value"] == true {
			return
		}
	}
	b.t.Fatalf("never: %s\nthe page says: %v\n%s", script, b.run("document.body.innerText"), strings.Join(b.console, "\n"))
}

// picture keeps a screenshot where CRIEUR_SCREENSHOTS names a folder.
func (b *browser) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("CRIEUR_SCREENSHOTS")
	if dir == "" {
		return
	}
	got := b.call("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true})
	body, err := base64.StdEncoding.DecodeString(got["data"].(string))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), body, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// TestInATelephone signs in, writes, and loses the network: the page still opens,
// two entries wait, one with a photo and a place, and leave once when the network
// is back. One that the server refuses says why.
func TestInATelephone(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser")
	}
	o := newOffice(t, "")
	b := newBrowser(t)
	page := o.URL + o.form.base
	b.call("Browser.grantPermissions", map[string]any{"permissions": []string{"geolocation"}, "origin": o.URL})
	b.call("Page.navigate", map[string]any{"url": page})
	b.until(`document.querySelector("#f-code") !== null`)
	b.picture("signin")
	b.run(fmt.Sprintf(`document.querySelector("#f-code").value = %q; setTimeout(() => document.querySelector("form button").click())`, code))
	b.until(`document.querySelector("#f-title") !== null && navigator.serviceWorker.controller !== null`)
	b.until(`document.querySelector("#here") !== null && !document.querySelector("#here").hidden`)
	b.picture("form")

	o.mu.Lock()
	o.down = true
	o.mu.Unlock()
	b.call("Page.reload", nil)
	b.until(`document.querySelector("#here") !== null && !document.querySelector("#here").hidden && getComputedStyle(document.querySelector("#send")).minHeight === "56px"`)
	b.run(`document.querySelector("#here").click()`)
	b.until(`document.querySelector("[name=lat]").value === "44.837800"`)
	b.run(`(async () => {
		const canvas = document.createElement("canvas");
		canvas.width = 4000; canvas.height = 3000;
		const pen = canvas.getContext("2d");
		pen.fillStyle = "#c33"; pen.fillRect(0, 0, 4000, 3000);
		const photo = await new Promise((done) => canvas.toBlob(done, "image/jpeg"));
		const files = new DataTransfer();
		files.items.add(new File([photo], "IMG_1.JPG", { type: "image/jpeg" }));
		document.querySelector("#f-photo").files = files.files;
		document.querySelector("#f-title").value = "Arbre tombé";
		document.querySelector("#f-place").value = "Allée des Tilleuls";
		document.querySelector("#f-urgency").checked = true;
		document.querySelector("#send").click();
	})()`)
	b.until(`document.querySelectorAll("#queue li").length === 1 && document.querySelector("#status").innerText.includes("dès que le réseau revient")`)
	b.run(`document.querySelector("#f-title").value = "Lampadaire éteint"; document.querySelector("#f-urgency-2").checked = true; document.querySelector("#send").click()`)
	b.until(`document.querySelectorAll("#queue li").length === 2`)
	b.picture("waiting")
	if len(o.got()) > 0 {
		t.Fatalf("published without a network: %+v", o.got())
	}

	o.mu.Lock()
	o.down = false
	o.mu.Unlock()
	b.run(`window.dispatchEvent(new Event("online"))`)
	b.until(`document.querySelector("#queue").hidden && document.querySelector("#status").innerText.includes("envoyé")`)
	b.picture("sent")
	// what the worker sent while the page was open is told, too
	b.run(`document.querySelector("#status").replaceChildren(); navigator.serviceWorker.dispatchEvent(new MessageEvent("message", { data: { sent: 1, signin: false, refused: 0, later: 0 } }))`)
	b.until(`document.querySelector("#status").innerText.includes("envoyé")`)
	byTitle := map[string]record.Entry{}
	items := map[string]bool{}
	for _, r := range o.got() {
		e := r.Value.(record.Entry)
		byTitle[e.Title], items[r.Item] = e, true
	}
	tree, lamp := byTitle["Arbre tombé"], byTitle["Lampadaire éteint"]
	if len(items) != 2 || tree.Urgency != "Immediate" || lamp.Urgency != "Future" || tree.Place == nil || tree.Place.Lat == nil || *tree.Place.Lat != 44.8378 || len(tree.Media) != 1 || len(lamp.Media) != 0 || lamp.Place != nil {
		t.Errorf("%d items: %+v", len(items), byTitle)
	}
	if photo := o.media["/media/0.jpg"]; len(photo) < 1000 || len(photo) > 200<<10 {
		t.Errorf("a photo of %d bytes", len(photo))
	}

	b.run(`document.querySelector("#f-title").value = "x"; document.querySelector("[name=lat]").value = "99"; document.querySelector("[name=lon]").value = "1"; document.querySelector("#f-urgency").checked = true; document.querySelector("#send").click()`)
	b.until(`document.querySelector("#queue li .error")?.innerText.includes("position") === true && document.querySelector("#status .tone-danger") !== null`)
	b.picture("refused")
	b.run(`document.querySelector("#queue li button").click()`)
	b.until(`document.querySelector("#queue").hidden`)

	o.mu.Lock()
	o.stuck = "Bloqué"
	o.mu.Unlock()
	b.run(`document.querySelector("#f-title").value = "Bloqué"; document.querySelector("#f-urgency").checked = true; document.querySelector("#send").click()`)
	b.until(`document.querySelector("#queue li .hint")?.innerText.includes("503") === true && document.querySelector("#status").innerText.includes("réessayé")`)
	b.run(`document.querySelector("#f-title").value = "Passe"; document.querySelector("#f-urgency").checked = true; document.querySelector("#send").click()`)
	eventstest.Eventually(t, func() bool {
		list := o.got()
		return list[len(list)-1].Value.(record.Entry).Title == "Passe"
	}, 30*time.Second, "one that waits holds no other back")
	b.until(`document.querySelectorAll("#queue li").length === 1`)
	for _, line := range b.console {
		if strings.Contains(line, "Content Security Policy") || strings.Contains(line, "exceptionThrown") {
			t.Error(line)
		}
	}
}
