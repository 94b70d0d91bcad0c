package bus

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/crieur/crieur/events"
)

// startSpan starts a span of an event's journey, named after OpenTelemetry's
// messaging conventions (opentelemetry.io/docs/specs/semconv/messaging). The
// event carries it on in its traceparent, so that one trace goes from the
// source to the receipt. Without a provider it costs nothing.
func startSpan(ctx context.Context, operation string, ev events.Event, kind trace.SpanKind) (context.Context, trace.Span) {
	stage := ev.EventType().Stage()
	return otel.Tracer("github.com/crieur/crieur/events/bus").Start(ctx, operation+" "+stage, trace.WithSpanKind(kind), trace.WithAttributes(
		attribute.String("messaging.system", "nats"),
		attribute.String("messaging.destination.name", ev.Subject()),
		attribute.String("messaging.message.id", ev.EventID()),
	))
}

// Traced is an event of a trace of its own, not that of the context it is
// published with: what made it was handled before, perhaps by another process.
type Traced struct {
	events.Event
	Parent string // traceparent (w3.org/TR/trace-context), as TraceParent gave it
}

// TraceParent is the trace of ctx, to be kept for Traced; "" without one.
func TraceParent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[HeaderTraceParent]
}

// context is ctx in the event's trace; ctx itself when Parent is none.
func (t Traced) context(ctx context.Context) context.Context {
	of := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{HeaderTraceParent: t.Parent}))
	if !of.IsValid() {
		return ctx
	}
	return trace.ContextWithRemoteSpanContext(ctx, of)
}
