package natsserver_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/natsserver"
)

func TestStartTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = busy.Close() })
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	used := t.TempDir()
	eventstest.Server(t, func(c *natsserver.Config) { c.Dir = used })
	user := natsserver.User{Name: "a", Password: "s3cret"}
	for _, tc := range []struct {
		name string
		cfg  natsserver.Config
		want []string
	}{
		{"no folder", natsserver.Config{}, []string{"dir"}},
		{"a file for a folder", natsserver.Config{Dir: file}, []string{"folder " + file, "not a directory"}},
		{"folder in use", natsserver.Config{Dir: used}, []string{"folder " + used, "another running server"}},
		{"disk full", natsserver.Config{Dir: t.TempDir(), MinFreeBytes: 1 << 60}, []string{"disk almost full", "MiB needed"}},
		{"port in use", natsserver.Config{Dir: t.TempDir(), Listen: busy.Addr().String()}, []string{"listen", busy.Addr().String(), "in use"}},
		{"MQTT port in use", natsserver.Config{Dir: t.TempDir(), MQTT: busy.Addr().String()}, []string{"mqtt", busy.Addr().String(), "in use"}},
		{"bad address", natsserver.Config{Dir: t.TempDir(), Listen: "4222"}, []string{"listen", "4222", "host:port"}},
		{"bad port", natsserver.Config{Dir: t.TempDir(), MQTT: "localhost:99999"}, []string{"mqtt", "port"}},
		{"open to the world", natsserver.Config{Dir: t.TempDir(), Listen: "0.0.0.0:0"}, []string{"listen", "users are required"}},
		{"bad leaf", natsserver.Config{Dir: t.TempDir(), LeafRemotes: []string{"s3cret"}}, []string{"leaf_remotes[0]"}},
		{"no password", natsserver.Config{Dir: t.TempDir(), Users: []natsserver.User{{Name: "a"}}}, []string{"user a", "password"}},
		{"twice", natsserver.Config{Dir: t.TempDir(), Users: []natsserver.User{user, user}}, []string{"user a", "twice"}},
		{"reserved", natsserver.Config{Dir: t.TempDir(), Users: []natsserver.User{{Name: "crieur-inside", Password: "x"}}}, []string{"reserved"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s, err := natsserver.Start(t.Context(), tc.cfg)
			if err == nil {
				_ = s.Close()
				t.Fatal("started")
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q lacks %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%q shows a secret", err)
			}
		})
	}
}

func TestReadOnlyFolder(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("the superuser writes everywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := natsserver.Start(t.Context(), natsserver.Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v", err)
	}
}

func TestCancelledStart(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	if _, err := natsserver.Start(ctx, natsserver.Config{Dir: dir, MinFreeBytes: -1}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	eventstest.Server(t, func(c *natsserver.Config) { c.Dir = dir }) // the folder is free again
}

func TestRestartKeepsWhatIsStored(t *testing.T) {
	eventstest.NoLeak(t)
	cfg := natsserver.Config{Dir: t.TempDir(), MinFreeBytes: -1}
	for round := range 3 {
		s, err := natsserver.Start(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		nc, err := s.Connect()
		if err != nil {
			t.Fatal(err)
		}
		js, err := jetstream.New(nc)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := js.CreateOrUpdateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}}); err != nil {
			t.Fatal(err)
		}
		ack, err := js.Publish(t.Context(), "s", []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		if ack.Sequence != uint64(round+1) {
			t.Errorf("round %d: sequence %d", round, ack.Sequence)
		}
		nc.Close()
		for range 2 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestPayloadOf8MiB(t *testing.T) {
	t.Parallel()
	nc := eventstest.Connect(t)
	if nc.MaxPayload() != natsserver.DefaultMaxPayloadBytes {
		t.Errorf("max payload %d", nc.MaxPayload())
	}
}

func TestLoopbackWithoutUsers(t *testing.T) {
	t.Parallel()
	s := eventstest.Server(t, func(c *natsserver.Config) { c.Listen = "127.0.0.1:0" })
	nc, err := nats.Connect(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.AccountInfo(t.Context()); err != nil {
		t.Errorf("JetStream over TCP: %v", err)
	}
}

func TestUsersOverTCP(t *testing.T) {
	t.Parallel()
	var log eventstest.Buffer
	reader := natsserver.User{Name: "reader", Password: "s3cret", Permissions: &natsserver.Permissions{Subscribe: []string{"open.>", "_INBOX.>"}}}
	sign := natsserver.User{Name: "sign", Password: "s3cret", MQTTOnly: true}
	s := eventstest.Server(t, func(c *natsserver.Config) {
		c.Listen, c.Users = "127.0.0.1:0", []natsserver.User{reader, sign}
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	refused := func(opts ...nats.Option) {
		t.Helper()
		if nc, err := nats.Connect(s.URL(), opts...); err == nil {
			nc.Close()
			t.Error("connected")
		}
	}
	refused()
	refused(nats.UserInfo("reader", "wrong"))
	refused(nats.UserInfo("sign", "s3cret"))
	refused(nats.UserInfo("crieur-inside", "s3cret"))
	denied := make(chan error, 1)
	closed := make(chan struct{})
	nc, err := nats.Connect(s.URL(), nats.UserInfo("reader", "s3cret"), nats.NoReconnect(),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			select {
			case denied <- err:
			default:
			}
		}),
		nats.ClosedHandler(func(*nats.Conn) { close(closed) }))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	inside := eventstest.Dial(t, s)
	if err := nc.Publish("open.x", nil); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-denied:
		if !errors.Is(err, nats.ErrPermissionViolation) {
			t.Errorf("got %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("a reader published")
	}
	if err := s.SetUsers([]natsserver.User{{Name: "other", Password: "n3w"}}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-closed:
	case <-time.After(20 * time.Second):
		t.Error("a user that is gone stays connected")
	}
	refused(nats.UserInfo("reader", "s3cret"))
	other, err := nats.Connect(s.URL(), nats.UserInfo("other", "n3w"))
	if err != nil {
		t.Fatalf("a new user cannot connect: %v", err)
	}
	other.Close()
	if !inside.IsConnected() || inside.Statistics.Reconnects != 0 {
		t.Error("the in-process connection was touched")
	}
	if strings.Contains(log.String(), "s3cret") {
		t.Errorf("the log shows a secret:\n%s", log.String())
	}
}

func TestLeafNodesShareSubjects(t *testing.T) {
	t.Parallel()
	hub := eventstest.Server(t, func(c *natsserver.Config) {
		c.Name, c.Domain, c.LeafListen = "hub", "hub", "127.0.0.1:0"
		c.Users = []natsserver.User{{Name: "commune", Password: "s3cret"}}
	})
	leaf := eventstest.Server(t, func(c *natsserver.Config) {
		c.Name, c.Domain = "leaf", "leaf"
		c.LeafRemotes = []string{"nats-leaf://commune:s3cret@" + hub.LeafAddr()}
	})
	up, down := eventstest.Dial(t, hub), eventstest.Dial(t, leaf)
	sub, err := up.SubscribeSync("news")
	if err != nil {
		t.Fatal(err)
	}
	eventstest.Eventually(t, func() bool {
		if err := down.Publish("news", []byte("x")); err != nil {
			t.Fatal(err)
		}
		_, err := sub.NextMsg(20 * time.Millisecond)
		return err == nil
	}, 30*time.Second, "a message from the leaf at the hub")
}
