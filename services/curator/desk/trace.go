package desk

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
)

// publish stores a publication on the bus in the trace of the message that it
// says: one trace goes from the source to the receipt, whether an officer, a
// schedule or a restart made it leave. The officer's own request is linked.
func (d *Desk) publish(ctx context.Context, parent string, p events.Publication) error {
	ctx, span := journey(ctx, parent, p)
	defer span.End()
	return d.deps.Emitter.Publish(ctx, p)
}

func journey(ctx context.Context, parent string, p events.Publication) (context.Context, trace.Span) {
	here := trace.SpanContextFromContext(ctx)
	of := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{bus.HeaderTraceParent: parent}))
	if !of.IsValid() || of.TraceID() == here.TraceID() {
		return ctx, trace.SpanFromContext(context.Background()) // nothing to end
	}
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindInternal)}
	if here.IsValid() {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: here}))
	}
	return otel.Tracer("github.com/crieur/crieur/services/curator/desk").Start(
		trace.ContextWithRemoteSpanContext(ctx, of), "release "+p.EventType().Stage(), options...)
}
