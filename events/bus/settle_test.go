package bus_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
)

func TestOutcomes(t *testing.T) {
	t.Parallel()
	type letter struct {
		reason     events.Reason
		text       string
		deliveries uint64
	}
	const attempts = 3
	for _, tc := range []struct {
		name  string
		err   func() error
		calls int32
		want  *letter
	}{
		{name: "done", err: func() error { return nil }, calls: 1},
		{
			name: "permanent is buried at once", calls: 1,
			err:  func() error { return events.Permanent(events.ReasonRejected, errors.New("no\r\nsuch: thing")) },
			want: &letter{events.ReasonRejected, "no such: thing", 1},
		},
		{
			name: "transient is buried at the limit", calls: attempts,
			err:  func() error { return events.Transient(events.ReasonTimeout, errors.New("slow"), 0) },
			want: &letter{events.ReasonRetriesExceeded, "slow", attempts},
		},
		{
			name: "unmarked is transient", calls: attempts,
			err:  func() error { return errors.New("odd") },
			want: &letter{events.ReasonRetriesExceeded, "odd", attempts},
		},
		{
			name: "panic is transient and tells no content", calls: attempts,
			err:  func() error { panic("0601020304") },
			want: &letter{events.ReasonRetriesExceeded, "handler: panic: string", attempts},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.consumer(t, time.Minute, attempts)
			f.send(t, 1)
			var calls atomic.Int32
			f.route(t, bus.Deps{}, bus.SubscriberConfig{}, func(*message.Message) error {
				calls.Add(1)
				return tc.err()
			})
			eventstest.Eventually(t, func() bool { return calls.Load() >= tc.calls }, patience)
			f.settled(t)
			if calls.Load() != tc.calls {
				t.Errorf("%d calls, want %d", calls.Load(), tc.calls)
			}
			letters := f.letters(t)
			if tc.want == nil {
				if len(letters) != 0 {
					t.Errorf("dead letters: %+v", letters)
				}
				return
			}
			if len(letters) != 1 {
				t.Fatalf("%d dead letters, want 1", len(letters))
			}
			l := letters[0]
			if got := (letter{l.Reason, l.Error, l.Deliveries}); got != *tc.want {
				t.Errorf("got %+v, want %+v", got, *tc.want)
			}
			if l.Consumer != "c" || l.Stream != "T" || l.Sequence != 1 || l.Subject != "t.x" || string(l.Body) != "x" ||
				time.Since(l.At) > time.Minute {
				t.Errorf("letter does not tell where it comes from: %+v", l)
			}
		})
	}
}

func TestDeadLetterIsStoredBeforeTheOriginalEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.consumer(t, time.Minute, 0)
	if err := f.js.DeleteStream(t.Context(), bus.StreamDeadLetters); err != nil {
		t.Fatal(err)
	}
	// A core subscriber answers in the stream's place, with refusals.
	var refused atomic.Int32
	stand, err := f.nc.Subscribe("deadletter.>", countingRefusal(&refused))
	if err != nil {
		t.Fatal(err)
	}
	f.send(t, 1)
	f.route(t, bus.Deps{}, bus.SubscriberConfig{}, func(*message.Message) error {
		return events.Permanent(events.ReasonRejected, nil)
	})
	eventstest.Eventually(t, func() bool { return refused.Load() >= 3 }, patience, "tried again")
	if inHand, _ := f.pending(t); inHand != 1 {
		t.Fatalf("%d in hand, want the original kept", inHand)
	}
	if err := stand.Unsubscribe(); err != nil {
		t.Fatal(err)
	}
	if err := bus.Ensure(t.Context(), f.js, bus.Options{}); err != nil {
		t.Fatal(err)
	}
	f.settled(t)
	if letters := f.letters(t); len(letters) != 1 {
		t.Errorf("%d dead letters, want 1", len(letters))
	}
}

func TestReplayReachesOnlyWhoGaveUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	raw := rawEvent("1")
	if err := bus.NewEmitter(f.publisher(t, bus.PublisherConfig{})).Publish(t.Context(), raw); err != nil {
		t.Fatal(err)
	}
	other, err := f.js.CreateConsumer(t.Context(), bus.StreamRaw, jetstream.ConsumerConfig{
		Durable: "other", AckPolicy: jetstream.AckExplicitPolicy,
	})
	if err != nil {
		t.Fatal(err)
	}
	var fixed atomic.Bool
	var done, others atomic.Int32
	f.run(t, bus.Deps{}, bus.ConsumerNormalizer, bus.SubscriberConfig{}, bus.Handle(func(_ context.Context, r events.Raw) error {
		if !fixed.Load() {
			return events.Permanent(events.ReasonInvalidContent, errors.New("defect"))
		}
		if r.ID == raw.ID {
			done.Add(1)
		}
		return nil
	}))
	toOther := func(string) (bus.Binding, error) { return bus.Binding{Stream: bus.StreamRaw, Consumer: "other"}, nil }
	f.run(t, bus.Deps{}, "other", bus.SubscriberConfig{Resolve: toOther}, func(*message.Message) error {
		others.Add(1)
		return nil
	})
	letters := f.deadLetters(t)
	var list []bus.DeadLetter
	eventstest.Eventually(t, func() bool {
		list, err = letters.List(t.Context(), bus.DeadLetterFilter{Consumer: bus.ConsumerNormalizer, Reason: events.ReasonInvalidContent})
		return err == nil && len(list) == 1
	}, patience, "one dead letter")
	if list[0].EventID != raw.ID || list[0].EventType != events.TypeRaw {
		t.Errorf("letter of %s %s", list[0].EventType, list[0].EventID)
	}
	fixed.Store(true)
	if n, err := letters.ReplayAll(t.Context(), bus.DeadLetterFilter{Consumer: bus.ConsumerNormalizer}); n != 1 || err != nil {
		t.Fatalf("replayed %d: %v", n, err)
	}
	eventstest.Eventually(t, func() bool { return done.Load() == 1 }, patience, "handled after replay")
	eventstest.Eventually(t, func() bool {
		info, err := other.Info(t.Context())
		return err == nil && info.AckFloor.Stream == 2
	}, patience, "the other consumer passed over the replay")
	if others.Load() != 1 {
		t.Errorf("the other consumer handled %d, want 1", others.Load())
	}
	if _, err := letters.Show(t.Context(), list[0].Number); !errors.Is(err, bus.ErrNoDeadLetter) {
		t.Errorf("after replay: %v, want ErrNoDeadLetter", err)
	}
	if err := letters.Replay(t.Context(), 99); !errors.Is(err, bus.ErrNoDeadLetter) {
		t.Errorf("unknown number: %v", err)
	}
}

func TestMetricsCountOutcomes(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	metrics, err := bus.NewMetrics(reg)
	if err != nil {
		t.Fatal(err)
	}
	f := newFixture(t)
	f.consumer(t, time.Minute, 0)
	f.send(t, 3)
	f.route(t, bus.Deps{Metrics: metrics}, bus.SubscriberConfig{}, func(m *message.Message) error {
		if m.UUID == "1" {
			return events.Permanent(events.ReasonRejected, nil)
		}
		return nil
	})
	f.settled(t)
	want := `
# HELP crieur_bus_handled_total Deliveries to a handler, by consumer and outcome.
# TYPE crieur_bus_handled_total counter
crieur_bus_handled_total{consumer="c",outcome="done"} 2
crieur_bus_handled_total{consumer="c",outcome="permanent"} 1
crieur_bus_handled_total{consumer="c",outcome="transient"} 0
# HELP crieur_bus_in_hand_messages Messages received and not settled, by consumer.
# TYPE crieur_bus_in_hand_messages gauge
crieur_bus_in_hand_messages{consumer="c"} 0
`
	eventstest.Eventually(t, func() bool {
		err = testutil.GatherAndCompare(reg, strings.NewReader(want), "crieur_bus_handled_total", "crieur_bus_in_hand_messages")
		return err == nil
	}, patience)
	if err != nil {
		t.Error(err)
	}
}

// countingRefusal answers like a stream that takes nothing.
func countingRefusal(n *atomic.Int32) nats.MsgHandler {
	return func(m *nats.Msg) {
		n.Add(1)
		_ = m.Respond([]byte(`{"error":{"code":503,"err_code":10077,"description":"full"}}`))
	}
}
