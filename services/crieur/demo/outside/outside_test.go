package outside_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/smtp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/crieur/demo/outside"
	"github.com/linxGnu/gosmpp"
	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
)

// world runs the outside until the test ends.
func world(t *testing.T) *outside.World {
	t.Helper()
	w, _ := worldOf(t, filepath.Join(t.TempDir(), "inbox.json"))
	return w
}

// worldOf runs the outside with a file's inbox, until stop.
func worldOf(t *testing.T, inbox string) (w *outside.World, stop func()) {
	t.Helper()
	w, err := outside.Listen(outside.Ports{}, inbox)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(stop)
	return w, stop
}

// await returns the n-th thing of a kind once it is there.
func await(t *testing.T, b *outside.Inbox, kind string, n int) outside.Received {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		changed := b.Changed()
		if list := b.List(kind, n); len(list) == n {
			return list[0]
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("%d of %d %s came", b.Total(kind), n, kind)
		}
	}
}

func TestSMSCTakesMessagesAndGivesReceipts(t *testing.T) {
	t.Parallel()
	w := world(t)
	receipts := make(chan string, 1)
	session, err := gosmpp.NewSession(gosmpp.TRXConnector(gosmpp.NonTLSDialer, gosmpp.Auth{SMSC: w.SMPP(), SystemID: "crieur", Password: "x"}), gosmpp.Settings{
		ReadTimeout: 30 * time.Second,
		OnPDU: func(p pdu.PDU, _ bool) {
			switch p := p.(type) {
			case *pdu.SubmitSMResp:
				if w.Inbox.Total("sms") != 1 {
					t.Error("it is taken before it is kept")
				}
			case *pdu.DeliverSM:
				text, _ := p.Message.GetMessage()
				receipts <- text
			}
		},
	}, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	sm, ok := pdu.NewSubmitSM().(*pdu.SubmitSM)
	if !ok {
		t.Fatal("no submit_sm")
	}
	sm.DestAddr, sm.RegisteredDelivery = pdu.NewAddress(), 1
	if err := sm.DestAddr.SetAddress("33600000001"); err != nil {
		t.Fatal(err)
	}
	if err := sm.Message.SetMessageWithEncoding("Coupure d'eau rue de la Paix", data.GSM7BIT); err != nil {
		t.Fatal(err)
	}
	if err := session.Transceiver().Submit(sm); err != nil {
		t.Fatal(err)
	}
	if got := await(t, w.Inbox, "sms", 1); got.To != "33600000001" || got.Text != "Coupure d'eau rue de la Paix" {
		t.Errorf("got %+v", got)
	}
	select {
	case text := <-receipts:
		if !strings.Contains(text, "id:1 ") || !strings.Contains(text, "stat:DELIVRD") {
			t.Errorf("receipt %q", text)
		}
	case <-time.After(10 * time.Second):
		t.Error("no receipt")
	}
}

func TestMailIsRead(t *testing.T) {
	t.Parallel()
	w := world(t)
	body := "Subject: =?utf-8?q?Coupure_d=E2=80=99eau?=\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nMardi.\r\n"
	if err := smtp.SendMail(w.SMTP(), nil, "ville@example.org", []string{"a@example.org"}, []byte(body)); err != nil {
		t.Fatal(err)
	}
	if got := await(t, w.Inbox, "email", 1); got.Title != "Coupure d’eau" || strings.TrimSpace(got.Text) != "Mardi." {
		t.Errorf("got %+v", got)
	}
}

func TestMastodonHonoursTheIdempotencyKey(t *testing.T) {
	t.Parallel()
	w := world(t)
	post := func(method, path, body string) int {
		req, err := http.NewRequestWithContext(t.Context(), method, w.Web()+path, bytes.NewBufferString(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", "k1")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		return resp.StatusCode
	}
	for range 2 {
		post("POST", "/api/v1/statuses", `{"status":"Bonjour"}`)
	}
	if n := w.Inbox.Total("mastodon"); n != 1 {
		t.Errorf("%d posts", n)
	}
	post("PUT", "/api/v1/statuses/1", `{"status":"Bonsoir"}`)
	if got := w.Inbox.List("mastodon", 1)[0]; got.Text != "Bonsoir" || got.State != "edited" {
		t.Errorf("got %+v", got)
	}
	if code := post("DELETE", "/api/v1/statuses/9", ""); code != http.StatusNotFound {
		t.Errorf("deleting nothing: %d", code)
	}
}

// What was received is there at the next start, and is still edited by its name.
func TestInboxOutlivesTheProgram(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "inbox.json")
	post := func(w *outside.World, method, path, body string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, w.Web()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s %s: %s", method, path, resp.Status)
		}
	}
	w, stop := worldOf(t, file)
	post(w, "POST", "/api/v1/statuses", `{"status":"Bonjour"}`)
	eventstest.Eventually(t, func() bool {
		body, err := os.ReadFile(file)
		return err == nil && bytes.Contains(body, []byte("Bonjour"))
	}, 30*time.Second, "a kill would forget it")
	post(w, "POST", "/api/v1/statuses", `{"status":"Bonsoir"}`)
	stop()

	w, stop = worldOf(t, file)
	post(w, "POST", "/api/v1/statuses", `{"status":"Bonne nuit"}`)
	post(w, "PUT", "/api/v1/statuses/1", `{"status":"Bon matin"}`)
	stop()

	w, _ = worldOf(t, file)
	var texts []string
	for _, got := range w.Inbox.List("mastodon", 9) {
		texts = append(texts, got.Text+got.State)
	}
	if want := []string{"Bonne nuit", "Bonsoir", "Bon matinedited"}; !slices.Equal(texts, want) || w.Inbox.Total("mastodon") != 3 {
		t.Errorf("%d: %q", w.Inbox.Total("mastodon"), texts)
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := outside.Listen(outside.Ports{}, file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a broken file: %v", err)
	}
}

// What webpush-go encrypts is read; what is of no device is refused as over.
func TestNotificationIsDecrypted(t *testing.T) {
	t.Parallel()
	w := world(t)
	d, err := outside.NewDevice("telephone-1")
	if err != nil {
		t.Fatal(err)
	}
	body, err := w.AddDevice(d)
	if err != nil {
		t.Fatal(err)
	}
	var sub webpush.Subscription
	if err := json.Unmarshal([]byte(body), &sub); err != nil {
		t.Fatal(err)
	}
	private, public, err := webpush.GenerateVAPIDKeys()
	if err != nil {
		t.Fatal(err)
	}
	notify := func(text string) int {
		resp, err := webpush.SendNotificationWithContext(t.Context(), []byte(`{"title":"Albi","body":"`+text+`","tag":"p1"}`), &sub, &webpush.Options{Subscriber: "a@example.org", VAPIDPrivateKey: private, VAPIDPublicKey: public, TTL: 60})
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	if code := notify("Coupure d’eau"); code != http.StatusCreated {
		t.Fatalf("%d", code)
	}
	if got := await(t, w.Inbox, "push", 1); got.Title != "Albi" || got.Text != "Coupure d’eau" || got.To != "telephone-1" {
		t.Errorf("got %+v", got)
	}
	notify("Coupure levée")
	if got := w.Inbox.List("push", 9); len(got) != 1 || got[0].Text != "Coupure levée" || got[0].State != "edited" {
		t.Errorf("a notification of the same tag does not replace the first: %+v", got)
	}
	sub.Endpoint += "0"
	if code := notify("rien"); code != http.StatusGone {
		t.Errorf("an unknown device: %d", code)
	}
}
