package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/services/web"
)

// newBucket is a bucket of a NATS server in this process.
func newBucket(t *testing.T) jetstream.KeyValue {
	t.Helper()
	ns, err := server.NewServer(&server.Options{JetStream: true, StoreDir: t.TempDir(), DontListen: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	ns.Start()
	t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
	if !ns.ReadyForConnections(10 * time.Second) {
		t.Fatal("NATS is not ready")
	}
	conn, err := nats.Connect("", nats.InProcessServer(ns))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: web.SessionBucket, TTL: 12 * time.Hour, Storage: jetstream.MemoryStorage})
	if err != nil {
		t.Fatal(err)
	}
	return bucket
}

func newSessions(t *testing.T, bucket jetstream.KeyValue, o web.SessionOptions) *web.Sessions {
	t.Helper()
	o.Cookie, o.Path = "crieur_console", "/console"
	sessions, err := web.NewSessions(web.NewKVSessions(bucket), o)
	if err != nil {
		t.Fatal(err)
	}
	return sessions
}

// signIn opens a session and returns its cookie.
func signIn(t *testing.T, s *web.Sessions, subject string, before *http.Cookie) *http.Cookie {
	t.Helper()
	w := httptest.NewRecorder()
	if _, err := s.SignIn(w, request(t, before), subject, map[string]string{"role": "officer"}); err != nil {
		t.Fatal(err)
	}
	return w.Result().Cookies()[0] //nolint:bodyclose // a recorder has no connection
}

func request(t *testing.T, cookie *http.Cookie) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://crieur.example/console", nil)
	if cookie != nil {
		r.AddCookie(cookie)
	}
	return r
}

func TestSessions(t *testing.T) {
	t.Parallel()
	bucket := newBucket(t)
	s := newSessions(t, bucket, web.SessionOptions{})
	if _, err := s.Get(request(t, nil)); !errors.Is(err, web.ErrNoSession) {
		t.Errorf("visitor: %v", err)
	}
	first := signIn(t, s, "officer-1", nil)
	if !first.HttpOnly || !first.Secure || first.SameSite != http.SameSiteLaxMode || first.Path != "/console" || first.MaxAge != 12*3600 {
		t.Errorf("cookie %+v", first)
	}
	session, err := s.Get(request(t, first))
	if err != nil || session.Subject != "officer-1" || session.Values["role"] != "officer" {
		t.Fatalf("session %+v, %v", session, err)
	}
	second := signIn(t, s, "officer-1", first)
	if _, err := s.Get(request(t, first)); !errors.Is(err, web.ErrNoSession) || second.Value == first.Value {
		t.Errorf("the token from before sign-in still works: %v", err)
	}
	out := httptest.NewRecorder()
	if err := s.SignOut(out, request(t, second)); err != nil || !strings.Contains(out.Header().Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("sign out: %v %v", err, out.Header())
	}
	if _, err := s.Get(request(t, second)); !errors.Is(err, web.ErrNoSession) {
		t.Errorf("after sign-out: %v", err)
	}
}

func TestSessionsRevoke(t *testing.T) {
	t.Parallel()
	bucket := newBucket(t)
	s := newSessions(t, bucket, web.SessionOptions{})
	office, phone, other := signIn(t, s, "officer-1", nil), signIn(t, s, "officer-1", nil), signIn(t, s, "officer-2", nil)
	keys, err := bucket.Keys(t.Context())
	if err != nil || len(keys) != 3 {
		t.Fatalf("keys %v, %v", keys, err)
	}
	for _, key := range keys {
		if _, secret, _ := strings.Cut(office.Value, "."); strings.Contains(key, secret) || strings.Contains(key, "officer-1") {
			t.Errorf("the store's key %s opens a session or names somebody", key)
		}
	}
	if err := s.Revoke(t.Context(), "officer-1"); err != nil {
		t.Fatal(err)
	}
	for _, gone := range []*http.Cookie{office, phone} {
		if _, err := s.Get(request(t, gone)); !errors.Is(err, web.ErrNoSession) {
			t.Errorf("revoked session: %v", err)
		}
	}
	if _, err := s.Get(request(t, other)); err != nil {
		t.Errorf("another's session: %v", err)
	}
}

// meanwhile does something else between a request's reading of its session and
// what it writes.
type meanwhile struct {
	*web.KVSessions
	do func()
}

func (m *meanwhile) Get(ctx context.Context, key string) (web.Session, error) {
	s, err := m.KVSessions.Get(ctx, key)
	if do := m.do; do != nil {
		m.do = nil
		do()
	}
	return s, err
}

// TestASessionIsSeenWhileItChanges: a request notes that a session is in use,
// and never brings back one that was ended.
func TestASessionIsSeenWhileItChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		do   func(*testing.T, *web.Sessions, *http.Cookie) error
		want error
	}{
		{"ended", func(t *testing.T, s *web.Sessions, _ *http.Cookie) error { return s.Revoke(t.Context(), "officer-1") }, web.ErrNoSession},
		{"seen by another request", func(t *testing.T, s *web.Sessions, cookie *http.Cookie) error {
			_, err := s.Get(request(t, cookie))
			return err
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			bucket := newBucket(t)
			s := newSessions(t, bucket, web.SessionOptions{})
			cookie := signIn(t, s, "officer-1", nil)
			keys, err := bucket.Keys(t.Context())
			if err != nil || len(keys) != 1 {
				t.Fatal(keys, err)
			}
			entry, err := bucket.Get(t.Context(), keys[0])
			if err != nil {
				t.Fatal(err)
			}
			var kept web.Session
			if err := json.Unmarshal(entry.Value(), &kept); err != nil {
				t.Fatal(err)
			}
			kept.SeenAt = kept.SeenAt.Add(-10 * time.Minute)
			value, err := json.Marshal(kept)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := bucket.Put(t.Context(), keys[0], value); err != nil {
				t.Fatal(err)
			}
			store := &meanwhile{KVSessions: web.NewKVSessions(bucket)}
			store.do = func() {
				if err := c.do(t, s, cookie); err != nil {
					t.Error(err)
				}
			}
			racing, err := web.NewSessions(store, web.SessionOptions{Cookie: "crieur_console", Path: "/console"})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // now, and after
				if _, err := racing.Get(request(t, cookie)); !errors.Is(err, c.want) {
					t.Errorf("%v, %v wanted", err, c.want)
				}
			}
		})
	}
}

func TestSessionsExpire(t *testing.T) {
	t.Parallel()
	bucket := newBucket(t)
	brief := newSessions(t, bucket, web.SessionOptions{Lifetime: time.Nanosecond})
	if _, err := brief.Get(request(t, signIn(t, brief, "a", nil))); !errors.Is(err, web.ErrNoSession) {
		t.Errorf("over: %v", err)
	}
	idle := newSessions(t, bucket, web.SessionOptions{Idle: time.Nanosecond})
	if _, err := idle.Get(request(t, signIn(t, idle, "a", nil))); !errors.Is(err, web.ErrNoSession) {
		t.Errorf("idle: %v", err)
	}
	if keys, err := bucket.Keys(t.Context()); !errors.Is(err, jetstream.ErrNoKeysFound) {
		t.Errorf("expired sessions are kept: %v %v", keys, err)
	}
}

func TestSessionsMalformedCookie(t *testing.T) {
	t.Parallel()
	s := newSessions(t, newBucket(t), web.SessionOptions{})
	good := signIn(t, s, "a", nil)
	for _, value := range []string{"", ".", "*.>", "a.b", strings.Repeat("0", 32) + ".x", good.Value + "x", good.Value[:len(good.Value)-1], strings.ToUpper(good.Value)} {
		if _, err := s.Get(request(t, &http.Cookie{Name: "crieur_console", Value: value})); !errors.Is(err, web.ErrNoSession) {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestLimiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := web.NewLimiter(3, time.Minute, 2)
		for range 3 {
			if _, ok := l.Allow("a"); !ok {
				t.Fatal("refused within the burst")
			}
		}
		if after, ok := l.Allow("a"); ok || after != time.Minute {
			t.Errorf("after the burst: %v %v", after, ok)
		}
		if _, ok := l.Allow("b"); !ok {
			t.Error("one key's attempts count for another")
		}
		<-time.After(time.Minute) // the bubble's clock
		if _, ok := l.Allow("a"); !ok {
			t.Error("refused after a minute")
		}
		if _, ok := l.Allow("a"); ok {
			t.Error("two attempts for one minute")
		}
		l.Allow("c") // full: forgets b, which has its whole burst again, and not a
		if _, ok := l.Allow("a"); ok {
			t.Error("a full table forgets who must wait")
		}
		l.Reset("a")
		if _, ok := l.Allow("a"); !ok {
			t.Error("refused after a reset")
		}
	})
}
