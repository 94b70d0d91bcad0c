package feed_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/feed"
	"github.com/crieur/crieur/services/publisher/shelf"
)

// newShelf is the real shelf on a NATS server, and its connection.
func newShelf(t testing.TB) (*shelf.Shelf, *nats.Conn) {
	t.Helper()
	nc := eventstest.Dial(t, eventstest.Server(t))
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Ensure(context.Background(), js, bus.Options{}); err != nil {
		t.Fatal(err)
	}
	kv, err := js.KeyValue(context.Background(), bus.BucketDisplays)
	if err != nil {
		t.Fatal(err)
	}
	s := shelf.New(slog.New(slog.DiscardHandler), time.Now)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Run(ctx, kv) }() // its connection may be cut by the test
	t.Cleanup(func() { cancel(); <-ended })
	<-s.Ready()
	return s, nc
}

func TestContract(t *testing.T) {
	channeltest.Run(t, channeltest.Suite{
		Scene: func(t *testing.T, f channeltest.Fault) *channeltest.Scene {
			t.Helper()
			if f != channeltest.OK && f != channeltest.Transient {
				return nil // nobody stands between a feed and its shelf
			}
			s, nc := newShelf(t)
			if f == channeltest.Transient {
				nc.Close()
			}
			c, err := feed.New(channel.Spec{Authority: "pessac", ID: "flux", Kind: feed.Kind}, channel.Deps{
				Logger: slog.New(slog.DiscardHandler), Now: time.Now, Shelf: s, PublicURL: "https://pessac.example",
			})
			if err != nil {
				t.Fatal(err)
			}
			return &channeltest.Scene{Channel: c}
		},
	})
}
