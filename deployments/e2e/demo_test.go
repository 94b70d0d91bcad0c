package e2e_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/services/web/webtest"
)

// TestDemonstration does what the README tells a newcomer to do, in a browser:
// he sees messages, approves one, and sees it on the sign, in the feed, as SMS,
// mail and notification, and in the dashboard. A second start goes on.
func TestDemonstration(t *testing.T) {
	in := install(t, "")
	in.args = []string{"--demo"}
	b := webtest.New(t)
	b.Resize(webtest.Desktop())
	from := time.Now()
	in.start()
	t.Logf("ready after %s", time.Since(from))

	base := "http://" + in.listen
	in.signIn(b)
	eventually(t, b, base+"/console/albi", `document.body.innerText.includes("Coupure d’eau") && document.querySelectorAll("a[data-row]").length >= 3`)
	t.Logf("messages after %s", time.Since(from))
	b.Follow(func() {
		b.Eval(nil, `[...document.querySelectorAll("a[data-row]")].find(a => a.textContent.includes("Coupure d’eau")).click()`)
	})
	b.Keep("demo-item", true)
	t.Logf("opened after %s", time.Since(from))
	b.Follow(func() {
		b.Eval(nil, `[...document.querySelectorAll("button[name=do]")].find(b => b.value == "approve").click()`)
	})
	t.Logf("approved after %s", time.Since(from))
	eventually(t, b, base+"/demo", `["sms", "email", "push", "mastodon", "slack"].every(k => document.querySelector(".inbox-" + k).innerText.includes("Coupure d"))`)
	in.shows("/signs/albi/place-du-vigan.txt", "COUPURE")
	in.shows("/feeds/albi/infos.atom", "Coupure d")
	t.Logf("received after %s", time.Since(from))
	eventually(t, b, base+"/impact/albi", `/Personnes informées\s+(\d+)/.exec(document.body.innerText)?.[1] >= 75`)
	t.Logf("in the dashboard after %s", time.Since(from)) // make bench shows it
	b.Go(base + "/demo")
	b.Keep("demo-inbox", true)
	if said := b.Said(); len(said) > 0 {
		t.Errorf("the browser's console: %q", said)
	}

	// Nothing is sent again, nothing is lost: what was received is still shown.
	sms := func() (n int) {
		b.Go(base + "/demo")
		var received string
		b.Eval(&received, `document.querySelector(".inbox-sms h2 .quiet").innerText`)
		n, err := strconv.Atoi(received)
		if err != nil {
			t.Errorf("%q SMS were received", received)
		}
		return n
	}
	before := sms()
	in.stop()
	in.start()
	in.shows("/signs/albi/place-du-vigan.txt", "COUPURE")
	eventually(t, b, base+"/console/albi?tab=published", `document.body.innerText.includes("Coupure d’eau")`)
	wait(t, 2*time.Second)
	if again := sms(); before == 0 || again != before {
		t.Errorf("%d SMS were received before the second start, %d after it", before, again)
	}
	in.stop()
}

// signIn is the first officer of the demonstration.
func (in *installation) signIn(b *webtest.Browser) {
	in.t.Helper()
	password, err := os.ReadFile(filepath.Join(in.data()+"-demo", "demo", "password"))
	if err != nil {
		in.t.Fatal(err)
	}
	b.Go("http://" + in.listen + "/console")
	b.Follow(func() {
		b.Eval(nil, `document.querySelector("[name=email]").value = "claire@albi.example.org";
document.querySelector("[name=password]").value = `+strconv.Quote(strings.TrimSpace(string(password)))+`;
document.querySelector("form.signin").requestSubmit()`)
	})
}

// eventually opens a page until an expression is true in it.
func eventually(t *testing.T, b *webtest.Browser, address, expression string) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		b.Go(address)
		var ok bool
		if b.Eval(&ok, "!!("+expression+")"); ok {
			return
		}
		if time.Now().After(deadline) {
			var text string
			b.Eval(&text, "document.body.innerText")
			t.Fatalf("%s: never true: %s\n%s", address, expression, text)
		}
		wait(t, 100*time.Millisecond)
	}
}
