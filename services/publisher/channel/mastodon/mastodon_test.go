package mastodon_test

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"image/png"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/mastodon"
)

const token = "very-secret-token"

func newChannel(t *testing.T, server string, more ...string) channel.Channel {
	t.Helper()
	c, err := mastodon.New(channel.Spec{
		Authority: "pessac", ID: "masto", Kind: mastodon.Kind, Settings: []byte("server: " + server + "\ntoken: " + token + "\n" + strings.Join(more, "\n")),
	}, channel.Deps{Logger: slog.New(slog.DiscardHandler), Now: time.Now, HTTP: channeltest.Client()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestContract(t *testing.T) {
	channeltest.Run(t, channeltest.Suite{
		Secrets: []string{token},
		Scene: func(t *testing.T, f channeltest.Fault) *channeltest.Scene {
			t.Helper()
			url := channeltest.HTTP(t, f, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"id":"42"}`) })
			return &channeltest.Scene{Channel: newChannel(t, url)}
		},
	})
}

// instance answers as docs.joinmastodon.org describes. It does not honour the
// Idempotency-Key when forgetful, as GoToSocial does not.
type instance struct {
	forgetful bool
	mu        sync.Mutex
	statuses  []posted
	keys      map[string]string
	next      int
	media     map[string]string // alternative texts, by ID
	pending   bool              // a picture is processed after it was taken
}

type posted struct {
	id, text, replyTo string
	alts              []string // of its pictures
	at                time.Time
}

func (i *instance) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+token {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if strings.Contains(r.URL.Path, "/media") {
		i.takeMedia(w, r)
		return
	}
	var in struct {
		Status, Visibility, Language string
		ReplyTo                      string   `json:"in_reply_to_id"`
		Media                        []string `json:"media_ids"`
	}
	body, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(body, &in)
	var alts []string
	for _, id := range in.Media {
		if i.media[id] == "" {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		alts = append(alts, i.media[id])
	}
	id := strings.TrimPrefix(r.URL.Path, "/api/v1/statuses/")
	at := slices.IndexFunc(i.statuses, func(p posted) bool { return p.id == id })
	switch {
	case r.Method == http.MethodPost:
		made := i.add(r.Header.Get("Idempotency-Key"), in.Status)
		at := slices.IndexFunc(i.statuses, func(p posted) bool { return p.id == made })
		i.statuses[at].replyTo, i.statuses[at].alts = in.ReplyTo, alts
		fmt.Fprintf(w, `{"id":%q}`, made)
	case strings.HasSuffix(r.URL.Path, "/context"):
		i.context(w, strings.TrimSuffix(id, "/context"))
	case r.URL.Path == "/api/v2/instance":
		fmt.Fprint(w, `{"configuration":{"statuses":{"max_characters":1000,"characters_reserved_per_url":30}}}`)
	case r.URL.Path == "/api/v1/accounts/verify_credentials":
		fmt.Fprint(w, `{"id":"7"}`)
	case r.URL.Path == "/api/v1/accounts/7/statuses":
		_ = json.NewEncoder(w).Encode(i.page(r.FormValue("max_id")))
	case at < 0:
		w.WriteHeader(http.StatusNotFound)
	case r.Method == http.MethodPut:
		i.statuses[at].text, i.statuses[at].alts = in.Status, alts
		fmt.Fprintf(w, `{"id":%q}`, id)
	case r.Method == http.MethodDelete:
		i.statuses = slices.Delete(i.statuses, at, at+1)
		fmt.Fprint(w, `{}`)
	}
}

func (i *instance) add(key, text string) string {
	if key == "" || i.forgetful || i.keys[key] == "" {
		i.next++
		i.keys[key] = fmt.Sprint(i.next)
		i.statuses = append(i.statuses, posted{id: i.keys[key], text: text, at: time.Now()})
	}
	return i.keys[key]
}

// takeMedia keeps a picture's alternative text, once it is a PNG.
func (i *instance) takeMedia(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		fmt.Fprintf(w, `{"id":%q,"url":"https://social.example/media.png"}`, r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])
		return
	}
	file, _, err := r.FormFile("file")
	if err != nil {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	if _, err := png.Decode(file); err != nil || r.FormValue("description") == "" {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	id := fmt.Sprint("m", len(i.media))
	i.media[id] = r.FormValue("description")
	if i.pending {
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, `{"id":%q,"url":null}`, id)
		return
	}
	fmt.Fprintf(w, `{"id":%q,"url":"https://social.example/media.png"}`, id)
}

// context lists what follows a status.
func (i *instance) context(w http.ResponseWriter, id string) {
	var list []map[string]any
	under := map[string]bool{id: true}
	there := false
	for _, p := range i.statuses {
		there = there || p.id == id
		if under[p.replyTo] {
			under[p.id] = true
			author := "7"
			if strings.HasPrefix(p.text, "Un passant") {
				author = "8"
			}
			list = append(list, map[string]any{
				"id": p.id, "content": "<p>" + html.EscapeString(p.text) + "</p>", "account": map[string]string{"id": author},
			})
		}
	}
	if !there {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"ancestors": []any{}, "descendants": list})
}

// page is the 40 statuses before one, newest first.
func (i *instance) page(before string) []map[string]any {
	list := []map[string]any{}
	limit, err := strconv.Atoi(before)
	if err != nil {
		limit = math.MaxInt
	}
	for _, p := range slices.Backward(i.statuses) {
		if n, _ := strconv.Atoi(p.id); n < limit && len(list) < 40 {
			list = append(list, map[string]any{"id": p.id, "content": "<p>" + html.EscapeString(p.text) + "</p>", "created_at": p.at})
		}
	}
	return list
}

func (i *instance) shown() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	var texts []string
	for _, p := range i.statuses {
		texts = append(texts, p.text)
	}
	return texts
}

func newInstance() *instance { return &instance{keys: map[string]string{}, media: map[string]string{}} }

func TestActs(t *testing.T) {
	t.Parallel()
	for _, forgetful := range []bool{false, true} {
		channeltest.Acts(t, func(*testing.T) channeltest.Wall {
			peer := newInstance()
			peer.forgetful = forgetful
			return channeltest.Wall{Handler: peer, Shown: peer.shown, New: func(t *testing.T, url string) channel.Endpoint {
				t.Helper()
				c, _ := newChannel(t, url).(*mastodon.Channel)
				return c
			}}
		})
	}
}

func onInstance(t *testing.T, peer http.Handler, more ...string) *mastodon.Channel {
	t.Helper()
	s := httptest.NewServer(peer)
	t.Cleanup(s.Close)
	c, _ := newChannel(t, s.URL, more...).(*mastodon.Channel)
	return c
}

func postOf(t *testing.T, c channel.Channel) channel.Post {
	t.Helper()
	r, err := c.Render(channeltest.Publication(), channeltest.Profile())
	if err != nil {
		t.Fatal(err)
	}
	return channel.Post{Delivery: events.Delivery{ID: "d1", Rendition: r, CreatedAt: time.Now()}}
}

func TestReconcileLooksFarEnough(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		since, old int // statuses since ours, and from before the delivery
		ours       bool
		want       events.OutcomeKind
	}{
		"behind 300":               {since: 300, ours: true, want: events.Done},
		"never, 300 since":         {since: 300, old: 10, want: events.PermanentFailure},
		"more than can be read":    {since: 1100, ours: true, want: events.TransientFailure},
		"never, only old statuses": {old: 100, want: events.PermanentFailure},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			peer := newInstance()
			ch := onInstance(t, peer)
			post := postOf(t, ch)
			peer.mu.Lock()
			for range c.old {
				peer.add("", "ancien")
				peer.statuses[len(peer.statuses)-1].at = time.Now().Add(-24 * time.Hour)
			}
			if c.ours {
				peer.add("", post.Delivery.Rendition.Text)
			}
			for n := range c.since {
				peer.add("", fmt.Sprint("autre ", n, " ", channeltest.Profile().Link, "suite"))
			}
			peer.mu.Unlock()
			r, err := ch.Reconcile(t.Context(), post)
			if got := events.OutcomeOf(err).Kind; got != c.want || channel.WasNeverPosted(err) != (c.want == events.PermanentFailure) {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}

func TestTokenGoesNowhereElse(t *testing.T) {
	t.Parallel()
	stranger := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s came here with %q", r.Method, r.URL, r.Header.Get("Authorization"))
	}))
	t.Cleanup(stranger.Close)
	home := httptest.NewServer(http.RedirectHandler(stranger.URL, http.StatusTemporaryRedirect))
	t.Cleanup(home.Close)
	c := newChannel(t, home.URL)
	m, _ := c.(*mastodon.Channel)
	if _, err := m.Deliver(t.Context(), postOf(t, c)); events.OutcomeOf(err).Kind != events.PermanentFailure || events.OutcomeOf(err).Reason != events.ReasonInvalidConfig {
		t.Errorf("redirect: %v", err)
	}
}

func TestForbidden(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]events.Reason{
		"This action is outside the authorized scopes": events.ReasonUnauthorized,
		"Your login is currently disabled":             events.ReasonUnauthorized,
		"This action is not allowed":                   events.ReasonForbidden,
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, `{"error":%q}`, said)
		}))
		c, _ := newChannel(t, s.URL).(*mastodon.Channel)
		if _, err := c.Deliver(t.Context(), postOf(t, c)); events.OutcomeOf(err).Reason != want {
			t.Errorf("%s: %v, want %s", said, err, want)
		}
		s.Close()
	}
}

func TestLimitsOfTheServer(t *testing.T) {
	t.Parallel()
	c := onInstance(t, newInstance())
	p := channeltest.Publication()
	p.Content.Summary = strings.Repeat("Les travaux continuent. ", 100)
	size := func() int {
		r, err := c.Render(p, channeltest.Profile())
		if err != nil {
			t.Fatal(err)
		}
		return r.ContentLength
	}
	if n := size(); n > 500 || n < 450 {
		t.Errorf("%d characters before the server told its limit", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	eventstest.Eventually(t, func() bool { return size() > 900 }, 20*time.Second, "the server's limit is not used")
	if n := size(); n > 1000 {
		t.Errorf("%d characters of 1000", n)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestWriting(t *testing.T) {
	t.Parallel()
	c := newChannel(t, "https://x.example")
	for name, tc := range map[string]struct {
		text, want, not string
	}{
		"address in the text": {text: "Voir https://www.pessac.example/une/tres/longue/adresse/de/page.html ici.", want: "page.html ici."},
		"mention":             {text: "Écrire à @maire@social.example (@adjoint).", want: "@\u2060maire@social.example (@\u2060adjoint)", not: "@maire"},
		"mail address":        {text: "Écrire à infos@pessac.example.", want: "infos@pessac.example"},
		"tag":                 {text: "Texte.", want: "\n\n#TravauxEtCirculation\n\nhttps://"},
	} {
		p := channeltest.Publication()
		p.Topic, p.Content.Summary = "travaux-circulation", tc.text
		r, err := c.Render(p, channeltest.Profile())
		if err != nil || !strings.Contains(r.Text, tc.want) || (tc.not != "" && strings.Contains(r.Text, tc.not)) {
			t.Errorf("%s: %v: %q", name, err, r.Text)
		}
	}
	p := channeltest.Publication()
	p.Content.Summary = "Voir"
	short, _ := c.Render(p, channeltest.Profile())
	for _, url := range []string{"https://a.fr/x", "https://www.pessac.example/" + strings.Repeat("x", 200)} {
		p.Content.Summary = "Voir " + url
		if long, err := c.Render(p, channeltest.Profile()); err != nil || long.ContentLength-short.ContentLength != 24 {
			t.Errorf("%s counts %d, want 1 and 23: %v", url, long.ContentLength-short.ContentLength, err)
		}
	}
}

func TestStatusNeverPassesTheLimit(t *testing.T) {
	t.Parallel()
	c := newChannel(t, "https://x.example")
	for name, text := range map[string]string{
		"long":    strings.Repeat("Les travaux continuent. ", 100),
		"no word": strings.Repeat("x", 2000),
		"emoji":   strings.Repeat("👩‍👩‍👧 ", 400),
		"short":   "Court.",
	} {
		p := channeltest.Publication()
		p.Content.Summary = text
		r, err := c.Render(p, channeltest.Profile())
		if err != nil || r.ContentLength > 500 || !strings.HasSuffix(r.Text, channeltest.Profile().Link) {
			t.Errorf("%s: %d characters, %v: %q", name, r.ContentLength, err, r.Text)
		}
		if cut := len(r.Warnings) > 0; cut == (name == "short") {
			t.Errorf("%s: warnings %v", name, r.Warnings)
		}
	}
}

func TestExample(t *testing.T) {
	t.Setenv("MASTODON_TOKEN", token)
	example, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mastodon.New(channel.Spec{Kind: mastodon.Kind, Settings: example}, channel.Deps{}); err != nil {
		t.Error(err)
	}
}
