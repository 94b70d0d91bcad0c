package slack_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack/slacktest"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/slack"
)

const token = "xoxb-very-secret"

func newChannel(t *testing.T, api string) *slack.Channel {
	t.Helper()
	c, err := slack.New(channel.Spec{
		Authority: "pessac", ID: "equipe", Kind: slack.Kind, Settings: []byte("token: " + token + "\nchannel: C01\napi_url: " + api),
	}, channel.Deps{Logger: slog.New(slog.DiscardHandler), Now: time.Now, HTTP: channeltest.Client()})
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

// workspace is one Slack channel, as docs.slack.dev describes its methods.
type workspace struct {
	mu    sync.Mutex
	posts []posted
	next  int
}

type posted struct {
	ts                     string
	text, blocks, metadata string
}

func (ws *workspace) handlers() map[string]http.HandlerFunc {
	list := map[string]http.HandlerFunc{}
	for method, do := range map[string]func(url.Values) any{
		"chat.postMessage": ws.post, "chat.update": ws.update, "chat.delete": ws.remove, "conversations.history": ws.history,
	} {
		list["/"+method] = func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			ws.mu.Lock()
			defer ws.mu.Unlock()
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(do(r.Form))
		}
	}
	return list
}

type answer map[string]any

func (ws *workspace) post(form url.Values) any {
	ws.next++
	p := posted{ts: fmt.Sprintf("%d.%06d", time.Now().Unix(), ws.next), text: form.Get("text"), blocks: form.Get("blocks"), metadata: form.Get("metadata")}
	ws.posts = append(ws.posts, p)
	return answer{"ok": true, "channel": "C01", "ts": p.ts}
}

func (ws *workspace) at(ts string) int {
	return slices.IndexFunc(ws.posts, func(p posted) bool { return p.ts == ts })
}

func (ws *workspace) update(form url.Values) any {
	i := ws.at(form.Get("ts"))
	if i < 0 {
		return answer{"ok": false, "error": "message_not_found"}
	}
	ws.posts[i].text, ws.posts[i].blocks, ws.posts[i].metadata = form.Get("text"), form.Get("blocks"), form.Get("metadata")
	return answer{"ok": true, "channel": "C01", "ts": form.Get("ts")}
}

func (ws *workspace) remove(form url.Values) any {
	i := ws.at(form.Get("ts"))
	if i < 0 {
		return answer{"ok": false, "error": "message_not_found"}
	}
	ws.posts = slices.Delete(ws.posts, i, i+1)
	return answer{"ok": true, "channel": "C01", "ts": form.Get("ts")}
}

// history is a page of what is newer than oldest, newest first.
func (ws *workspace) history(form url.Values) any {
	limit, _ := strconv.Atoi(form.Get("limit"))
	skip, _ := strconv.Atoi(form.Get("cursor"))
	messages := []answer{}
	n, more := 0, false
	for _, p := range slices.Backward(ws.posts) {
		if p.ts < form.Get("oldest") {
			continue
		}
		if n++; n <= skip {
			continue
		}
		if more = len(messages) == limit; more {
			break
		}
		m := answer{"ts": p.ts, "text": p.text}
		if p.metadata != "" {
			m["metadata"] = json.RawMessage(p.metadata)
		}
		messages = append(messages, m)
	}
	out := answer{"ok": true, "messages": messages, "has_more": more}
	if more {
		out["response_metadata"] = answer{"next_cursor": fmt.Sprint(skip + limit)}
	}
	return out
}

func (ws *workspace) shown() []string {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	var texts []string
	for _, p := range ws.posts {
		texts = append(texts, p.text)
	}
	return texts
}

func TestActs(t *testing.T) {
	t.Parallel()
	channeltest.Acts(t, func(*testing.T) channeltest.Wall {
		ws, mux := &workspace{}, http.NewServeMux()
		for path, h := range ws.handlers() {
			mux.HandleFunc(path, h)
		}
		return channeltest.Wall{Handler: mux, Shown: ws.shown, New: func(t *testing.T, url string) channel.Endpoint {
			t.Helper()
			return newChannel(t, url+"/")
		}}
	})
}

// onSlacktest is a channel on slack-go's own test server.
func onSlacktest(t *testing.T) (*slack.Channel, *workspace) {
	t.Helper()
	ws := &workspace{}
	server := slacktest.NewTestServer(func(c slacktest.Customize) {
		for path, h := range ws.handlers() {
			c.Handle(path, h)
		}
	})
	server.Start()
	t.Cleanup(server.Stop)
	return newChannel(t, server.GetAPIURL()), ws
}

func TestMessageOnSlacktest(t *testing.T) {
	t.Parallel()
	c, ws := onSlacktest(t)
	post := postOf(t, c)
	r, err := c.Deliver(t.Context(), post)
	if err != nil || r.Remote == "" {
		t.Fatalf("deliver: %+v, %v", r, err)
	}
	sent := ws.posts[0]
	var blocks []struct {
		Type     string
		Elements []struct{ Type, URL string }
	}
	if err := json.Unmarshal([]byte(sent.blocks), &blocks); err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, b := range blocks {
		types = append(types, b.Type)
		if b.Type == "actions" && b.Elements[0].URL != channeltest.Profile().Link {
			t.Errorf("button %+v", b)
		}
	}
	if got := strings.Join(types, " "); got != "header section section section actions context" {
		t.Errorf("blocks %s", got)
	}
	if !strings.Contains(sent.blocks, `rue du Cœur`) || !strings.Contains(sent.metadata, `"d1"`) || sent.text == "" {
		t.Errorf("sent %+v", sent)
	}
}

func TestReconcileLooksFarEnough(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		since int
		ours  bool
		want  events.OutcomeKind
	}{
		"behind 900":            {900, true, events.Done},
		"never, 900 since":      {900, false, events.PermanentFailure},
		"more than can be read": {5200, true, events.TransientFailure},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ch, ws := onSlacktest(t)
			post := postOf(t, ch)
			if c.ours {
				if _, err := ch.Deliver(t.Context(), post); err != nil {
					t.Fatal(err)
				}
			}
			ws.mu.Lock()
			for range c.since {
				ws.post(url.Values{"text": {"autre"}})
			}
			ws.mu.Unlock()
			r, err := ch.Reconcile(t.Context(), post)
			if events.OutcomeOf(err).Kind != c.want || channel.WasNeverPosted(err) != (c.want == events.PermanentFailure) {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}

func TestSourceControlsNothing(t *testing.T) {
	t.Parallel()
	c, ws := onSlacktest(t)
	hostile := "<!channel> & <https://evil.example|cliquez> https://mairie.example/a?b=1&c=2."
	p := channeltest.Publication()
	p.Content.Title, p.Content.Summary, p.Content.Text, p.Content.Instruction = "Titre <!here>", hostile, hostile, hostile+"\n"+hostile
	p.Content.Place = "Rue *du* <!everyone>"
	p.Origin = []events.Provenance{{Attribution: "<@U1> & fils"}}
	r, err := c.Render(p, channeltest.Profile())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Deliver(t.Context(), channel.Post{Delivery: events.Delivery{ID: "d", Rendition: r}}); err != nil {
		t.Fatal(err)
	}
	var body slack.Body
	if err := json.Unmarshal(r.Body, &body); err != nil {
		t.Fatal(err)
	}
	written := append([]string{ws.posts[0].text, body.Context}, body.Sections...)
	for _, s := range written {
		for _, forbidden := range []string{"<!", "<@", "|cliquez>", "& "} {
			if strings.Contains(s, forbidden) {
				t.Errorf("%q lets %q through", s, forbidden)
			}
		}
	}
	if !strings.Contains(body.Sections[1], "<https://mairie.example/a?b=1&amp;c=2>.") {
		t.Errorf("the address is no link: %q", body.Sections[1])
	}
	if body.Sections[0] != "*Lundi 4 mai, 9 h – 17 h*\n*Rue ∗du∗ &lt;!everyone&gt;*" {
		t.Errorf("facts %q", body.Sections[0])
	}
	preview, err := c.Preview(r)
	if err != nil || strings.Contains(preview.HTML, "<!") || !strings.Contains(preview.HTML, "<strong>Lundi 4 mai, 9 h – 17 h</strong><br>") {
		t.Errorf("preview %q, %v", preview.HTML, err)
	}
}

func TestNeverTooLongAndNeverCutWithinAnEntity(t *testing.T) {
	t.Parallel()
	c := newChannel(t, "https://slack.example/")
	entity := regexp.MustCompile(`&(amp|lt|gt);`)
	for name, word := range map[string]string{"ampersands": "&&& ", "brackets": "<<< >>>", "words": "travaux ", "one word": "x"} {
		p := channeltest.Publication()
		p.Content.Title, p.Content.Summary, p.Content.Text = strings.Repeat(word, 200), strings.Repeat(word, 400), strings.Repeat(word, 4000)
		r, err := c.Render(p, channeltest.Profile())
		if err != nil {
			t.Fatal(err)
		}
		var body slack.Body
		_ = json.Unmarshal(r.Body, &body)
		long := body.Sections[1]
		if utf8.RuneCountInString(body.Header) > 150 || utf8.RuneCountInString(long) > 3000 || utf8.RuneCountInString(long) < 2000 || utf8.RuneCountInString(body.Text) > 400 {
			t.Errorf("%s: header %d, section %d, text %d", name, len(body.Header), len(long), len(body.Text))
		}
		for _, s := range []string{long, body.Text} {
			if strings.ContainsAny(entity.ReplaceAllString(s, ""), "&<>") {
				t.Errorf("%s: a cut entity in %q", name, s[len(s)-20:])
			}
		}
		if len(r.Warnings) == 0 {
			t.Errorf("%s: nobody is told that the text was cut", name)
		}
	}
}

func TestTokenGoesNowhereElse(t *testing.T) {
	t.Parallel()
	stranger := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s came here with %q", r.Method, r.Header.Get("Authorization"))
	}))
	t.Cleanup(stranger.Close)
	for _, status := range []int{http.StatusFound, http.StatusPermanentRedirect} {
		home := httptest.NewServer(http.RedirectHandler(stranger.URL, status))
		t.Cleanup(home.Close)
		c := newChannel(t, home.URL+"/")
		if _, err := c.Deliver(t.Context(), postOf(t, c)); events.OutcomeOf(err).Kind != events.PermanentFailure || events.OutcomeOf(err).Reason != events.ReasonInvalidConfig {
			t.Errorf("redirect %d: %v", status, err)
		}
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
