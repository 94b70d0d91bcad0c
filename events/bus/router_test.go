package bus_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
)

func TestEventTravelsAsACloudEvent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	ctx := propagation.TraceContext{}.Extract(t.Context(), propagation.MapCarrier{"traceparent": parent})
	emitter := bus.NewEmitter(f.publisher(t, bus.PublisherConfig{}))
	raw := rawEvent("1")
	if err := emitter.Publish(ctx, raw, rawEvent("2")); err != nil {
		t.Fatal(err)
	}
	got := lastOn(t, f, bus.StreamRaw, 1)
	for key, want := range map[string]string{
		"Nats-Msg-Id": raw.ID, "ce-id": raw.ID, "ce-type": "fr.crieur.raw.v1", "ce-source": "/authority/eysines/source/site",
		"ce-time": "2026-03-01T08:00:00Z", "ce-specversion": "1.0", "ce-dataschema": raw.EventType().DataSchema(),
		"content-type": "application/json", "correlation_id": raw.ID,
	} {
		if got.Header.Get(key) != want {
			t.Errorf("%s: %q, want %q", key, got.Header.Get(key), want)
		}
	}
	// Each hop is a span of its own: the trace is what goes on.
	traceOf := func(h interface{ Get(string) string }) string {
		id, _, _ := strings.Cut(strings.TrimPrefix(h.Get("traceparent"), "00-"), "-")
		return id
	}
	if got := traceOf(got.Header); got != parent[3:35] {
		t.Errorf("trace %q, want %q", got, parent[3:35])
	}
	var traced atomic.Value
	f.run(t, bus.Deps{}, bus.ConsumerNormalizer, bus.SubscriberConfig{Concurrency: 1},
		bus.Transform(emitter, func(ctx context.Context, r events.Raw) ([]events.Receipt, error) {
			traced.Store(trace.SpanContextFromContext(ctx).TraceID().String())
			if r.ID != raw.ID {
				return nil, nil
			}
			receipt := receiptEvent(r)
			receipt.Recipients = []events.Recipient{{ID: "s1", Status: events.StatusDelivered, At: r.FetchedAt}}
			return []events.Receipt{receipt}, nil
		}))
	var produced *jetstream.RawStreamMsg
	eventually(t, func() bool {
		s, err := f.js.Stream(t.Context(), bus.StreamReceipts)
		if err != nil {
			return false
		}
		produced, err = s.GetMsg(t.Context(), 1)
		return err == nil
	})
	if traced.Load() != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("trace %v", traced.Load())
	}
	if traceOf(produced.Header) != parent[3:35] || produced.Header.Get("correlation_id") != raw.ID {
		t.Errorf("the trace or correlation is cut: %v", produced.Header)
	}
}

func TestBrokenEventIsBuried(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		header nats.Header
		body   string
		want   string
	}{
		{name: "not JSON", body: "<rss>", want: "raw: decode"},
		{name: "field missing", body: `{"id":"x"}`, want: "raw: authority"},
		{name: "another type", header: nats.Header{"ce-type": {"fr.crieur.receipt.v1"}}, body: "{}", want: "not a fr.crieur.raw.v1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			if _, err := f.js.PublishMsg(t.Context(), &nats.Msg{Subject: "raw.a.b", Header: tc.header, Data: []byte(tc.body)}); err != nil {
				t.Fatal(err)
			}
			f.run(t, bus.Deps{}, bus.ConsumerNormalizer, bus.SubscriberConfig{}, bus.Handle(func(context.Context, events.Raw) error {
				t.Error("handler called with a broken event")
				return nil
			}))
			var letters []bus.DeadLetter
			eventually(t, func() bool { letters = f.letters(t); return len(letters) == 1 })
			if l := letters[0]; l.Reason != events.ReasonInvalidEvent || !strings.Contains(l.Error, tc.want) || string(l.Body) != tc.body {
				t.Errorf("got %+v, want %s", l, tc.want)
			}
		})
	}
}

func TestInvalidEventIsNotPublished(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	err := bus.NewEmitter(f.publisher(t, bus.PublisherConfig{})).Publish(t.Context(), rawEvent("1"), events.Raw{})
	if o := events.OutcomeOf(err); o.Kind != events.PermanentFailure || o.Reason != events.ReasonInvalidEvent {
		t.Errorf("got %v", err)
	}
	s, err := f.js.Stream(t.Context(), bus.StreamRaw)
	if err != nil {
		t.Fatal(err)
	}
	if n := s.CachedInfo().State.Msgs; n != 0 {
		t.Errorf("%d stored, want none", n)
	}
}

func TestHandlerTimeoutIsTransient(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.consumer(t, time.Minute, 0)
	f.send(t, 1)
	var calls atomic.Int32
	f.route(t, bus.Deps{HandlerTimeout: 30 * time.Millisecond}, bus.SubscriberConfig{}, func(m *message.Message) error {
		if calls.Add(1) == 1 {
			<-m.Context().Done()
			return m.Context().Err()
		}
		return nil
	})
	f.settled(t)
	if calls.Load() != 2 {
		t.Errorf("%d calls, want 2", calls.Load())
	}
}

func TestLogShowsNoBody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.consumer(t, time.Minute, 2)
	if err := f.publisher(t, bus.PublisherConfig{}).Publish("t.x", message.NewMessage("1", []byte("0601020304"))); err != nil {
		t.Fatal(err)
	}
	var log eventstest.Buffer
	deps := bus.Deps{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	router := f.route(t, deps, bus.SubscriberConfig{}, func(m *message.Message) error {
		if o, _ := bus.OriginOf(m.Context()); o.Attempt == 1 {
			panic(m.Payload)
		}
		return errors.New("second")
	})
	f.settled(t)
	if err := router.Close(); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"0601020304", "48, 54, 48", "0x30, 0x36"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log shows a body:\n%s", log.String())
		}
	}
	if !strings.Contains(log.String(), "second") {
		t.Errorf("the log lacks the handler's error:\n%s", log.String())
	}
}

func TestOneHandlerAConsumer(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	router, err := bus.NewRouter(bus.Deps{NATS: f.nc})
	if err != nil {
		t.Fatal(err)
	}
	none := func(*message.Message) error { return nil }
	if err := router.Consume("normalizer", bus.SubscriberConfig{}, none); err != nil {
		t.Fatal(err)
	}
	if err := router.Consume("normalizer", bus.SubscriberConfig{}, none); err == nil {
		t.Error("a second handler of one consumer was accepted")
	}
	if _, err := bus.NewRouter(bus.Deps{}); err == nil {
		t.Error("a router without a connection was accepted")
	}
}

func lastOn(t *testing.T, f *fixture, stream string, seq uint64) *jetstream.RawStreamMsg {
	t.Helper()
	s, err := f.js.Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.GetMsg(t.Context(), seq)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A program closes its connection once its routers have ended: what handlers
// did must be acknowledged by then.
func TestRunEndsAfterTheLastAcknowledgement(t *testing.T) {
	t.Parallel()
	const n = 32
	for range 5 {
		f := newFixture(t)
		f.consumer(t, time.Minute, 0)
		f.send(t, n)
		own := eventstest.Dial(t, f.server)
		router, err := bus.NewRouter(bus.Deps{NATS: own})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		var begun atomic.Int64
		if err := router.Consume("c", bus.SubscriberConfig{Resolve: resolveT, Concurrency: n}, func(*message.Message) error {
			begun.Add(1)
			<-ctx.Done()
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- router.Run(ctx) }()
		eventually(t, func() bool { return begun.Load() == n })
		stop()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		own.Close()
		if inHand, ahead := f.pending(t); inHand != 0 || ahead != 0 {
			t.Fatalf("%d not acknowledged, %d not delivered", inHand, ahead)
		}
	}
}

// A router gives up none of what it has in hand when it cannot begin with another
// consumer, or is stopped before.
func TestRunThatBeginsWaitsForHandlers(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		second func(stop func()) (bus.Binding, error)
		want   string
	}{
		"a consumer fails": {func(func()) (bus.Binding, error) { return bus.Binding{}, errors.New("no such consumer") }, "no such consumer"},
		"it is stopped":    {func(stop func()) (bus.Binding, error) { stop(); return resolveT("c") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.consumer(t, time.Minute, 0)
			f.send(t, 1)
			router, err := bus.NewRouter(bus.Deps{NATS: f.nc})
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			begun := make(chan struct{})
			var asked, ended atomic.Int64
			cfg := bus.SubscriberConfig{Resolve: func(string) (bus.Binding, error) {
				if asked.Add(1) == 1 { // whichever of them
					return resolveT("c")
				}
				<-begun
				return tc.second(stop)
			}}
			for _, name := range []string{"one", "other"} {
				if err := router.Consume(name, cfg, func(*message.Message) error {
					close(begun)
					time.Sleep(200 * time.Millisecond) // it is at work for longer than the router takes to give up
					ended.Add(1)
					return nil
				}); err != nil {
					t.Fatal(err)
				}
			}
			if err := router.Run(ctx); (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
			if inHand, _ := f.pending(t); ended.Load() != 1 || inHand != 0 {
				t.Errorf("%d handlers have ended, %d events are not acknowledged", ended.Load(), inHand)
			}
		})
	}
}
