package push_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/push"
)

// The keys of RFC 8291, appendix A, and the VAPID key of a test.
const (
	p256dh  = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
	auth    = "BTBZMqHH6r4Tts7J_aSIgg"
	private = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
)

var update = channeltest.Update()

func deps() channel.Deps {
	return channel.Deps{Logger: slog.New(slog.DiscardHandler), Now: time.Now, HTTP: channeltest.Client(), PublicURL: "https://pessac.example"}
}

func newChannel(t *testing.T, service string, d channel.Deps) *push.Channel {
	t.Helper()
	c, err := push.New(channel.Spec{
		Authority: "pessac", ID: "c", Kind: push.Kind, Settings: []byte("vapid_key: " + private + "\ncontact: infos@pessac.example\nservices: [\"" + service + "\"]"),
	}, d)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func subscription(endpoint string) string {
	return fmt.Sprintf(`{"endpoint":%q,"expirationTime":null,"keys":{"p256dh":%q,"auth":%q}}`, endpoint, p256dh, auth)
}

func TestGolden(t *testing.T) {
	channeltest.Golden(t, newChannel(t, "https://x.example", deps()), *update)
}

func TestContract(t *testing.T) {
	channeltest.Run(t, channeltest.Suite{
		Secrets: []string{private, auth, "capability-of-anna"},
		Scene: func(t *testing.T, f channeltest.Fault) *channeltest.Scene {
			t.Helper()
			service := channeltest.HTTP(t, f, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) })
			return &channeltest.Scene{Channel: newChannel(t, service, deps()), Contact: subscription(service + "/capability-of-anna")}
		},
	})
}

func delivery(t *testing.T, c *push.Channel, class events.Class) events.Delivery {
	t.Helper()
	p := channeltest.Publication()
	p.Class = class
	r, err := c.Render(p, channeltest.Profile())
	if err != nil {
		t.Fatal(err)
	}
	return events.Delivery{ID: "d1", Publication: p.ID, Class: class, Rendition: r, Expires: time.Now().Add(2 * time.Hour)}
}

func send(t *testing.T, c *push.Channel, d events.Delivery, addresses ...string) []channel.Result {
	t.Helper()
	contacts := make([]call.Contact, len(addresses))
	for i, a := range addresses {
		contacts[i] = call.Contact{Subscriber: fmt.Sprint("s", i), Address: call.Address(a), Unsubscribe: "/d/token"}
	}
	results := make([]channel.Result, len(addresses))
	c.DeliverBatch(t.Context(), channel.Send{Delivery: d, Contacts: contacts}, func(i int, r channel.Result) { results[i] = r })
	return results
}

// ask posts to npm web-push-testing and reads its data.
func ask(t *testing.T, address, contentType, body string, into any) {
	t.Helper()
	resp, err := channeltest.Client().Post(address, contentType, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if into == nil {
		return
	}
	var out struct{ Data json.RawMessage }
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || json.Unmarshal(out.Data, into) != nil {
		t.Fatalf("%s: %s %v", address, out.Data, err)
	}
}

func TestABrowserReadsItAndForgets(t *testing.T) {
	t.Parallel()
	addr := eventstest.NodePeer(t, "service.js").Addr
	_, port, _ := strings.Cut(addr, ":")
	service := "http://localhost:" + port
	var over []call.OptOutRequest
	d := deps()
	d.OptOut = func(_ context.Context, q call.OptOutRequest) (call.OptOutReply, error) {
		over = append(over, q)
		return call.OptOutReply{Ended: 1}, nil
	}
	file := filepath.Join(t.TempDir(), "vapid.key")
	factory := push.NewFactory()
	made, err := factory.New(channel.Spec{
		Authority: "pessac", ID: "c", Kind: push.Kind, Settings: []byte("vapid_key_file: " + file + "\ncontact: infos@pessac.example\nservices: [\"" + service + "\"]"),
	}, d)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := made.(*push.Channel)
	var sub struct {
		Endpoint, ClientHash string
		Keys                 struct{ P256dh, Auth string }
	}
	options := url.Values{"userVisibleOnly": {"true"}, "applicationServerKey": {serverKey(t, factory)}}
	ask(t, "http://"+addr+"/subscribe", "application/x-www-form-urlencoded", options.Encode(), &sub)
	address, err := json.Marshal(map[string]any{"endpoint": sub.Endpoint, "keys": map[string]string{"p256dh": sub.Keys.P256dh, "auth": sub.Keys.Auth}})
	if err != nil {
		t.Fatal(err)
	}
	if r := send(t, c, delivery(t, c, events.ClassService), string(address))[0]; r.Outcome.Kind != events.Done || r.Remote == "" || r.Delivered {
		t.Fatalf("%+v", r)
	}
	var got struct{ Messages []string }
	ask(t, "http://"+addr+"/get-notifications", "application/json", fmt.Sprintf(`{"clientHash":%q}`, sub.ClientHash), &got)
	var body push.Body
	if len(got.Messages) != 1 || json.Unmarshal([]byte(got.Messages[0]), &body) != nil {
		t.Fatalf("the browser read %q", got.Messages)
	}
	if body.Title != "Coupure d’eau & travaux rue du Cœur" || body.URL != channeltest.Profile().Link || body.Leave != "https://pessac.example/d/token" {
		t.Errorf("the browser read %+v", body)
	}
	ask(t, "http://"+addr+"/expire-subscription/"+sub.ClientHash, "application/json", "{}", nil)
	if r := send(t, c, delivery(t, c, events.ClassService), string(address))[0]; r.Outcome.Kind != events.PermanentFailure || r.Outcome.Reason != events.ReasonBadRecipient {
		t.Fatalf("after its end: %+v", r)
	}
	if len(over) != 1 || over[0].Subscriber != "s0" || over[0].Reason != events.ReasonBadRecipient || over[0].Kind != push.Kind {
		t.Errorf("audience was told %+v", over)
	}
}

// serverKey is what a browser reads before it subscribes.
func serverKey(t *testing.T, f channel.Factory) string {
	t.Helper()
	mux := http.NewServeMux()
	for pattern, h := range f.Routes(deps()) {
		mux.Handle(pattern, h)
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/push/pessac/c/key", nil))
	var out struct{ Key string }
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || out.Key == "" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return out.Key
}

func TestHeadersFollowTheClassAndExpiry(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got http.Header
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		got = r.Header
		mu.Unlock()
		w.WriteHeader(http.StatusCreated)
	}))
	t.Cleanup(s.Close)
	d := deps()
	now := time.Now()
	d.Now = func() time.Time { return now }
	c := newChannel(t, s.URL, d)
	for class, urgency := range map[events.Class]string{events.ClassAlert: "high", events.ClassService: "normal", events.ClassPromotional: "low"} {
		for expires, ttl := range map[time.Duration]string{2 * time.Hour: "7200", 365 * 24 * time.Hour: "2419200", -time.Hour: "0"} {
			one := delivery(t, c, class)
			one.Expires = now.Add(expires)
			if r := send(t, c, one, subscription(s.URL+"/a"))[0]; r.Outcome.Kind != events.Done {
				t.Fatalf("%+v", r)
			}
			if got.Get("Urgency") != urgency || got.Get("TTL") != ttl || got.Get("Topic") != one.Publication || len(got.Get("Topic")) > 32 {
				t.Errorf("%s, %s: %v", class, expires, got)
			}
		}
	}
	token := strings.Split(strings.TrimPrefix(got.Get("Authorization"), "vapid t="), ".")
	claims, err := base64.RawURLEncoding.DecodeString(token[1])
	if err != nil || !strings.Contains(string(claims), `"sub":"mailto:infos@pessac.example"`) || !strings.Contains(string(claims), `"aud":"`+s.URL+`"`) {
		t.Errorf("claims %s, %v", claims, err)
	}
}

func TestStrangersNameNoServer(t *testing.T) {
	t.Parallel()
	c := newChannel(t, "http://127.0.0.1:1", deps())
	for name, address := range map[string]string{
		"inside":         subscription("http://169.254.169.254/latest"),
		"not https":      subscription("http://fcm.googleapis.com/fcm/send/x"),
		"another port":   subscription("https://fcm.googleapis.com:8443/fcm/send/x"),
		"looks alike":    subscription("https://fcm.googleapis.com.example/x"),
		"with a user":    subscription("https://fcm.googleapis.com@example.org/x"),
		"not JSON":       "anna@example.org",
		"without keys":   `{"endpoint":"https://fcm.googleapis.com/x"}`,
		"keys off curve": strings.Replace(subscription("http://127.0.0.1:1/x"), p256dh, strings.Repeat("A", 87), 1),
	} {
		if r := send(t, c, delivery(t, c, events.ClassService), address)[0]; r.Outcome.Kind != events.PermanentFailure || r.Outcome.Reason != events.ReasonBadRecipient {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestTheKeyIsMadeOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "vapid.key")
	keys := make([]string, 8)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			f := push.NewFactory()
			if _, err := f.New(channel.Spec{Authority: "pessac", ID: "c", Kind: push.Kind, Settings: []byte("vapid_key_file: " + file + "\ncontact: https://pessac.example")}, deps()); err != nil {
				t.Error(err)
				return
			}
			keys[i] = serverKey(t, f)
		})
	}
	wg.Wait()
	for _, k := range keys {
		if raw, err := base64.RawURLEncoding.DecodeString(k); err != nil || len(raw) != 65 || k != keys[0] {
			t.Errorf("keys %v", keys)
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".vapid-*")); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

func TestExampleAndBadSettings(t *testing.T) {
	example, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := push.New(channel.Spec{Kind: push.Kind, Settings: example}, deps()); err != nil {
		t.Error(err)
	}
	for name, text := range map[string]string{
		"no key": "contact: a@b.example", "key": "vapid_key: short\ncontact: a@b.example", "no contact": "vapid_key: " + private,
		"both": "vapid_key: " + private + "\nvapid_key_file: f\ncontact: a@b.example", "connections": "vapid_key: " + private + "\ncontact: a@b.example\nconnections: 0",
	} {
		if _, err := push.New(channel.Spec{Kind: push.Kind, Settings: []byte(text)}, deps()); events.OutcomeOf(err).Reason != events.ReasonInvalidConfig {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRefusedSignatureIsOneSubscriptions: a push service that refuses us says
// nothing of the others, so that it must not look like the channel's own key.
func TestRefusedSignatureIsOneSubscriptions(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	t.Cleanup(s.Close)
	c := newChannel(t, s.URL, deps())
	r := send(t, c, delivery(t, c, events.ClassService), subscription(s.URL+"/a"))[0]
	if r.Outcome.Kind != events.PermanentFailure || r.Outcome.Reason != events.ReasonForbidden {
		t.Errorf("%+v", r.Outcome)
	}
}
