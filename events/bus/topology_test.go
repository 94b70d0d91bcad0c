package bus_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/natsserver"
)

func TestEnsureTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	js := eventstest.JetStream(t)
	var before map[string]jetstream.StreamConfig
	for range 2 {
		if err := bus.Ensure(t.Context(), js, bus.Options{}); err != nil {
			t.Fatal(err)
		}
		if err := bus.EnsureDeliveryConsumers(t.Context(), js, bus.Options{}, "sms", "sign"); err != nil {
			t.Fatal(err)
		}
		now := map[string]jetstream.StreamConfig{}
		for info := range js.ListStreams(t.Context()).Info() {
			now[info.Config.Name] = info.Config
			if before != nil && info.Config.MaxAge != before[info.Config.Name].MaxAge {
				t.Errorf("%s: max_age changed", info.Config.Name)
			}
			discard := jetstream.DiscardNew // what is full refuses the new, so that somebody sees it
			if info.Config.Name == bus.StreamRejected {
				discard = jetstream.DiscardOld
			}
			if c := info.Config; c.Storage != jetstream.FileStorage || c.Discard != discard {
				t.Errorf("%s: storage %s, discard %s", c.Name, c.Storage, c.Discard)
			}
		}
		if before != nil && len(now) != len(before) {
			t.Errorf("%d streams and buckets, then %d", len(before), len(now))
		}
		before = now
	}
	if p := before[bus.StreamDeliveries].Retention; p != jetstream.WorkQueuePolicy {
		t.Errorf("DELIVERIES: %s", p)
	}
	for _, name := range []string{
		bus.BucketRegistry, bus.BucketCursors, bus.BucketItems, bus.BucketVault,
		bus.BucketLedger, bus.BucketFanout, bus.BucketSessions, bus.BucketDedupe, bus.BucketImpact,
	} {
		if _, err := js.KeyValue(t.Context(), name); err != nil {
			t.Errorf("bucket %s: %v", name, err)
		}
	}
	for _, stage := range events.Types() {
		if _, err := js.StreamNameBySubject(t.Context(), stage.Stage()+".a.b"); err != nil {
			t.Errorf("no stream for %s: %v", stage, err)
		}
	}
}

func TestEnsureWidensOnly(t *testing.T) {
	t.Parallel()
	js := eventstest.JetStream(t)
	ensure := func(o bus.Options) jetstream.StreamConfig {
		t.Helper()
		if err := bus.Ensure(t.Context(), js, o); err != nil {
			t.Fatal(err)
		}
		s, err := js.Stream(t.Context(), bus.StreamRaw)
		if err != nil {
			t.Fatal(err)
		}
		return s.CachedInfo().Config
	}
	year := 365 * 24 * time.Hour
	standard := ensure(bus.Options{})
	longer := standard
	longer.MaxAge, longer.MaxBytes = year, 1<<30
	longer.Subjects = append(longer.Subjects, "archive.>")
	longer.Metadata = map[string]string{"operator": "kept"}
	if _, err := js.UpdateStream(t.Context(), longer); err != nil {
		t.Fatal(err)
	}
	got := ensure(bus.Options{})
	if got.MaxAge != year || got.MaxBytes != 1<<30 || len(got.Subjects) != 2 || got.Metadata["operator"] != "kept" {
		t.Errorf("an operator's choice was undone: %+v", got)
	}
	if got := ensure(bus.Options{MaxAge: map[string]time.Duration{bus.StreamRaw: time.Hour}}); got.MaxAge != time.Hour {
		t.Errorf("max_age %s, want the hour that was asked for", got.MaxAge)
	}
	if got := ensure(bus.Options{}); got.MaxAge != standard.MaxAge {
		t.Errorf("max_age %s, want it widened to %s", got.MaxAge, standard.MaxAge)
	}
}

// A bucket of before it had an end takes the one it has now, and keeps a longer
// one that an operator gave it.
func TestEnsureGivesBucketsAnEnd(t *testing.T) {
	t.Parallel()
	js := eventstest.JetStream(t)
	kv, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: bus.BucketDedupe})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kv.PutString(t.Context(), "kept", "x"); err != nil {
		t.Fatal(err)
	}
	const longer = 500 * 24 * time.Hour
	if _, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: bus.BucketSessions, TTL: longer}); err != nil {
		t.Fatal(err)
	}
	if err := bus.Ensure(t.Context(), js, bus.Options{}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]time.Duration{bus.BucketDedupe: 400 * 24 * time.Hour, bus.BucketSessions: longer} {
		kv, err := js.KeyValue(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if status, err := kv.Status(t.Context()); err != nil || status.TTL() != want {
			t.Errorf("%s: %v, %v", name, status.TTL(), err)
		}
	}
	if entry, err := kv.Get(t.Context(), "kept"); err != nil || string(entry.Value()) != "x" {
		t.Errorf("what it held: %v", err)
	}
}

// A consumer that nobody reads would look like one that hangs.
func TestEnsureRetiresWhatNobodyReads(t *testing.T) {
	t.Parallel()
	js := eventstest.JetStream(t)
	for range 2 {
		if err := bus.Ensure(t.Context(), js, bus.Options{}); err != nil {
			t.Fatal(err)
		}
		if _, err := js.Consumer(t.Context(), bus.StreamReceipts, bus.ConsumerImpact); !errors.Is(err, jetstream.ErrConsumerNotFound) {
			t.Fatalf("%s: %v", bus.ConsumerImpact, err)
		}
		// As an earlier version did.
		if _, err := js.CreateConsumer(t.Context(), bus.StreamReceipts, jetstream.ConsumerConfig{Durable: bus.ConsumerImpact}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEnsureRefuses(t *testing.T) {
	t.Parallel()
	js := eventstest.JetStream(t)
	for want, o := range map[string]bus.Options{
		"replicas":  {Replicas: 2},
		"max_age":   {MaxAge: map[string]time.Duration{"NOPE": 1}},
		"max_bytes": {MaxBytes: map[string]int64{bus.StreamRaw: -1}},
	} {
		if err := bus.Ensure(t.Context(), js, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if err := bus.EnsureDeliveryConsumers(t.Context(), js, bus.Options{}, "a.>"); err == nil {
		t.Error("a kind that is not a slug was accepted")
	}
}

func TestAuditCannotBeDeleted(t *testing.T) {
	t.Parallel()
	js := eventstest.JetStream(t)
	if err := bus.Ensure(t.Context(), js, bus.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), "audit.a", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	s, err := js.Stream(t.Context(), bus.StreamAudit)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteMsg(t.Context(), 1); err == nil {
		t.Error("an audit event was deleted")
	}
	if err := s.Purge(t.Context()); err == nil {
		t.Error("the audit was purged")
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for name, stream := range map[string]string{
		bus.ConsumerNormalizer: bus.StreamRaw, bus.ConsumerAudienceReceipts: bus.StreamReceipts,
		bus.AlertConsumer("web-push"): bus.StreamDeliveries, bus.BulkConsumer("sms"): bus.StreamDeliveries,
	} {
		b, err := bus.Resolve(name)
		if err != nil || b.Stream != stream || b.Consumer != name {
			t.Errorf("%s: %+v, %v", name, b, err)
		}
	}
}

// A small disk bounds what we would set aside on a large one, and not what an
// operator asked for.
func TestEnsureOnASmallDisk(t *testing.T) {
	t.Parallel()
	js, err := jetstream.New(eventstest.Dial(t, eventstest.Server(t, func(c *natsserver.Config) { c.MaxStoreBytes = 64 << 20 })))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := bus.Ensure(t.Context(), js, bus.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	s, err := js.Stream(t.Context(), bus.StreamRejected)
	if err != nil {
		t.Fatal(err)
	}
	if n := s.CachedInfo().Config.MaxBytes; n <= 0 || n > 64<<20 {
		t.Errorf("%d bytes are set aside of 64 MiB", n)
	}
	if err := bus.Ensure(t.Context(), js, bus.Options{MaxBytes: map[string]int64{bus.StreamRaw: 1 << 30}}); err == nil {
		t.Error("an operator's bound that does not fit was taken")
	}
}
