package engine_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/engine"
)

// TestEntryOutlivesItsDelivery: without its entry, a delivery that comes again
// would go to everybody a second time.
func TestEntryOutlivesItsDelivery(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, tc := range map[string]struct{ expires, atLeast, atMost time.Duration }{
		"an hour":     {time.Hour, 3 * day, 8 * day},
		"two months":  {60 * day, 60 * day, 70 * day},
		"expired":     {-time.Hour, 3 * day, 8 * day},
		"almost year": {360 * day, 360 * day, 370 * day},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nc := eventstest.Dial(t, eventstest.Server(t))
			js, err := jetstream.New(nc)
			if err != nil {
				t.Fatal(err)
			}
			if err := bus.Ensure(t.Context(), js, bus.Options{}); err != nil {
				t.Fatal(err)
			}
			kv, err := js.KeyValue(t.Context(), bus.BucketLedger)
			if err != nil {
				t.Fatal(err)
			}
			now := time.Now()
			d := events.Delivery{ID: "d1", Subscribers: []string{"s1"}, Expires: now.Add(tc.expires), CreatedAt: now}
			e := engine.New(engine.Config{}, engine.Deps{JS: js, Ledger: kv, Now: time.Now})
			if err := e.Interrupt(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			got := lifetime(t, js)
			if got < tc.atLeast || got > tc.atMost {
				t.Errorf("kept for %s, want %s to %s", got, tc.atLeast, tc.atMost)
			}
		})
	}
}

// lifetime is how long the server keeps the ledger's only entry.
func lifetime(t *testing.T, js jetstream.JetStream) time.Duration {
	t.Helper()
	s, err := js.Stream(t.Context(), "KV_"+bus.BucketLedger)
	if err != nil {
		t.Fatal(err)
	}
	info := s.CachedInfo()
	msg, err := s.GetMsg(t.Context(), info.State.LastSeq)
	if err != nil {
		t.Fatal(err)
	}
	life := info.Config.MaxAge
	if ttl := msg.Header.Get(jetstream.MsgTTLHeader); ttl != "" {
		own, err := time.ParseDuration(ttl + "s")
		if err != nil {
			t.Fatal(err)
		}
		life = min(life, own)
	}
	return life
}

// Whoever reports to an engine that could not read what was sent before is told to
// come again, and does not keep its channel from ending.
func TestReportsAreRefusedByAnEngineThatEnded(t *testing.T) {
	t.Parallel()
	js := eventstest.JetStream(t)
	kv, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "ledger"})
	if err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteKeyValue(t.Context(), "ledger"); err != nil {
		t.Fatal(err)
	}
	e := engine.New(engine.Config{}, engine.Deps{JS: js, Ledger: kv, Now: time.Now})
	if err := e.Run(t.Context()); err == nil {
		t.Fatal("it runs without a ledger")
	}
	refused := 0
	for range 10_000 { // more than it would keep
		e.Receipts().Later("pessac", "sms", channel.Later{Remote: "1"}, func(err error) {
			if err != nil {
				refused++
			}
		})
	}
	if refused == 0 {
		t.Error("none is refused")
	}
}
