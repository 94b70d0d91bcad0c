package facebook_test

import (
	"encoding/json"
	"fmt"
	"image/png"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/facebook"
)

const token = "EAAG-very-secret"

var update = channeltest.Update()

func newChannel(t *testing.T, api string, more ...string) *facebook.Channel {
	t.Helper()
	c, err := facebook.New(channel.Spec{
		Authority: "pessac", ID: "c", Kind: facebook.Kind, Settings: []byte("token: " + token + "\npage: \"104512345678901\"\napi_url: " + api + "\n" + strings.Join(more, "\n")),
	}, channel.Deps{Logger: slog.New(slog.DiscardHandler), Now: time.Now, HTTP: channeltest.Client()})
	if err != nil {
		t.Fatal(err)
	}
	made, _ := c.(*facebook.Channel)
	return made
}

func TestGolden(t *testing.T) {
	channeltest.GoldenWith(t, func(t *testing.T, settings string) channel.Channel {
		return newChannel(t, "https://x.example\n"+settings)
	}, *update)
}

func TestContract(t *testing.T) {
	channeltest.Run(t, channeltest.Suite{
		Secrets: []string{token},
		Scene: func(t *testing.T, f channeltest.Fault) *channeltest.Scene {
			t.Helper()
			url := channeltest.HTTP(t, f, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"id":"104512345678901_1"}`) })
			return &channeltest.Scene{Channel: newChannel(t, url)}
		},
	})
}

// page answers as developers.facebook.com/docs/pages-api/posts describes.
type page struct {
	mu    sync.Mutex
	posts map[string]string
	alts  map[string]string // of posts with a picture
	next  int
}

func newPage() *page { return &page{posts: map[string]string{}, alts: map[string]string{}} }

func (p *page) shown() []string { return slices.Sorted(maps.Values(p.all())) }

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+token || r.URL.Query().Has("access_token") {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":{"message":"Invalid OAuth access token.","type":"OAuthException","code":190}}`)
		return
	}
	if strings.HasSuffix(r.URL.Path, "/photos") {
		p.takePhoto(w, r)
		return
	}
	_ = r.ParseForm()
	id := strings.TrimPrefix(r.URL.Path, "/")
	switch {
	case r.Method == http.MethodPost && strings.HasSuffix(id, "/feed"):
		p.next++
		id = fmt.Sprintf("104512345678901_%d", p.next)
		p.posts[id] = r.PostForm.Get("message")
		fmt.Fprintf(w, `{"id":%q}`, id)
	case r.Method == http.MethodGet:
		list := []map[string]string{{"id": "104512345678901_0", "message": "another", "created_time": "2026-05-04T07:00:00+0000"}}
		for id, text := range p.posts {
			list = append(list, map[string]string{"id": id, "message": text, "created_time": time.Now().UTC().Format("2006-01-02T15:04:05-0700")})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": list})
	case p.posts[id] == "":
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":{"message":"Unsupported request. Object does not exist","type":"GraphMethodException","code":100,"error_subcode":33}}`)
	case r.Method == http.MethodPost:
		p.posts[id] = r.PostForm.Get("message")
		fmt.Fprint(w, `{"success":true}`)
	default:
		delete(p.posts, id)
		fmt.Fprint(w, `{"success":true}`)
	}
}

// takePhoto is developers.facebook.com/docs/graph-api/reference/page/photos.
func (p *page) takePhoto(w http.ResponseWriter, r *http.Request) {
	file, _, err := r.FormFile("source")
	if err == nil {
		_, err = png.Decode(file)
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":{"message":"Invalid parameter","code":100}}`)
		return
	}
	p.next++
	id := fmt.Sprintf("104512345678901_%d", p.next)
	p.posts[id], p.alts[id] = r.FormValue("message"), r.FormValue("alt_text_custom")
	fmt.Fprintf(w, `{"id":"9%d","post_id":%q}`, p.next, id)
}

func (p *page) all() map[string]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string]string{}
	for k, v := range p.posts {
		out[k] = v
	}
	return out
}

func post(t *testing.T, c *facebook.Channel, title string) channel.Post {
	t.Helper()
	p := channeltest.Publication()
	p.Content.Title = title
	r, err := c.Render(p, channeltest.Profile())
	if err != nil {
		t.Fatal(err)
	}
	return channel.Post{Delivery: events.Delivery{ID: "d1", Rendition: r, CreatedAt: time.Now()}}
}

func TestPostEditDeleteReconcile(t *testing.T) {
	t.Parallel()
	peer := newPage()
	s := httptest.NewServer(peer)
	t.Cleanup(s.Close)
	c := newChannel(t, s.URL)
	first := post(t, c, "Marché")
	if _, err := c.Reconcile(t.Context(), first); events.OutcomeOf(err).Kind != events.PermanentFailure {
		t.Errorf("reconcile before: %v", err)
	}
	r, err := c.Deliver(t.Context(), first)
	if err != nil || r.Remote != "104512345678901_1" {
		t.Fatalf("post: %+v, %v", r, err)
	}
	if found, err := c.Reconcile(t.Context(), first); err != nil || found.Remote != r.Remote {
		t.Errorf("reconcile: %+v, %v", found, err)
	}
	second := post(t, c, "Marché déplacé")
	second.Remote = r.Remote
	if r, err = c.Update(t.Context(), second); err != nil || r.Remote != second.Remote || !strings.HasPrefix(peer.all()[r.Remote], "Marché déplacé") {
		t.Errorf("edit: %+v, %v, %v", r, err, peer.all())
	}
	if _, err := c.Withdraw(t.Context(), second); err != nil || len(peer.all()) != 0 {
		t.Errorf("delete: %v, %v", err, peer.all())
	}
	if _, err := c.Withdraw(t.Context(), second); err != nil {
		t.Errorf("delete again: %v", err)
	}
	if r, err := c.Update(t.Context(), second); err != nil || r.Remote != "104512345678901_2" {
		t.Errorf("edit of what is gone: %+v, %v", r, err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		body   string
		usage  string
		want   events.Outcome
	}{
		"expired token": {400, `{"error":{"code":190,"error_subcode":463}}`, "", events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonUnauthorized}},
		"page limit":    {400, `{"error":{"code":80001}}`, `{"1045":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":19}]}`, events.Outcome{Kind: events.TransientFailure, Reason: events.ReasonRateLimited, RetryAfter: 19 * time.Minute}},
		"app limit":     {403, `{"error":{"code":4}}`, "", events.Outcome{Kind: events.TransientFailure, Reason: events.ReasonRateLimited, RetryAfter: 5 * time.Minute}},
		"permission":    {403, `{"error":{"code":200}}`, "", events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonForbidden}},
		"twice":         {400, `{"error":{"code":506}}`, "", events.Outcome{Kind: events.TransientFailure, Reason: events.ReasonAmbiguous}},
		"barred":        {400, `{"error":{"code":368}}`, "", events.Outcome{Kind: events.TransientFailure, Reason: events.ReasonForbidden, RetryAfter: time.Hour}},
		"their own":     {500, `{"error":{"code":2,"is_transient":true}}`, "", events.Outcome{Kind: events.TransientFailure, Reason: events.ReasonAmbiguous}},
		"parameter":     {400, `{"error":{"code":100}}`, "", events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonRejected}},
		"gateway":       {503, `<html>`, "", events.Outcome{Kind: events.TransientFailure, Reason: events.ReasonUnavailable}},
		"only success":  {200, `{"success":true}`, "", events.Outcome{Kind: events.TransientFailure, Reason: events.ReasonAmbiguous}},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Business-Use-Case-Usage", tc.usage)
			w.WriteHeader(tc.status)
			fmt.Fprint(w, tc.body)
		}))
		c := newChannel(t, s.URL)
		_, err := c.Deliver(t.Context(), post(t, c, "Marché"))
		if got := events.OutcomeOf(err); got != tc.want {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
		s.Close()
	}
}

func TestExampleAndBadSettings(t *testing.T) {
	t.Setenv("CRIEUR_EXAMPLE_SECRET", token)
	example, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := facebook.New(channel.Spec{Kind: facebook.Kind, Settings: example}, channel.Deps{}); err != nil {
		t.Error(err)
	}
	for name, text := range map[string]string{
		"no token": "page: \"104512345678901\"", "no page": "token: t", "page": "token: t\npage: mairie", "max": "token: t\npage: \"104512345678901\"\nmax_characters: 10",
	} {
		if _, err := facebook.New(channel.Spec{Kind: facebook.Kind, Settings: []byte(text)}, channel.Deps{}); events.OutcomeOf(err).Reason != events.ReasonInvalidConfig {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestActs(t *testing.T) {
	t.Parallel()
	for _, settings := range []string{"", "card: true"} {
		channeltest.Acts(t, func(*testing.T) channeltest.Wall {
			peer := newPage()
			return channeltest.Wall{Handler: peer, Shown: peer.shown, Renames: settings != "", New: func(t *testing.T, url string) channel.Endpoint {
				t.Helper()
				return newChannel(t, url, settings)
			}}
		})
	}
}

// TestCardIsReplaced: the corrected post has the corrected picture, and the
// earlier one is gone.
func TestCardIsReplaced(t *testing.T) {
	t.Parallel()
	peer := newPage()
	s := httptest.NewServer(peer)
	t.Cleanup(s.Close)
	c := newChannel(t, s.URL, "card: true")
	r, err := c.Deliver(t.Context(), post(t, c, "Marché"))
	if err != nil || !strings.HasPrefix(peer.alts[r.Remote], "Marché · Lundi 4 mai") {
		t.Fatalf("post: %+v, %v, %v", r, err, peer.alts)
	}
	second := post(t, c, "Marché déplacé")
	second.Remote = r.Remote
	for range 2 {
		r, err = c.Update(t.Context(), second)
		if all := peer.all(); err != nil || r.Remote == second.Remote || len(all) != 1 || !strings.HasPrefix(peer.alts[r.Remote], "Marché déplacé") {
			t.Errorf("update: %+v, %v, %v", r, err, all)
		}
	}
}
