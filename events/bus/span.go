package bus

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
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
