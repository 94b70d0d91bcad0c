package telegram_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/telegram"
)

const token = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"

var update = channeltest.Update()

func newChannel(t *testing.T, api string, more ...string) *telegram.Channel {
	t.Helper()
	c, err := telegram.New(channel.Spec{
		Authority: "pessac", ID: "c", Kind: telegram.Kind, Settings: []byte("token: " + token + "\nchat: \"-1001234567890\"\nquiet: true\napi_url: " + api + "\n" + strings.Join(more, "\n")),
	}, channel.Deps{Logger: slog.New(slog.DiscardHandler), Now: time.Now, HTTP: channeltest.Client()})
	if err != nil {
		t.Fatal(err)
	}
	made, _ := c.(*telegram.Channel)
	return made
}

func TestGolden(t *testing.T) {
	channeltest.GoldenWith(t, func(t *testing.T, settings string) channel.Channel {
		return newChannel(t, "https://x.example\n"+settings)
	}, *update)
}

func TestContract(t *testing.T) {
	channeltest.Run(t, channeltest.Suite{
		Secrets: []string{token, "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"},
		Scene: func(t *testing.T, f channeltest.Fault) *channeltest.Scene {
			t.Helper()
			url := channeltest.HTTP(t, f, func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprint(w, `{"ok":true,"result":{"message_id":42,"date":1700000000,"chat":{"id":-1001234567890}}}`)
			})
			return &channeltest.Scene{Channel: newChannel(t, url)}
		},
	})
}

func post(t *testing.T, c *telegram.Channel, change func(*events.Publication)) channel.Post {
	t.Helper()
	p := channeltest.Publication()
	if change != nil {
		change(&p)
	}
	r, err := c.Render(p, channeltest.Profile())
	if err != nil {
		t.Fatal(err)
	}
	return channel.Post{Delivery: events.Delivery{ID: "d1", Rendition: r, CreatedAt: time.Now()}}
}

// seen is what npm telegram-test-api keeps of a message.
type seen struct {
	ID      int64 `json:"messageId"`
	Message struct {
		Chat  string `json:"chat_id"`
		Text  string `json:"text"`
		Mode  string `json:"parse_mode"`
		Quiet bool   `json:"disable_notification"`
	} `json:"message"`
}

func history(t *testing.T, api string) []seen {
	t.Helper()
	resp, err := channeltest.Client().Post(api+"/getUpdatesHistory", "application/json", strings.NewReader(`{"token":"`+token+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var out struct{ Result []seen }
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out.Result
}

func TestSendEditDeleteOnTelegramTestAPI(t *testing.T) {
	t.Parallel()
	api := "http://" + eventstest.NodePeer(t, "server.js").Addr
	c := newChannel(t, api)
	first := post(t, c, nil)
	r, err := c.Deliver(t.Context(), first)
	if err != nil || r.Remote == "" {
		t.Fatalf("send: %+v, %v", r, err)
	}
	got := history(t, api)
	if len(got) != 1 || fmt.Sprint(got[0].ID) != r.Remote || got[0].Message.Mode != "HTML" || !got[0].Message.Quiet || got[0].Message.Chat != "-1001234567890" ||
		!strings.HasPrefix(got[0].Message.Text, "<b>Coupure d’eau &amp; travaux rue du Cœur</b>\n\n") || !strings.Contains(got[0].Message.Text, "&lt;le matin&gt;") {
		t.Fatalf("the server has %+v", got)
	}
	second := post(t, c, func(p *events.Publication) {
		p.Revision, p.MsgType, p.Content.Title = 2, events.MsgUpdate, "Les travaux se prolongent"
	})
	second.Remote = r.Remote
	if r, err = c.Update(t.Context(), second); err != nil || r.Remote != second.Remote {
		t.Fatalf("edit: %+v, %v", r, err)
	}
	if got = history(t, api); len(got) != 1 || !strings.HasPrefix(got[0].Message.Text, "<b>Mise à jour : Les travaux se prolongent</b>") {
		t.Fatalf("the server has %+v", got)
	}
	if _, err := c.Withdraw(t.Context(), second); err != nil || len(history(t, api)) != 0 {
		t.Fatalf("delete: %v, %+v", err, history(t, api))
	}
}

// TestErrors: bodies as https://core.telegram.org/bots/api and its server write
// them.
func TestErrors(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		body   string
		want   events.Outcome
	}{
		"429":           {429, `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 31","parameters":{"retry_after":31}}`, events.Outcome{Kind: events.TransientFailure, Reason: events.ReasonRateLimited, RetryAfter: 31 * time.Second}},
		"revoked token": {401, `{"ok":false,"error_code":401,"description":"Unauthorized"}`, events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonUnauthorized}},
		"wrong token":   {404, `{"ok":false,"error_code":404,"description":"Not Found"}`, events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonUnauthorized}},
		"no chat":       {400, `{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}`, events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonNotFound}},
		"not a member":  {403, `{"ok":false,"error_code":403,"description":"Forbidden: bot is not a member of the channel chat"}`, events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonForbidden}},
		"supergroup":    {400, `{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1009}}`, events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonInvalidConfig}},
		"too long":      {400, `{"ok":false,"error_code":400,"description":"Bad Request: message is too long"}`, events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonTooLarge}},
		"gateway":       {502, `<html>`, events.Outcome{Kind: events.TransientFailure, Reason: events.ReasonAmbiguous}},
		"not JSON":      {200, `<html>`, events.Outcome{Kind: events.TransientFailure, Reason: events.ReasonAmbiguous}},
		"no ID":         {200, `{"ok":true,"result":{}}`, events.Outcome{Kind: events.TransientFailure, Reason: events.ReasonAmbiguous}},
	} {
		url := channeltest.HTTP(t, channeltest.OK, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tc.status)
			fmt.Fprint(w, tc.body)
		})
		c := newChannel(t, url)
		_, err := c.Deliver(t.Context(), post(t, c, nil))
		if got := events.OutcomeOf(err); got != tc.want {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}
}

func TestWhatIsGoneOrTooOld(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		method, refusal string
		withdraw        bool
		methods         string
	}{
		"edited already":    {"editMessageText", "message is not modified: specified new message content and reply markup are exactly the same", false, "editMessageText"},
		"gone: posted anew": {"editMessageText", "message to edit not found", false, "editMessageText sendMessage"},
		"deleted already":   {"deleteMessage", "message to delete not found", true, "deleteMessage"},
		"too old: replaced": {"deleteMessage", "message can't be deleted for everyone", true, "deleteMessage editMessageText"},
	} {
		var methods []string
		url := channeltest.HTTP(t, channeltest.OK, func(w http.ResponseWriter, r *http.Request) {
			method := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
			methods = append(methods, method)
			if method == tc.method {
				w.WriteHeader(http.StatusBadRequest)
				_ = json.NewEncoder(w).Encode(map[string]any{"ok": false, "error_code": 400, "description": "Bad Request: " + tc.refusal})
				return
			}
			fmt.Fprint(w, `{"ok":true,"result":{"message_id":43}}`)
		})
		c := newChannel(t, url)
		p := post(t, c, func(p *events.Publication) { p.Revision, p.MsgType = 2, events.MsgCancel })
		p.Remote = "42"
		act := c.Update
		if tc.withdraw {
			act = c.Withdraw
		}
		r, err := act(t.Context(), p)
		if err != nil || r.Remote == "" || strings.Join(methods, " ") != tc.methods {
			t.Errorf("%s: %+v, %v after %v", name, r, err, methods)
		}
	}
}

func TestTheLimitIsInUTF16(t *testing.T) {
	t.Parallel()
	c := newChannel(t, "https://x.example")
	p := post(t, c, func(p *events.Publication) { p.Content.Summary = strings.Repeat("🇫🇷 <&> été. ", 900) })
	if n := len(utf16.Encode([]rune(p.Delivery.Rendition.Text))); n > 4096 || n < 4000 || n != p.Delivery.Rendition.ContentLength {
		t.Errorf("%d units, %d said", n, p.Delivery.Rendition.ContentLength)
	}
	if !strings.HasSuffix(p.Delivery.Rendition.Text, channeltest.Profile().Link) {
		t.Error("the link was cut")
	}
}

func TestExampleAndBadSettings(t *testing.T) {
	t.Setenv("CRIEUR_EXAMPLE_SECRET", token)
	example, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := telegram.New(channel.Spec{Kind: telegram.Kind, Settings: example}, channel.Deps{}); err != nil {
		t.Error(err)
	}
	for name, text := range map[string]string{
		"no token": "chat: \"@mairie\"", "no chat": "token: t", "chat": "token: t\nchat: mairie", "api": "token: t\nchat: \"-1\"\napi_url: nowhere",
	} {
		if _, err := telegram.New(channel.Spec{Kind: telegram.Kind, Settings: []byte(text)}, channel.Deps{}); events.OutcomeOf(err).Reason != events.ReasonInvalidConfig {
			t.Errorf("%s: %v", name, err)
		}
	}
}
