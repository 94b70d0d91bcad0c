package mastodon_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/mastodon"
)

const token = "very-secret-token"

func newChannel(t *testing.T, server string) channel.Channel {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	c, err := mastodon.New(channel.Spec{
		Authority: "pessac", ID: "masto", Kind: mastodon.Kind, Settings: []byte("server: " + server + "\ntoken: " + token),
	}, channel.Deps{Logger: slog.New(slog.DiscardHandler), Now: time.Now, HTTP: client})
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

// instance answers as docs.joinmastodon.org describes, with an Idempotency-Key
// that is honoured.
type instance struct {
	mu       sync.Mutex
	statuses map[string]string
	keys     map[string]string
	next     int
}

func (i *instance) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+token {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var in struct{ Status, Visibility, Language string }
	body, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(body, &in)
	id := strings.TrimPrefix(r.URL.Path, "/api/v1/statuses/")
	switch {
	case r.Method == http.MethodPost:
		key := r.Header.Get("Idempotency-Key")
		if i.keys[key] == "" {
			i.next++
			i.keys[key] = fmt.Sprint(i.next)
			i.statuses[i.keys[key]] = in.Status
		}
		fmt.Fprintf(w, `{"id":%q}`, i.keys[key])
	case r.URL.Path == "/api/v1/accounts/verify_credentials":
		fmt.Fprint(w, `{"id":"7"}`)
	case r.URL.Path == "/api/v1/accounts/7/statuses":
		var list []map[string]any
		for id, text := range i.statuses {
			list = append(list, map[string]any{"id": id, "content": "<p>" + text + "</p>", "created_at": time.Now()})
		}
		_ = json.NewEncoder(w).Encode(list)
	case i.statuses[id] == "":
		w.WriteHeader(http.StatusNotFound)
	case r.Method == http.MethodPut:
		i.statuses[id] = in.Status
		fmt.Fprintf(w, `{"id":%q}`, id)
	case r.Method == http.MethodDelete:
		delete(i.statuses, id)
		fmt.Fprint(w, `{}`)
	}
}

func (i *instance) all() map[string]string {
	i.mu.Lock()
	defer i.mu.Unlock()
	out := map[string]string{}
	for k, v := range i.statuses {
		out[k] = v
	}
	return out
}

func TestPostEditDeleteReconcile(t *testing.T) {
	t.Parallel()
	peer := &instance{statuses: map[string]string{}, keys: map[string]string{}}
	s := httptest.NewServer(peer)
	t.Cleanup(s.Close)
	c, _ := newChannel(t, s.URL).(*mastodon.Channel)
	p := channeltest.Publication()
	r, err := c.Render(p, channeltest.Profile())
	if err != nil {
		t.Fatal(err)
	}
	post := channel.Post{Delivery: events.Delivery{ID: "d1", Rendition: r, CreatedAt: time.Now()}}
	first, err := c.Deliver(t.Context(), post)
	if err != nil || first.Remote != "1" {
		t.Fatalf("deliver: %+v, %v", first, err)
	}
	if again, err := c.Deliver(t.Context(), post); err != nil || again.Remote != "1" || len(peer.all()) != 1 {
		t.Errorf("the same key posted twice: %+v, %v", again, err)
	}
	if found, err := c.Reconcile(t.Context(), post); err != nil || found.Remote != "1" {
		t.Errorf("reconcile: %+v, %v", found, err)
	}
	p.Revision, p.Content.Title = 2, "Fin des travaux"
	post.Delivery.Rendition, _ = c.Render(p, channeltest.Profile())
	post.Remote = "1"
	if _, err := c.Update(t.Context(), post); err != nil || !strings.HasPrefix(peer.all()["1"], "Rectificatif : Fin des travaux") {
		t.Errorf("update: %v, %v", peer.all(), err)
	}
	if _, err := c.Withdraw(t.Context(), post); err != nil || len(peer.all()) != 0 {
		t.Errorf("withdraw: %v, %v", peer.all(), err)
	}
	if _, err := c.Withdraw(t.Context(), post); err != nil {
		t.Errorf("withdraw again: %v", err)
	}
	if _, err := c.Reconcile(t.Context(), post); events.OutcomeOf(err).Kind != events.PermanentFailure {
		t.Errorf("reconcile what was never posted: %v", err)
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
