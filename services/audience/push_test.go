package audience_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/web/webtest"
)

// subscription is what a browser would give.
func subscription(t *testing.T, endpoint string) string {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	auth := make([]byte, 16)
	_, _ = rand.Read(auth)
	body, err := json.Marshal(map[string]any{"endpoint": endpoint, "expirationTime": nil, "keys": map[string]string{
		"p256dh": base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()), "auth": base64.RawURLEncoding.EncodeToString(auth),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func withPush(tw *town) {
	tw.t.Helper()
	if _, err := tw.reg.Channels.Put(tw.t.Context(), registry.Channel{Authority: "pessac", ID: "notif", Name: "Notifications", Kind: "push", Window: 8}); err != nil {
		tw.t.Fatal(err)
	}
}

const device = "/c/pessac/notifications"

// subscribePush goes the whole way and returns the preferences' path.
func (tw *town) subscribePush(sub, ip string) string {
	tw.t.Helper()
	w := tw.call(http.MethodPost, device, url.Values{"stream": {"infos"}, "consent": {"1"}, "subscription": {sub}}, ip)
	if w.Code != http.StatusSeeOther {
		tw.t.Fatalf("subscribe: %d %s", w.Code, w.Body)
	}
	d := tw.await(1)[0]
	short := tw.get("/p/" + d.Publication[:12])
	if at := short.Header().Get("Location"); at != w.Header().Get("Location") {
		tw.t.Errorf("the notification of the code leads to %q", at)
	}
	w = tw.call(http.MethodPost, w.Header().Get("Location"), url.Values{"code": {sixDigits.FindString(d.Rendition.Text)}}, ip)
	if w.Code != http.StatusSeeOther {
		tw.t.Fatalf("confirm: %d %s", w.Code, w.Body)
	}
	return w.Header().Get("Location")
}

func TestNotificationsOfADevice(t *testing.T) {
	t.Parallel()
	tw := newTown(t, withPush)
	page := tw.get(device).Body.String()
	for _, want := range []string{`data-key="/push/pessac/notif/key"`, `data-worker="/c/pessac/notifications.js"`, "adresse technique", "<noscript>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if w := tw.get(device + ".js"); w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/javascript") {
		t.Errorf("service worker: %d %s", w.Code, w.Header().Get("Content-Type"))
	}
	if w := tw.get("/c/bordeaux-metropole/notifications"); w.Code != http.StatusNotFound {
		t.Errorf("an authority without the channel offers it: %d", w.Code)
	}
	for name, bad := range map[string]string{
		"empty": "", "no object": "[]", "plain": strings.Replace(subscription(t, "https://fcm.googleapis.com/x"), "https", "http", 1),
		"no key": `{"endpoint":"https://fcm.googleapis.com/x","keys":{"p256dh":"AAAA","auth":"AAAA"}}`,
	} {
		w := tw.call(http.MethodPost, device, url.Values{"stream": {"infos"}, "consent": {"1"}, "subscription": {bad}}, "192.0.2.77")
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "n’a pas pu activer") {
			t.Errorf("%s: %d", name, w.Code)
		}
	}

	sub := subscription(t, "https://updates.push.services.mozilla.com/wpush/v2/abc")
	prefs := tw.subscribePush(sub, "192.0.2.1")
	if page := tw.get(prefs).Body.String(); !strings.Contains(page, "Firefox") || strings.Contains(page, "wpush") {
		t.Error("the preferences do not name the browser, or show the endpoint")
	}
	if export := tw.get(prefs + "/export").Body.String(); !strings.Contains(export, `"2026-11-push-fr"`) {
		t.Error("the proof lacks the text that was shown")
	}
	item := news("push1", "eau")
	item.Channels = append(item.Channels, "notif")
	tw.publish(item)
	d := tw.await(1)
	if len(d) != 1 || d[0].Kind != "push" {
		t.Fatalf("%+v", d)
	}
	c := tw.resolve(d[0])[0]
	var kept struct{ Endpoint string }
	if json.Unmarshal([]byte(c.Address.Reveal()), &kept) != nil || !strings.HasSuffix(kept.Endpoint, "/abc") || c.Unsubscribe == "" {
		t.Fatalf("resolve: %v", c.Reason)
	}

	// the browser changes its subscription by itself
	renewed := subscription(t, "https://updates.push.services.mozilla.com/wpush/v2/def")
	if w := tw.call(http.MethodPost, device+"/appareil", url.Values{"do": {"renew"}, "subscription": {sub}, "new": {renewed}}, "192.0.2.1"); w.Code != http.StatusNoContent {
		t.Fatalf("renew: %d", w.Code)
	}
	if json.Unmarshal([]byte(tw.resolve(d[0])[0].Address.Reveal()), &kept) != nil || !strings.HasSuffix(kept.Endpoint, "/def") {
		t.Error("the new subscription is not taken")
	}
	if w := tw.call(http.MethodPost, device+"/appareil", url.Values{"do": {"prefs"}, "subscription": {sub}}, "192.0.2.1"); !strings.HasSuffix(w.Header().Get("Location"), "?nouveau=1") {
		t.Error("the old subscription still opens the preferences")
	}
	if w := tw.call(http.MethodPost, device+"/appareil", url.Values{"do": {"prefs"}, "subscription": {renewed}}, "192.0.2.1"); w.Header().Get("Location") != prefs {
		t.Error("the device does not find its preferences")
	}
	tw.call(http.MethodPost, device+"/appareil", url.Values{"do": {"stop"}, "subscription": {renewed}}, "192.0.2.1")
	if c := tw.resolve(d[0])[0]; c.Reason != events.ReasonOptedOut {
		t.Errorf("after stopping: %v", c.Reason)
	}
}

// Who gets a code that he did not ask for ends it in one gesture.
func TestACodeThatNobodyAskedFor(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	path, d := tw.ask("email", "paul@boite.example", "192.0.2.1", "infos")
	leave := tw.resolve(d)[0].Unsubscribe
	if w := tw.get(leave); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Ne plus m’envoyer de code") {
		t.Fatalf("page: %d", w.Code)
	}
	if w := tw.call(http.MethodPost, leave, url.Values{"List-Unsubscribe": {"One-Click"}}, "192.0.2.9"); w.Code != http.StatusOK {
		t.Fatalf("one click: %d", w.Code)
	}
	if w := tw.call(http.MethodPost, path, url.Values{"code": {sixDigits.FindString(d.Rendition.Text)}}, "192.0.2.1"); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("the refused code still confirms: %d", w.Code)
	}
	w := tw.call(http.MethodPost, "/c/pessac/abonnement", url.Values{"stream": {"infos"}, "kind": {"email"}, "email": {"paul@boite.example"}, "consent": {"1"}}, "192.0.2.4")
	if w.Code != http.StatusUnprocessableEntity {
		t.Errorf("another code is sent: %d", w.Code)
	}
}

// In Chromium: permission, worker, subscription, the code that comes in a
// notification and is entered by the page, and what the notification shows.
// The push service alone, which is on the Internet, is replaced.
func TestNotificationsInABrowser(t *testing.T) {
	t.Parallel()
	b := webtest.New(t)
	tw := newTown(t, withPush)
	mux := http.NewServeMux()
	mux.Handle("/", tw.http)
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	mux.HandleFunc("GET /push/pessac/notif/key", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"key": base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes())})
	})
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	sub := subscription(t, "https://fcm.googleapis.com/fcm/send/xyz")
	b.Grant(site.URL, "notifications")
	b.Before(`
		PushManager.prototype.subscribe = async (options) => {
			if (!options.userVisibleOnly || options.applicationServerKey.length !== 65) throw new Error("options");
			return { toJSON: () => (` + sub + `) };
		};`)

	b.Go(site.URL + device)
	b.Until(`document.querySelector("form[data-subscribe]").checkVisibility()`)
	var told []string
	b.Eval(&told, `[...document.querySelectorAll("#push .notice")].filter((n) => n.checkVisibility()).map((n) => n.innerText)`)
	if len(told) != 0 {
		t.Errorf("before anything went wrong, the page says %q", told)
	}
	b.Eval(nil, `document.querySelector("input[name=stream][value=infos]").click(); document.querySelector("input[name=consent]").click();
		document.querySelector("form[data-subscribe] button").click()`)
	b.Until(`location.pathname.startsWith("/abonnement/")`)
	b.Until(`document.readyState === "complete"`)
	code := tw.await(1)[0]
	deliver := func(m map[string]any) {
		t.Helper()
		body, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		b.Push(site.URL, "/c/pessac/", string(body))
	}
	deliver(map[string]any{"title": code.Rendition.Text, "tag": code.Publication, "url": site.URL + "/p/" + code.Publication[:12], "lang": "fr"})
	b.Until(`location.pathname.startsWith("/preferences/")`)

	deliver(map[string]any{
		"title": "Coupure d’eau", "body": "Rue de l’Église\nMardi", "url": site.URL + "/p/abc", "tag": "t1", "lang": "fr",
		"requireInteraction": true, "leave": site.URL + "/d/xyz",
	})
	const shown = `navigator.serviceWorker.getRegistration("/c/pessac/").then((r) => r.getNotifications({ tag: "t1" })).then((list) => list.map((n) =>
		[n.title, n.body, n.tag, n.lang, n.requireInteraction, n.data.url, n.data.leave, n.actions.map((a) => a.title).join()].join("|")).join())`
	want := "Coupure d’eau|Rue de l’Église\nMardi|t1|fr|true|" + site.URL + "/p/abc|" + site.URL + "/d/xyz|Ne plus recevoir"
	eventually(t, b, shown, want)
	deliver(map[string]any{"title": "Rétablie", "tag": "t1", "url": "javascript:alert(1)"})
	eventually(t, b, shown, "Rétablie||t1|fr|false|||")
	if bad := b.Said(); len(bad) > 0 {
		t.Errorf("the pages complain: %v", bad)
	}
}

func eventually(t *testing.T, b *webtest.Browser, script, want string) {
	t.Helper()
	quoted, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	b.Until("(" + script + ").then((got) => got === " + string(quoted) + ")")
}
