package slack

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

const secret = "8f742231b10e8888abcd99yyyzzz85a5"

const base = "signing_secret: ${X}\nteam: T0123456789\nchannels: [C0123456789]\ncommands: [/annonce]\n"

func newWorkspace(t *testing.T, settings string) *Workspace {
	t.Helper()
	s, err := New(source.Deps{Now: func() time.Time { return time.Now().UTC() }, Secret: func(string) (string, error) { return secret, nil }}, source.Spec{Settings: []byte(base + settings)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// request is one of Slack's, signed as its documentation says.
func request(body, contentType string, at time.Time, key string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/hooks/bordeaux/slack", strings.NewReader(body))
	stamp := fmt.Sprint(at.Unix())
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("v0:" + stamp + ":" + body))
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("X-Slack-Request-Timestamp", stamp)
	r.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	return r
}

func event(id, inner string) string {
	return `{"type":"event_callback","team_id":"T0123456789","event_id":"` + id + `","event":` + inner + `}`
}

func message(ts, text string) string {
	m, _ := json.Marshal(map[string]string{"type": "message", "channel": "C0123456789", "user": "U1", "ts": ts, "text": text}) // strings: it cannot fail
	return string(m)
}

// serve gives the answer and what was published.
func serve(s *Workspace, r *http.Request, fail error) (*httptest.ResponseRecorder, []source.Record) {
	w := httptest.NewRecorder()
	var published []source.Record
	s.Serve(w, r, func(_ context.Context, records []source.Record) error {
		if fail != nil {
			return fail
		}
		published = append(published, records...)
		return nil
	})
	return w, published
}

func TestSignatures(t *testing.T) {
	t.Parallel()
	body := event("Ev1", message("1795428000.000200", "Marché"))
	now := time.Now()
	forged := request(body, "application/json", now, secret)
	forged.Header.Set("X-Slack-Signature", "v0=00")
	bare := request(body, "application/json", now, secret)
	bare.Header.Del("X-Slack-Signature")
	for name, c := range map[string]struct {
		r    *http.Request
		want int
	}{
		"right":          {request(body, "application/json", now, secret), 200},
		"another secret": {request(body, "application/json", now, "x"), 401},
		"replayed":       {request(body, "application/json", now.Add(-6*time.Minute), secret), 401},
		"forged":         {forged, 401},
		"not signed":     {bare, 401},
		"too large":      {request(strings.Repeat("x", 2<<20), "application/json", now, secret), 413},
		"not JSON":       {request("{", "application/json", now, secret), 400},
		"read":           {httptest.NewRequest(http.MethodGet, "/hooks/a/b", nil), 405},
	} {
		w, published := serve(newWorkspace(t, ""), c.r, nil)
		if w.Code != c.want || (c.want == 200) != (len(published) == 1) || strings.Contains(w.Body.String(), secret) {
			t.Errorf("%s: %d %s, %d records", name, w.Code, w.Body, len(published))
		}
	}
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	w, published := serve(newWorkspace(t, ""), request(`{"type":"url_verification","token":"x","challenge":"3eZbrw1aB"}`, "application/json", time.Now(), secret), nil)
	if w.Code != 200 || w.Body.String() != "3eZbrw1aB" || len(published) > 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestAnEventSentAgainChangesNothing: also after its message was edited; one whose
// message is not on the bus is taken when it comes again.
func TestAnEventSentAgainChangesNothing(t *testing.T) {
	t.Parallel()
	s := newWorkspace(t, "")
	first := event("Ev1", message("1795428000.000200", "Marché"))
	if w, _ := serve(s, request(first, "application/json", time.Now(), secret), errors.New("the bus is away")); w.Code != 503 {
		t.Errorf("the bus is away: %d", w.Code)
	}
	send := func() int {
		r := request(first, "application/json", time.Now(), secret)
		r.Header.Set("X-Slack-Retry-Num", "1")
		r.Header.Set("X-Slack-Retry-Reason", "http_timeout")
		w, published := serve(s, r, nil)
		if w.Code != 200 {
			t.Errorf("%d", w.Code)
		}
		return len(published)
	}
	if n := send(); n != 1 {
		t.Errorf("sent again: %d records", n)
	}
	changed := event("Ev2", `{"type":"message","subtype":"message_changed","channel":"C0123456789","message":{"type":"message","user":"U1","text":"Annulé","ts":"1795428000.000200"}}`)
	if _, published := serve(s, request(changed, "application/json", time.Now(), secret), nil); len(published) != 1 || published[0].Item != "C0123456789.1795428000.000200" {
		t.Errorf("%+v", published)
	}
	if n := send(); n != 0 {
		t.Errorf("sent again after the edit: %d records", n)
	}
	other := newWorkspace(t, "")
	other.memory = s.memory // another process
	s = other
	if n := send(); n != 0 {
		t.Errorf("sent again to another process: %d records", n)
	}
}

func TestWhatIsPassedOver(t *testing.T) {
	t.Parallel()
	for name, inner := range map[string]string{
		"another channel": strings.Replace(message("1.2", "x"), "C0123456789", "C9", 1),
		"another user":    strings.Replace(message("1.2", "x"), "U1", "U9", 1),
		"a thread":        `{"type":"message","channel":"C0123456789","user":"U1","ts":"1.3","thread_ts":"1.2","text":"x"}`,
		"a bot":           `{"type":"message","channel":"C0123456789","bot_id":"B1","user":"U1","ts":"1.3","text":"x"}`,
		"someone joins":   `{"type":"message","subtype":"channel_join","channel":"C0123456789","user":"U1","ts":"1.3","text":"x"}`,
		"no words":        message("1.2", "<@U2> "),
		"a reaction":      `{"type":"reaction_added","user":"U1","reaction":"x","item":{"type":"message","channel":"C0123456789","ts":"1.2"}}`,
		"not yet known":   `{"type":"something_new"}`,
	} {
		w, published := serve(newWorkspace(t, "users: [U1]"), request(event("Ev1", inner), "application/json", time.Now(), secret), nil)
		if w.Code != 200 || len(published) > 0 {
			t.Errorf("%s: %d, %+v", name, w.Code, published)
		}
	}
	other := strings.Replace(event("Ev1", message("1.2", "x")), "T0123456789", "T9", 1)
	if w, published := serve(newWorkspace(t, ""), request(other, "application/json", time.Now(), secret), nil); w.Code != 200 || len(published) > 0 {
		t.Errorf("another workspace: %d, %+v", w.Code, published)
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	form := func(change ...string) string {
		v := url.Values{"team_id": {"T0123456789"}, "user_id": {"U1"}, "command": {"/annonce"}, "trigger_id": {"13345224609.738474920.8088930838d88f008e0"}, "text": {"urgent Fuite d’eau | Rue des Érables."}}
		for i := 0; i+1 < len(change); i += 2 {
			v.Set(change[i], change[i+1])
		}
		return v.Encode()
	}
	for name, c := range map[string]struct {
		form string
		fail error
		says string
		ok   bool
	}{
		"taken":           {form(), nil, "Reçu : « Fuite d’eau ».", true},
		"another command": {form("command", "/autre"), nil, "pas reliée", false},
		"another team":    {form("team_id", "T9"), nil, "pas reliée", false},
		"another user":    {form("user_id", "U9"), nil, "pas dans la liste", false},
		"no words":        {form("text", "  "), nil, "Écrivez par exemple", false},
		"bus away":        {form(), errors.New("away"), "Réessayez", false},
	} {
		w, published := serve(newWorkspace(t, "users: [U1]"), request(c.form, "application/x-www-form-urlencoded", time.Now(), secret), c.fail)
		var answer struct {
			Type string `json:"response_type"`
			Text string `json:"text"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != 200 || answer.Type != "ephemeral" || !strings.Contains(answer.Text, c.says) || c.ok != (len(published) == 1) {
			t.Errorf("%s: %d %s, %+v", name, w.Code, w.Body, published)
			continue
		}
		if !c.ok {
			continue
		}
		if e := published[0].Value.(record.Entry); e.Title != "Fuite d’eau" || e.Body != "Rue des Érables." || e.Urgency != "Immediate" || e.Class != "service" || e.Extra["officer"] != "U1" {
			t.Errorf("%+v", e)
		}
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a * b":                        "a * b",
		"*gras* _italique_ ~barré~.":   "gras italique barré.",
		"nom_de_fichier_1":             "nom_de_fichier_1",
		"&lt;b&gt; &amp; c":            "<b> & c",
		"<mailto:a@b.example|écrire>":  "écrire",
		"voir <#C1|travaux>":           "voir #travaux",
		"<https://a.example/?b=1|ici>": "ici (https://a.example/?b=1)",
	} {
		if got := plain(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	long := entryOf(strings.Repeat("mot ", 100), "", nil)
	if utf8.RuneCountInString(long.Title) > maxTitle || !strings.HasSuffix(long.Title, "mot…") || len(long.Body) < 390 {
		t.Errorf("%+v", long)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string]string{
		"": "signing_secret: required", "signing_secret: x": "team: required", "signing_secret: x\nteam: T1": "channels: required",
		"signing_secret: x\nteam: T1\ncommands: [annonce]": "commands: begin with /",
	} {
		if _, err := New(source.Deps{}, source.Spec{Settings: []byte(settings)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", settings, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(event("Ev1", message("1795428000.000200", "*a* <https://b|c> <@U1>\nd"))))
	s := &Workspace{cfg: Config{Channels: []string{"C0123456789"}}}
	f.Fuzz(func(t *testing.T, body []byte) {
		records, err := s.parse(body)
		if err != nil || len(records) == 0 || records[0].Withdrawn {
			return
		}
		if e := records[0].Value.(record.Entry); !utf8.ValidString(e.Title+e.Body) || e.Title == "" {
			t.Errorf("%+v", e)
		}
	})
}
