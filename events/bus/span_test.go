package bus

import (
	"context"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/crieur/crieur/events"
)

// The provider is the program's, so this test runs alone.
func TestOneTraceGoesOnFromEventToEvent(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)))
	t.Cleanup(func() { otel.SetTracerProvider(before) })

	audit := events.Audit{ID: "a", Authority: "ville", Actor: "system", Action: "test.trace", Object: "x", Hash: "h", At: time.Now()}
	first, err := cloudEvent(t.Context(), audit)
	if err != nil {
		t.Fatal(err)
	}
	received := propagation.TraceContext{}.Extract(context.Background(), headerCarrier(first.Header))
	ctx, span := startSpan(received, "handle", audit, trace.SpanKindConsumer)
	if _, err := cloudEvent(ctx, audit); err != nil {
		t.Fatal(err)
	}
	kept := Traced{Event: audit, Parent: TraceParent(ctx)}
	span.End()
	// Later, in another context.
	if _, err := cloudEvent(kept.context(context.Background()), kept.Event); err != nil {
		t.Fatal(err)
	}
	if of := (Traced{Event: audit, Parent: "nonsense"}).context(t.Context()); of != t.Context() {
		t.Error("a parent that is none changes the context")
	}

	spans := recorder.Ended()
	if len(spans) != 4 {
		t.Fatalf("%d spans", len(spans))
	}
	for _, s := range spans[1:] {
		if s.SpanContext().TraceID() != spans[0].SpanContext().TraceID() {
			t.Errorf("%s is of another trace than %s", s.Name(), spans[0].Name())
		}
		if !s.Parent().IsValid() {
			t.Errorf("%s has no parent", s.Name())
		}
	}
}
