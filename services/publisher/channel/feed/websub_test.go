package feed_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/publisher/channel"
)

// subscriber is a WebSub subscriber.
type subscriber struct {
	url string

	mu       sync.Mutex
	refuse   bool // the hub's questions
	status   int  // of its answers to content
	asked    []url.Values
	received []*http.Request
	bodies   []string
}

func newSubscriber(t *testing.T) *subscriber {
	t.Helper()
	s := &subscriber{status: http.StatusOK}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		if r.Method == http.MethodGet {
			s.asked = append(s.asked, r.URL.Query())
			if s.refuse {
				http.NotFound(w, r)
				return
			}
			_, _ = w.Write([]byte(r.URL.Query().Get("hub.challenge")))
			return
		}
		s.received, s.bodies = append(s.received, r), append(s.bodies, string(body))
		w.WriteHeader(s.status)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL + "/callback?mine=1"
	return s
}

func (s *subscriber) set(status int) { s.mu.Lock(); s.status = status; s.mu.Unlock() }

func (s *subscriber) counts() (asked, received int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked), len(s.received)
}

func (tw *town) ask(t *testing.T, form url.Values) int {
	t.Helper()
	resp, err := http.PostForm(tw.server.URL+"/feeds/hub", form)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// hubOf runs a town's hub, whose callbacks may be on this machine.
func hubOf(t *testing.T) *town {
	t.Helper()
	tw := newTown(t, channel.Strangers(time.Second, netip.MustParsePrefix("127.0.0.0/8")))
	tw.run(t)
	return tw
}

func (tw *town) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- tw.channel.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func (tw *town) subscription(s *subscriber, mode string, more ...string) url.Values {
	form := url.Values{"hub.mode": {mode}, "hub.topic": {tw.server.URL + "/feeds/pessac/voirie.atom"}, "hub.callback": {s.url}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

func TestWebSub(t *testing.T) {
	t.Parallel()
	tw, s := hubOf(t), newSubscriber(t)
	const secret = "a secret of the subscriber"
	eventstest.Eventually(t, func() bool {
		return tw.ask(t, tw.subscription(s, "subscribe", "hub.secret", secret, "hub.lease_seconds", "86400")) == http.StatusAccepted
	}, 20*time.Second, "the hub does not run")
	stored := func() int { return len(tw.shelf.Items("websub", "pessac", "subscriber")) }
	eventstest.Eventually(t, func() bool { return stored() == 1 }, 20*time.Second, "the subscription is not stored")
	q := s.asked[0]
	if q.Get("hub.lease_seconds") != "86400" || q.Get("mine") != "1" || q.Get("hub.topic") != tw.server.URL+"/feeds/pessac/voirie.atom" {
		t.Errorf("asked %v", q)
	}

	p := tw.publish(func(p *events.Publication) { p.Content.Title = "Premier" })
	eventstest.Eventually(t, func() bool { _, n := s.counts(); return n == 1 }, 20*time.Second, "nothing was sent")
	got, body := s.received[0], s.bodies[0]
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); got.Header.Get("X-Hub-Signature") != want {
		t.Errorf("signature %q, want %q", got.Header.Get("X-Hub-Signature"), want)
	}
	if body != tw.get("/feeds/pessac/voirie.atom").Body.String() || !strings.Contains(body, "Premier") ||
		got.Header.Get("Content-Type") != "application/atom+xml; charset=utf-8" ||
		!strings.Contains(got.Header.Get("Link"), `rel="hub"`) || !strings.Contains(got.Header.Get("Link"), `rel="self"`) {
		t.Errorf("sent %v\n%s", got.Header, body)
	}

	// What is elsewhere is not told; a withdrawal is.
	tw.publish(func(p *events.Publication) { p.Stream, p.Message = "culture", "other" })
	p.Revision, p.MsgType = 2, events.MsgCancel
	tw.deliver(p)
	eventstest.Eventually(t, func() bool { _, n := s.counts(); return n == 2 }, 20*time.Second, "the withdrawal was not sent")
	if strings.Contains(s.bodies[1], "Premier") {
		t.Error("the withdrawn entry was sent again")
	}

	if code := tw.ask(t, tw.subscription(s, "unsubscribe")); code != http.StatusAccepted {
		t.Fatal(code)
	}
	eventstest.Eventually(t, func() bool { return stored() == 0 }, 20*time.Second, "the subscription is still there")
}

func TestWebSubGoneAndRefused(t *testing.T) {
	t.Parallel()
	tw, gone, unwilling := hubOf(t), newSubscriber(t), newSubscriber(t)
	unwilling.refuse = true
	stored := func() int { return len(tw.shelf.Items("websub", "pessac", "subscriber")) }
	eventstest.Eventually(t, func() bool { return tw.ask(t, tw.subscription(unwilling, "subscribe")) == http.StatusAccepted }, 20*time.Second)
	tw.ask(t, tw.subscription(gone, "subscribe"))
	eventstest.Eventually(t, func() bool { n, _ := unwilling.counts(); return n > 0 && stored() == 1 }, 20*time.Second)
	gone.set(http.StatusGone)
	tw.publish(func(*events.Publication) {})
	eventstest.Eventually(t, func() bool { return stored() == 0 }, 20*time.Second, "who is gone stays subscribed")
}

func TestWebSubRefusesBadRequests(t *testing.T) {
	t.Parallel()
	tw, s := hubOf(t), newSubscriber(t)
	for name, more := range map[string][]string{
		"mode":           {"hub.mode", "publish"},
		"topic":          {"hub.topic", "https://elsewhere.example/feeds/pessac.rss"},
		"no such feed":   {"hub.topic", tw.server.URL + "/feeds/nowhere.rss"},
		"callback":       {"hub.callback", "gopher://x"},
		"user":           {"hub.callback", "http://a:b@c.example/"},
		"secret":         {"hub.secret", strings.Repeat("s", 200)},
		"lease":          {"hub.lease_seconds", "soon"},
		"long callback":  {"hub.callback", "https://c.example/" + strings.Repeat("a", 2048)},
		"negative lease": {"hub.lease_seconds", "-1"},
	} {
		if code := tw.ask(t, tw.subscription(s, "subscribe", more...)); code != http.StatusBadRequest {
			t.Errorf("%s: %d", name, code)
		}
	}
}

func TestWebSubReachesNothingInside(t *testing.T) {
	t.Parallel()
	tw := newTown(t, nil)
	tw.run(t)
	inside := newSubscriber(t)
	eventstest.Eventually(t, func() bool { return tw.ask(t, tw.subscription(inside, "subscribe")) == http.StatusAccepted }, 20*time.Second)
	eventstest.Eventually(t, func() bool { return tw.logs.has("the address is not public") }, 20*time.Second, "nothing was refused")
	if asked, _ := inside.counts(); asked != 0 || len(tw.shelf.Items("websub", "pessac", "subscriber")) != 0 {
		t.Errorf("the hub asked an address of this machine %d times", asked)
	}
	if tw.logs.has("callback?mine") {
		t.Error("a callback, which may hold a secret, is in the log")
	}
}

func TestWebSubTriesAgain(t *testing.T) {
	t.Parallel()
	tw, s := hubOf(t), newSubscriber(t)
	eventstest.Eventually(t, func() bool { return tw.ask(t, tw.subscription(s, "subscribe")) == http.StatusAccepted }, 20*time.Second)
	eventstest.Eventually(t, func() bool { return len(tw.shelf.Items("websub", "pessac", "subscriber")) == 1 }, 20*time.Second)
	s.set(http.StatusServiceUnavailable)
	tw.publish(func(*events.Publication) {})
	eventstest.Eventually(t, func() bool { _, n := s.counts(); return n >= 2 }, 20*time.Second, "it is not tried again")
	s.set(http.StatusNoContent)
	sent := func() bool {
		items := tw.shelf.Items("websub", "pessac", "subscriber")
		return len(items) == 1 && strings.Contains(string(items[0].Rendition.Body), strings.Trim(tw.get("/feeds/pessac/voirie.atom").Header().Get("ETag"), `"`))
	}
	eventstest.Eventually(t, sent, 20*time.Second, "it never arrives")
}
