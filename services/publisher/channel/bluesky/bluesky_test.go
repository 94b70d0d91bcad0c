package bluesky_test

import (
	"encoding/json"
	"fmt"
	"image/png"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rivo/uniseg"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/bluesky"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
)

const password = "abcd-efgh-ijkl-mnop"

var update = channeltest.Update()

func newChannel(t *testing.T, service string, more ...string) *bluesky.Channel {
	t.Helper()
	return newChannelOver(t, service, channeltest.Client(), more...)
}

func newChannelOver(t *testing.T, service string, client *http.Client, more ...string) *bluesky.Channel {
	t.Helper()
	c, err := bluesky.New(channel.Spec{
		Authority: "pessac", ID: "c", Kind: bluesky.Kind, Settings: []byte("service: " + service + "\nidentifier: mairie.test\npassword: " + password + "\n" + strings.Join(more, "\n")),
	}, channel.Deps{Logger: slog.New(slog.DiscardHandler), Now: time.Now, HTTP: client})
	if err != nil {
		t.Fatal(err)
	}
	made, _ := c.(*bluesky.Channel)
	return made
}

func TestGolden(t *testing.T) {
	channeltest.GoldenWith(t, func(t *testing.T, settings string) channel.Channel {
		return newChannel(t, "https://x.example\n"+settings)
	}, *update)
}

func TestContract(t *testing.T) {
	channeltest.Run(t, channeltest.Suite{
		Secrets: []string{password, "access-0", "refresh-0"},
		Scene: func(t *testing.T, f channeltest.Fault) *channeltest.Scene {
			t.Helper()
			url := channeltest.HTTP(t, f, func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprint(w, `{"uri":"at://did:plc:a/app.bsky.feed.post/3k","cid":"b"}`)
			})
			c := newChannel(t, url)
			c.SignIn("did:plc:a")
			return &channeltest.Scene{Channel: c}
		},
	})
}

// pds keeps records as https://docs.bsky.app/docs/api tells, with tokens that
// run out when told.
type pds struct {
	mu       sync.Mutex
	records  map[string]json.RawMessage // by key
	token    int
	asked    []string
	noMore   bool // refresh tokens are refused
	expireAt int  // the call at which the token runs out
	putsLeft int  // until a record is refused; 0: none is
}

func (p *pds) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := strings.TrimPrefix(r.URL.Path, "/xrpc/com.atproto.")
	p.asked = append(p.asked, name)
	refuse := func(status int, code string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error":%q,"message":"no"}`, code)
	}
	var in struct {
		Identifier, Password, Repo, Collection, Rkey string
		Record                                       json.RawMessage
	}
	if name == "repo.uploadBlob" {
		picture, err := png.Decode(r.Body)
		if err != nil || r.Header.Get("Content-Type") != "image/png" {
			refuse(400, "InvalidRequest")
			return
		}
		fmt.Fprintf(w, `{"blob":{"$type":"blob","ref":{"$link":"bafk%d"},"mimeType":"image/png","size":1}}`, picture.Bounds().Dx())
		return
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	give := func() {
		p.token++
		fmt.Fprintf(w, `{"did":"did:plc:a","handle":"mairie.test","accessJwt":"a%d","refreshJwt":"r%d"}`, p.token, p.token)
	}
	switch name {
	case "server.createSession":
		if in.Password != password {
			refuse(401, "AuthenticationRequired")
			return
		}
		give()
		return
	case "server.refreshSession":
		if p.noMore || r.Header.Get("Authorization") != fmt.Sprint("Bearer r", p.token) {
			refuse(400, "ExpiredToken")
			return
		}
		give()
		return
	case "repo.getRecord":
		if v, ok := p.records[r.URL.Query().Get("rkey")]; ok {
			fmt.Fprintf(w, `{"uri":"at://did:plc:a/app.bsky.feed.post/%s","value":%s}`, r.URL.Query().Get("rkey"), v)
			return
		}
		refuse(400, "RecordNotFound")
		return
	}
	if p.expireAt > 0 && len(p.asked) == p.expireAt || r.Header.Get("Authorization") != fmt.Sprint("Bearer a", p.token) {
		refuse(400, "ExpiredToken")
		return
	}
	if name == "repo.putRecord" {
		if p.putsLeft--; p.putsLeft == 0 {
			refuse(400, "InvalidRecord")
			return
		}
		p.records[in.Rkey] = in.Record
		fmt.Fprintf(w, `{"uri":"at://%s/%s/%s","cid":"of-%s"}`, in.Repo, in.Collection, in.Rkey, in.Rkey)
		return
	}
	delete(p.records, in.Rkey)
	fmt.Fprint(w, `{}`)
}

func (p *pds) keys() (keys []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k := range p.records {
		keys = append(keys, k)
	}
	return keys
}

func newPDS(t *testing.T) (*pds, string) {
	t.Helper()
	p := &pds{records: map[string]json.RawMessage{}}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	return p, s.URL
}

func post(t *testing.T, c *bluesky.Channel, revision int) channel.Post {
	t.Helper()
	p := channeltest.Publication()
	p.Revision = revision
	r, err := c.Render(p, channeltest.Profile())
	if err != nil {
		t.Fatal(err)
	}
	return channel.Post{Delivery: events.Delivery{ID: fmt.Sprint("d", revision), Publication: p.ID, Revision: revision, Rendition: r, CreatedAt: time.Now()}}
}

// story is what every server of the protocol must show.
func story(t *testing.T, c *bluesky.Channel, keys func() []string) {
	t.Helper()
	first := post(t, c, 1)
	if _, err := c.Reconcile(t.Context(), first); events.OutcomeOf(err).Kind != events.PermanentFailure {
		t.Fatalf("reconcile before: %v", err)
	}
	r, err := c.Deliver(t.Context(), first)
	if err != nil || !strings.HasPrefix(r.Remote, "at://did:") {
		t.Fatalf("deliver: %+v, %v", r, err)
	}
	if again, err := c.Deliver(t.Context(), first); err != nil || again.Remote != r.Remote || len(keys()) != 1 {
		t.Fatalf("twice: %+v, %v, %v", again, err, keys())
	}
	if found, err := c.Reconcile(t.Context(), first); err != nil || found.Remote != r.Remote {
		t.Fatalf("reconcile: %+v, %v", found, err)
	}
	second := post(t, c, 2)
	second.Remote = r.Remote
	r2, err := c.Update(t.Context(), second)
	if err != nil || r2.Remote == r.Remote || len(keys()) != 1 || !strings.HasSuffix(r2.Remote, "/"+keys()[0]) {
		t.Fatalf("update: %+v, %v, %v", r2, err, keys())
	}
	third := post(t, c, 3) // whose earlier name was lost
	if _, err := c.Withdraw(t.Context(), third); err != nil || len(keys()) != 0 {
		t.Fatalf("withdraw: %v, %v", err, keys())
	}
	if _, err := c.Withdraw(t.Context(), third); err != nil {
		t.Fatalf("withdraw again: %v", err)
	}
}

func TestPutTwiceReplaceDeleteReconcile(t *testing.T) {
	t.Parallel()
	p, url := newPDS(t)
	story(t, newChannel(t, url), p.keys)
	sessions := 0
	for _, name := range p.asked {
		if name == "server.createSession" {
			sessions++
		}
	}
	if sessions != 1 {
		t.Errorf("%d sessions: %v", sessions, p.asked)
	}
}

func TestATokenThatRunsOutIsReplaced(t *testing.T) {
	t.Parallel()
	for name, noMore := range map[string]bool{"refreshed": false, "signed in again": true} {
		p, url := newPDS(t)
		p.expireAt, p.noMore = 2, noMore
		c := newChannel(t, url)
		if r, err := c.Deliver(t.Context(), post(t, c, 1)); err != nil || r.Remote == "" {
			t.Errorf("%s: %+v, %v after %v", name, r, err, p.asked)
		}
		want := "server.createSession repo.putRecord server.refreshSession "
		if noMore {
			want += "server.createSession "
		}
		if got := strings.Join(p.asked, " "); got != want+"repo.putRecord" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestWrongPasswordAndLimits(t *testing.T) {
	t.Parallel()
	reset := time.Now().Add(90 * time.Second).Unix()
	for name, tc := range map[string]struct {
		status int
		body   string
		reason events.Reason
		kind   events.OutcomeKind
		wait   bool
	}{
		"password":   {401, `{"error":"AuthenticationRequired","message":"Invalid identifier or password"}`, events.ReasonUnauthorized, events.PermanentFailure, false},
		"takedown":   {401, `{"error":"AccountTakedown","message":"x"}`, events.ReasonForbidden, events.PermanentFailure, false},
		"too many":   {429, `{"error":"RateLimitExceeded","message":"Rate Limit Exceeded"}`, events.ReasonRateLimited, events.TransientFailure, true},
		"the record": {400, `{"error":"InvalidRequest","message":"Invalid app.bsky.feed.post record"}`, events.ReasonRejected, events.PermanentFailure, false},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("RateLimit-Reset", fmt.Sprint(reset))
			w.WriteHeader(tc.status)
			fmt.Fprint(w, tc.body)
		}))
		c := newChannel(t, s.URL)
		_, err := c.Deliver(t.Context(), post(t, c, 1))
		o := events.OutcomeOf(err)
		if o.Kind != tc.kind || o.Reason != tc.reason || tc.wait != (o.RetryAfter > time.Minute) || strings.Contains(err.Error(), password) {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
		s.Close()
	}
}

func TestTIDs(t *testing.T) {
	t.Parallel()
	syntax := regexp.MustCompile(`^[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}$`) // atproto.com/specs/tid
	seen := map[string]bool{}
	for i := range 5000 {
		id := bluesky.TID(events.NewID(fmt.Sprint(i)), i%3+1)
		if !syntax.MatchString(id) || seen[id] {
			t.Fatalf("%q", id)
		}
		seen[id] = true
	}
	if first := bluesky.TID("p", 1); first != "3k2apvn6bmbgf" || first == bluesky.TID("p", 2) {
		t.Error("a key is of one publication's revision")
	}
}

func TestTagsAsTheNetworksOwnVectors(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile(filepath.Join(eventstest.Corpus(t), "social", "bluesky-facets.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Kind, Text string
		Tags       []string
		Ranges     []bluesky.Index `json:"byte_ranges"`
	}
	if err := json.Unmarshal(body, &cases); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, tc := range cases {
		if tc.Kind != "tags" {
			continue
		}
		n++
		got := bluesky.Facets(tc.Text)
		if len(got) != len(tc.Tags) {
			t.Errorf("%q: %+v, want %q", tc.Text, got, tc.Tags)
			continue
		}
		for i, f := range got {
			if f.Features[0].Tag != tc.Tags[i] || f.Index != tc.Ranges[i] {
				t.Errorf("%q: %+v, want %q at %+v", tc.Text, f, tc.Tags[i], tc.Ranges[i])
			}
		}
	}
	if n < 10 {
		t.Errorf("%d vectors", n)
	}
}

func TestLinksAreInBytes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Été : https://a.example/é?x=1#y.":               "https://a.example/é?x=1#y",
		"(voir https://a.example/b)":                     "https://a.example/b",
		"https://fr.wikipedia.org/wiki/Pessac_(Gironde)": "https://fr.wikipedia.org/wiki/Pessac_(Gironde)",
		"« https://a.example/ », dit-il":                 "https://a.example/",
	} {
		got := bluesky.Facets(text)
		if len(got) != 1 || got[0].Features[0].URI != want || text[got[0].Index.Start:got[0].Index.End] != want {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestBothLimits(t *testing.T) {
	t.Parallel()
	c := newChannel(t, "https://x.example")
	for name, text := range map[string]string{
		"letters": strings.Repeat("Les travaux continuent. ", 60), "families": strings.Repeat("👩‍👩‍👧‍👦", 400), "accents": strings.Repeat("é", 4000),
	} {
		p := channeltest.Publication()
		p.Content.Summary = text
		r, err := c.Render(p, channeltest.Profile())
		if n := uniseg.GraphemeClusterCount(r.Text); err != nil || n > 300 || len(r.Text) > 3000 || !strings.HasSuffix(r.Text, channeltest.Profile().Link) {
			t.Errorf("%s: %d graphemes, %d bytes, %v", name, n, len(r.Text), err)
		}
	}
}

func TestExampleAndBadSettings(t *testing.T) {
	t.Setenv("CRIEUR_EXAMPLE_SECRET", password)
	example, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bluesky.New(channel.Spec{Kind: bluesky.Kind, Settings: example}, channel.Deps{}); err != nil {
		t.Error(err)
	}
	for name, text := range map[string]string{
		"no identifier": "password: p", "no password": "identifier: a.example", "identifier": "identifier: mairie\npassword: p", "service": "service: x\nidentifier: a.b\npassword: p",
	} {
		if _, err := bluesky.New(channel.Spec{Kind: bluesky.Kind, Settings: []byte(text)}, channel.Deps{}); events.OutcomeOf(err).Reason != events.ReasonInvalidConfig {
			t.Errorf("%s: %v", name, err)
		}
	}
}
