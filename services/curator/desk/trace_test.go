package desk_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/item"
)

const (
	traceOfTheSource  = "4bf92f3577b34da6a3ce929d0e0e4736"
	traceOfTheOfficer = "0af7651916cd43dd8448eb211c80319c"
)

func traced(ctx context.Context, id string) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": "00-" + id + "-00f067aa0ba902b7-01"})
}

// trace is that of the last publication.
func (w *world) trace() string {
	w.t.Helper()
	s, err := w.js.Stream(w.t.Context(), bus.StreamPublications)
	must(w.t, err)
	msg, err := s.GetLastMsgForSubject(w.t.Context(), events.SubjectPublication+".begles.infos")
	must(w.t, err)
	return strings.TrimPrefix(msg.Header.Get(bus.HeaderTraceParent), "00-")[:32]
}

// It sets the program's tracer: the other tests of the package may then trace
// too, which changes nothing for them.
func TestPublicationGoesOnInTheTraceOfItsMessage(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(sdk.NewTracerProvider(sdk.WithSpanProcessor(spans)))
	t.Cleanup(func() { otel.SetTracerProvider(before) })
	tests := []struct {
		name  string
		leave func(w *world, m events.Message)
		link  string // the trace it is linked with
	}{
		{"approved by an officer", func(w *world, m events.Message) {
			_, err := w.open().Approve(traced(t.Context(), traceOfTheOfficer), keyOf(m), 0, "ana", time.Time{})
			must(t, err)
		}, traceOfTheOfficer},
		{"scheduled, over a restart", func(w *world, m events.Message) {
			_, err := w.open().Approve(traced(t.Context(), traceOfTheOfficer), keyOf(m), 0, "ana", w.clock.Now().Add(time.Hour))
			must(t, err)
			w.clock.Advance(time.Hour)
			d := w.open()
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- d.Sweep(ctx) }()
			eventstest.Eventually(t, func() bool { return w.state(d, m).State == item.Published }, within, "it leaves")
			cancel()
			<-ended
		}, ""},
		{"stored after a crash", func(w *world, m events.Message) {
			w.emitter.die(true, false)
			if _, err := w.open().Approve(traced(t.Context(), traceOfTheOfficer), keyOf(m), 0, "ana", time.Time{}); err == nil {
				t.Error("it did not crash")
			}
			w.emitter.die(false, false)
			must(t, w.open().Repair(t.Context()))
		}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, registry.Review)
			m := w.message("1")
			must(t, w.open().Receive(traced(t.Context(), traceOfTheSource), m))
			spans.Reset()
			tt.leave(w, m)
			if got := w.trace(); got != traceOfTheSource {
				t.Errorf("published in trace %s, want the source’s", got)
			}
			linked := ""
			for _, s := range spans.Ended() {
				if s.Name() == "release publication" && len(s.Links()) > 0 {
					linked = s.Links()[0].SpanContext.TraceID().String()
				}
			}
			if tt.link != "" && linked != tt.link {
				t.Errorf("linked with trace %q, want the officer’s", linked)
			}
		})
	}
}
