package slack_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack/slacktest"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/slack"
)

const token = "xoxb-very-secret"

func newChannel(t *testing.T, api string) *slack.Channel {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	c, err := slack.New(channel.Spec{
		Authority: "pessac", ID: "equipe", Kind: slack.Kind, Settings: []byte("token: " + token + "\nchannel: C01\napi_url: " + api),
	}, channel.Deps{Logger: slog.New(slog.DiscardHandler), Now: time.Now, HTTP: client})
	if err != nil {
		t.Fatal(err)
	}
	made, _ := c.(*slack.Channel)
	return made
}

func TestContract(t *testing.T) {
	channeltest.Run(t, channeltest.Suite{
		Secrets: []string{token},
		Scene: func(t *testing.T, f channeltest.Fault) *channeltest.Scene {
			t.Helper()
			url := channeltest.HTTP(t, f, func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprint(w, `{"ok":true,"channel":"C01","ts":"1700000000.000100"}`)
			})
			return &channeltest.Scene{Channel: newChannel(t, url+"/")}
		},
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]events.Reason{
		"invalid_auth": events.ReasonUnauthorized, "channel_not_found": events.ReasonNotFound,
		"fatal_error": events.ReasonAmbiguous, "service_unavailable": events.ReasonUnavailable, "invalid_blocks": events.ReasonRejected,
	} {
		url := channeltest.HTTP(t, channeltest.OK, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"ok":false,"error":%q}`, code)
		})
		c := newChannel(t, url+"/")
		_, err := c.Deliver(t.Context(), postOf(t, c))
		if got := events.OutcomeOf(err).Reason; got != want {
			t.Errorf("%s: %s, want %s", code, got, want)
		}
	}
}

func postOf(t *testing.T, c *slack.Channel) channel.Post {
	t.Helper()
	r, err := c.Render(channeltest.Publication(), channeltest.Profile())
	if err != nil {
		t.Fatal(err)
	}
	return channel.Post{Delivery: events.Delivery{ID: "d1", Rendition: r, CreatedAt: time.Now()}}
}

// calls keeps what the server was asked.
type calls struct {
	mu   sync.Mutex
	list []call
}

type call struct{ method, blocks, text, ts, metadata string }

func (c *calls) handle(method, answer string) (string, http.HandlerFunc) {
	return "/" + method, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		c.mu.Lock()
		c.list = append(c.list, call{method, r.Form.Get("blocks"), r.Form.Get("text"), r.Form.Get("ts"), r.Form.Get("metadata")})
		c.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, answer)
	}
}

func (c *calls) of(method string) []call {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []call
	for _, one := range c.list {
		if one.method == method {
			list = append(list, one)
		}
	}
	return list
}

func TestPostUpdateDeleteReconcileOnSlacktest(t *testing.T) {
	t.Parallel()
	seen := &calls{}
	server := slacktest.NewTestServer(func(c slacktest.Customize) {
		for method, answer := range map[string]string{
			"chat.postMessage":      `{"ok":true,"channel":"C01","ts":"17.01"}`,
			"chat.update":           `{"ok":true,"channel":"C01","ts":"17.01"}`,
			"chat.delete":           `{"ok":true,"channel":"C01","ts":"17.01"}`,
			"conversations.history": `{"ok":true,"messages":[{"ts":"17.01","metadata":{"event_type":"crieur_delivery","event_payload":{"delivery":"d1"}}}]}`,
		} {
			c.Handle(seen.handle(method, answer))
		}
	})
	server.Start()
	t.Cleanup(server.Stop)
	c := newChannel(t, server.GetAPIURL())
	post := postOf(t, c)
	r, err := c.Deliver(t.Context(), post)
	if err != nil || r.Remote != "17.01" {
		t.Fatalf("deliver: %+v, %v", r, err)
	}
	sent := seen.of("chat.postMessage")[0]
	var blocks []struct{ Type string }
	if err := json.Unmarshal([]byte(sent.blocks), &blocks); err != nil || blocks[0].Type != "header" || blocks[len(blocks)-1].Type != "context" {
		t.Errorf("blocks %s: %v", sent.blocks, err)
	}
	if !strings.Contains(sent.blocks, `Rue du Cœur`) || !strings.Contains(sent.metadata, `"d1"`) || sent.text == "" {
		t.Errorf("sent %+v", sent)
	}
	post.Remote = r.Remote
	if _, err := c.Update(t.Context(), post); err != nil || seen.of("chat.update")[0].ts != "17.01" {
		t.Errorf("update: %v", err)
	}
	if _, err := c.Withdraw(t.Context(), post); err != nil || seen.of("chat.delete")[0].ts != "17.01" {
		t.Errorf("withdraw: %v", err)
	}
	if found, err := c.Reconcile(t.Context(), post); err != nil || found.Remote != "17.01" {
		t.Errorf("reconcile: %+v, %v", found, err)
	}
	post.Delivery.ID = "d2"
	if _, err := c.Reconcile(t.Context(), post); events.OutcomeOf(err).Kind != events.PermanentFailure {
		t.Errorf("reconcile another: %v", err)
	}
}

func TestExample(t *testing.T) {
	t.Setenv("SLACK_TOKEN", token)
	example, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := slack.New(channel.Spec{Kind: slack.Kind, Settings: example}, channel.Deps{HTTP: http.DefaultClient}); err != nil {
		t.Error(err)
	}
}
