package eventstest

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/natsserver"
)

// Server starts a nats-server with JetStream in a temporary folder, without
// any socket, and stops it when the test ends. set, if given, changes its
// configuration first.
func Server(t testing.TB, set ...func(*natsserver.Config)) *natsserver.Server {
	t.Helper()
	cfg := natsserver.Config{Dir: t.TempDir(), Name: "test", SyncInterval: time.Minute, MinFreeBytes: -1}
	for _, f := range set {
		f(&cfg)
	}
	s, err := natsserver.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Connect starts a server and returns a connection to it.
func Connect(t testing.TB) *nats.Conn {
	t.Helper()
	return Dial(t, Server(t))
}

// Dial returns a connection to s, closed when the test ends.
func Dial(t testing.TB, s *natsserver.Server, opts ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := s.Connect(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// JetStream starts a server and returns its JetStream.
func JetStream(t testing.TB) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(Connect(t))
	if err != nil {
		t.Fatal(err)
	}
	return js
}
