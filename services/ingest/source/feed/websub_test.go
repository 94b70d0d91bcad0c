package feed

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
)

// town publishes a feed and runs its hub, as the W3C recommendation says hubs do.
type town struct {
	t      *testing.T
	server *httptest.Server // of the feed and the hub
	ours   *httptest.Server // of the callback
	feed   *Feed
	deps   source.Deps

	mu       sync.Mutex
	now      time.Time
	lease    string // that the hub grants, "" for no word of it
	asked    []url.Values
	deaf     bool // the hub accepts and never verifies
	status   int  // that the hub answers at once, 0 to accept
	broken   bool // the feed cannot be read
	document string
	header   http.Header
	records  []source.Record
	refuse   bool // the bus is away
}

func newTown(t *testing.T) *town {
	t.Helper()
	tw := &town{t: t, now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), lease: "864000", header: http.Header{}}
	tw.server = httptest.NewServer(http.HandlerFunc(tw.serve))
	t.Cleanup(tw.server.Close)
	tw.ours = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tw.feed.Serve(w, r, func(_ context.Context, records []source.Record) error {
			tw.mu.Lock()
			defer tw.mu.Unlock()
			if tw.refuse {
				return fmt.Errorf("the bus is away")
			}
			tw.records = append(tw.records, records...)
			return nil
		})
	}))
	t.Cleanup(tw.ours.Close)
	tw.document = strings.Replace(two, "<link>", `<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="hub" href="/hub"/><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="self" href="/sujet"/><link>`, 1)
	client, err := fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	tw.deps = source.Deps{
		HTTP: client, Now: tw.clock, Memory: &source.Local{},
		Callback: func(authority, id string) string { return tw.ours.URL + "/hooks/" + authority + "/" + id },
	}
	tw.start("")
	return tw
}

// start makes the feed anew, as after a restart.
func (tw *town) start(settings string) {
	tw.t.Helper()
	f, err := New(tw.deps, source.Spec{Authority: "saint-aubin", ID: "actus", URL: tw.server.URL + "/flux", Settings: []byte(settings)})
	if err != nil {
		tw.t.Fatal(err)
	}
	tw.feed = f
}

func (tw *town) clock() time.Time {
	tw.mu.Lock()
	defer tw.mu.Unlock()
	return tw.now
}

func (tw *town) serve(w http.ResponseWriter, r *http.Request) {
	tw.mu.Lock()
	document, lease, deaf, status, broken := tw.document, tw.lease, tw.deaf, tw.status, tw.broken
	for name, values := range tw.header {
		w.Header()[name] = values
	}
	tw.mu.Unlock()
	if r.URL.Path != "/hub" {
		if broken {
			w.WriteHeader(http.StatusBadGateway)
		}
		fmt.Fprint(w, document)
		return
	}
	if err := r.ParseForm(); err != nil || r.Method != http.MethodPost {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	tw.mu.Lock()
	tw.asked = append(tw.asked, r.PostForm)
	tw.mu.Unlock()
	if status != 0 {
		w.WriteHeader(status)
		return
	}
	if !deaf {
		status, text := tw.intent(r.PostForm, lease)
		if status != http.StatusOK || text != "défi 42" {
			tw.t.Errorf("verification: %d %q", status, text)
		}
	}
	w.WriteHeader(http.StatusAccepted)
}

// intent verifies as WebSub §5.3 says.
func (tw *town) intent(form url.Values, lease string) (int, string) {
	callback, err := url.Parse(form.Get("hub.callback"))
	if err != nil {
		tw.t.Error(err)
		return 0, ""
	}
	q := callback.Query()
	q.Set("hub.mode", "subscribe")
	q.Set("hub.topic", form.Get("hub.topic"))
	q.Set("hub.challenge", "défi 42")
	if lease != "" {
		q.Set("hub.lease_seconds", lease)
	}
	callback.RawQuery = q.Encode()
	return get(tw.t, callback.String())
}

func get(t *testing.T, address string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(text)
}

// distribute sends a document to the callback that the last subscription named.
func (tw *town) distribute(document, signature string) int {
	tw.t.Helper()
	tw.mu.Lock()
	callback := tw.asked[len(tw.asked)-1].Get("hub.callback")
	tw.mu.Unlock()
	req, err := http.NewRequestWithContext(tw.t.Context(), http.MethodPost, callback, strings.NewReader(document))
	if err != nil {
		tw.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/rss+xml")
	req.Header.Set("X-Hub-Signature", signature)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		tw.t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

func (tw *town) secret() string {
	tw.mu.Lock()
	defer tw.mu.Unlock()
	return tw.asked[len(tw.asked)-1].Get("hub.secret")
}

func signWith(name string, algorithm func() hash.Hash, secret, document string) string {
	mac := hmac.New(algorithm, []byte(secret))
	mac.Write([]byte(document))
	return name + "=" + hex.EncodeToString(mac.Sum(nil))
}

// poll fetches, with another document each time when anew.
func (tw *town) poll(anew bool) {
	tw.t.Helper()
	if anew {
		tw.mu.Lock()
		tw.document += " "
		tw.mu.Unlock()
	}
	if _, _, err := tw.feed.Fetch(tw.t.Context(), source.Cursor{}); err != nil {
		tw.t.Fatal(err)
	}
}

func (tw *town) pass(d time.Duration) {
	tw.mu.Lock()
	defer tw.mu.Unlock()
	tw.now = tw.now.Add(d)
}

func (tw *town) requests() int {
	tw.mu.Lock()
	defer tw.mu.Unlock()
	return len(tw.asked)
}

func TestTheHubPushes(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	tw.poll(false)
	if tw.requests() != 1 || tw.asked[0].Get("hub.topic") != tw.server.URL+"/sujet" || tw.asked[0].Get("hub.mode") != "subscribe" || len(tw.secret()) < 20 {
		t.Fatalf("asked %v", tw.asked)
	}
	secret := tw.secret()
	if strings.Contains(tw.asked[0].Get("hub.callback"), secret) {
		t.Error("the secret is in the address")
	}
	for name, c := range map[string]struct {
		document, signature string
		want                int
	}{
		"sha256":         {two, signWith("sha256", sha256.New, secret, two), 202},
		"sha512":         {two, signWith("sha512", sha512.New, secret, two), 202},
		"none":           {two, "", 401},
		"another secret": {two, signWith("sha256", sha256.New, "x"+secret, two), 401},
		"another body":   {two + " ", signWith("sha256", sha256.New, secret, two), 401},
		"md5":            {two, "md5=00", 401},
		"no feed":        {"ping", signWith("sha256", sha256.New, secret, "ping"), 422},
		"too large":      {strings.Repeat("x", 2<<20), "sha256=00", 413},
	} {
		tw.mu.Lock()
		tw.records = nil
		tw.mu.Unlock()
		if got := tw.distribute(c.document, c.signature); got != c.want || (got == 202) != (len(tw.records) == 2) {
			t.Errorf("%s: %d, want %d, %d records", name, got, c.want, len(tw.records))
		}
	}
	tw.mu.Lock()
	tw.refuse = true
	tw.mu.Unlock()
	if got := tw.distribute(two, signWith("sha256", sha256.New, secret, two)); got != 503 {
		t.Errorf("the bus is away: %d", got)
	}
}

func TestOnlyOurHubIsAnswered(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	callback := tw.ours.URL + "/hooks/saint-aubin/actus"
	if status, _ := get(t, callback+"?k=&hub.mode=subscribe&hub.challenge=x&hub.topic=y"); status != 404 {
		t.Errorf("before any subscription: %d", status)
	}
	tw.poll(false)
	good := tw.asked[0].Get("hub.callback")
	topic := url.QueryEscape(tw.asked[0].Get("hub.topic"))
	for name, c := range map[string]struct {
		address string
		want    int
	}{
		"no token":      {callback + "?hub.mode=subscribe&hub.challenge=x&hub.topic=" + topic, 404},
		"wrong token":   {callback + "?k=AAAA&hub.mode=subscribe&hub.challenge=x&hub.topic=" + topic, 404},
		"another topic": {good + "&hub.mode=subscribe&hub.challenge=x&hub.topic=https://autre.example", 404},
		"unsubscribe":   {good + "&hub.mode=unsubscribe&hub.challenge=x&hub.topic=" + topic, 404},
		"no challenge":  {good + "&hub.mode=subscribe&hub.topic=" + topic, 404},
		"denied":        {good + "&hub.mode=denied&hub.topic=" + topic, 200},
	} {
		if status, text := get(t, c.address); status != c.want || status == 200 && text != "" {
			t.Errorf("%s: %d %q, want %d", name, status, text, c.want)
		}
	}
}

// TestLeases: a lease is renewed at two thirds, and daily where the hub says 0 or
// nothing, or is unreadable; also over a restart, and while the feed does not change.
func TestLeases(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lease          string
		early, renewed time.Duration
	}{
		"ten days": {"864000", 6 * 24 * time.Hour, 7 * 24 * time.Hour},
		"zero":     {"0", 15 * time.Hour, 17 * time.Hour},
		"no word":  {"", 15 * time.Hour, 17 * time.Hour},
		"no sense": {"demain", 15 * time.Hour, 17 * time.Hour},
		"minutes":  {"900", 9 * time.Minute, 11 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tw := newTown(t)
			tw.lease = c.lease
			tw.poll(false)
			tw.pass(c.early)
			tw.start("")
			tw.poll(false)
			if tw.requests() != 1 {
				t.Errorf("asked %d times after %s", tw.requests(), c.early)
			}
			tw.pass(c.renewed - c.early)
			tw.feed.listen(t.Context(), nil)
			if tw.requests() != 2 || tw.asked[0].Get("hub.secret") != tw.asked[1].Get("hub.secret") {
				t.Errorf("asked %d times after %s", tw.requests(), c.renewed)
			}
		})
	}
}

// TestASilentHubIsAskedAgain: polling finds what was not pushed; three times in a
// row, and the hub is asked anew. One that pushes is left alone.
func TestASilentHubIsAskedAgain(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	tw.poll(false)
	tw.pass(7 * time.Hour)
	for range 5 {
		tw.pass(time.Minute)
		if status := tw.distribute(two, signWith("sha256", sha256.New, tw.secret(), two)); status != 202 {
			t.Fatal(status)
		}
		tw.pass(time.Minute)
		tw.poll(true)
	}
	if tw.requests() != 1 {
		t.Errorf("a hub that pushes was asked %d times", tw.requests())
	}
	for range 3 {
		tw.pass(time.Minute)
		tw.poll(true)
	}
	if tw.requests() != 2 {
		t.Errorf("a silent hub was asked %d times", tw.requests())
	}
}

func TestADeafHubIsNotPestered(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	tw.deaf = true
	for range 10 {
		tw.poll(true)
		tw.pass(30 * time.Minute)
	}
	if tw.requests() != 1 {
		t.Errorf("asked %d times in five hours", tw.requests())
	}
	tw.pass(2 * time.Hour)
	tw.poll(true)
	if tw.requests() != 2 {
		t.Errorf("asked %d times in seven hours", tw.requests())
	}
}

// TestALeaseThatIsNotRenewedIsTold: the runner's alarm; one that renews itself is
// no alarm.
func TestALeaseThatIsNotRenewedIsTold(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	tw.lease = "864000"
	tw.poll(false)
	tw.mu.Lock()
	tw.deaf = true
	ends := tw.now.Add(10 * 24 * time.Hour)
	tw.mu.Unlock()
	for day := range 10 {
		tw.feed.listen(t.Context(), nil)
		if got := tw.feed.Lease(); !got.Ends.Equal(ends) || got.Late != (day == 9) {
			t.Errorf("day %d: %+v", day, got)
		}
		tw.pass(24 * time.Hour)
	}
}

// TestALeaseOutlivesAFeedThatFails: the hub works while its feed does not.
func TestALeaseOutlivesAFeedThatFails(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(tw *town){
		"no answer": func(tw *town) { tw.broken = true },
		"no feed":   func(tw *town) { tw.document = "<html>maintenance" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tw := newTown(t)
			tw.poll(false)
			tw.mu.Lock()
			harm(tw)
			tw.mu.Unlock()
			for range 8 {
				tw.pass(24 * time.Hour)
				if _, _, err := tw.feed.Fetch(t.Context(), source.Cursor{}); err == nil {
					t.Fatal("the feed is read")
				}
			}
			if tw.requests() != 2 || tw.feed.Lease().Ends.Before(tw.clock().Add(7*24*time.Hour)) {
				t.Errorf("asked %d times, %+v", tw.requests(), tw.feed.Lease())
			}
		})
	}
}

// TestAShortLeaseIsTrustedNoLonger than it lasts, nor renewed all day, and tells when
// its feed has to be looked at.
func TestAShortLeaseIsTrustedNoLonger(t *testing.T) {
	t.Parallel()
	for lease, want := range map[string]struct{ ends, renew time.Duration }{
		"60":   {time.Minute, 10 * time.Minute},
		"1800": {30 * time.Minute, 20 * time.Minute},
	} {
		tw := newTown(t)
		tw.lease = lease
		tw.poll(false)
		asked := tw.clock()
		got := tw.feed.Lease()
		if !got.Ends.Equal(asked.Add(want.ends)) || !got.Renew.Equal(asked.Add(want.renew)) || got.Late || got.Refused {
			t.Errorf("%s seconds: %+v", lease, got)
		}
		tw.pass(2 * time.Hour) // it ended meanwhile
		tw.poll(false)
		if tw.requests() != 2 {
			t.Errorf("%s seconds: asked %d times", lease, tw.requests())
		}
	}
}

func TestAHubThatRefusesIsTold(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	set := func(status int) {
		tw.mu.Lock()
		defer tw.mu.Unlock()
		tw.status = status
		tw.now = tw.now.Add(7 * time.Hour)
	}
	for _, step := range []struct {
		status  int
		refused bool
	}{{403, true}, {503, false}, {404, true}, {0, false}} {
		set(step.status)
		tw.poll(false)
		if got := tw.feed.Lease().Refused; got != step.refused {
			t.Errorf("after %d: refused %t", step.status, got)
		}
	}
	if status, _ := get(t, tw.asked[3].Get("hub.callback")+"&hub.mode=denied&hub.topic="+url.QueryEscape(tw.asked[3].Get("hub.topic"))); status != 200 || !tw.feed.Lease().Refused {
		t.Errorf("denied: %d, %+v", status, tw.feed.Lease())
	}
}

func TestWhereNoHubIsAsked(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(tw *town){
		"no hub":            func(tw *town) { tw.document = two },
		"off":               func(tw *town) { tw.start("websub: off") },
		"no public address": func(tw *town) { tw.deps.Callback = nil; tw.start("") },
		"hub of an item":    func(tw *town) { tw.document = strings.Replace(two, "<guid>", `<link rel="hub" href="/hub"/><guid>`, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tw := newTown(t)
			prepare(tw)
			tw.poll(false)
			if tw.requests() != 0 {
				t.Errorf("asked %v", tw.asked)
			}
		})
	}
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	const at = "https://m.example/flux"
	for name, c := range map[string]struct {
		links      []string
		body       string
		hub, topic string
	}{
		"header":          {[]string{`<https://hub.example/>; rel="hub"`, `</self>; rel=self`}, two, "https://hub.example/", "https://m.example/self"},
		"one header":      {[]string{`<https://hub.example/>; title="a, b"; rel="nofollow hub", <https://m.example/s>; rel="self"`}, two, "https://hub.example/", "https://m.example/s"},
		"header is first": {[]string{`<https://a.example/>; rel=hub`}, `<feed xmlns="http://www.w3.org/2005/Atom"><link rel="hub" href="https://b.example/"/></feed>`, "https://a.example/", at},
		"Atom":            {nil, `<feed xmlns="http://www.w3.org/2005/Atom"><link rel="self" href="https://m.example/s"/><link rel="hub" href="https://b.example/"/></feed>`, "https://b.example/", "https://m.example/s"},
		"JSON Feed":       {nil, `{"version":"https://jsonfeed.org/version/1.1","feed_url":"https://m.example/s","hubs":[{"type":"WebSub","url":"https://b.example/"}],"items":[]}`, "https://b.example/", "https://m.example/s"},
		"no http":         {[]string{`<javascript:x>; rel=hub`}, two, "", ""},
		"nothing":         {nil, two, "", ""},
		"no feed":         {nil, "<html>hub", "", ""},
	} {
		hub, topic := discover(&fetch.Response{FinalURL: at, Body: []byte(c.body), Header: http.Header{"Link": c.links}})
		if hub != c.hub || topic != c.topic {
			t.Errorf("%s: %q, %q", name, hub, topic)
		}
	}
}
