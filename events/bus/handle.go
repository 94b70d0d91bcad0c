package bus

import (
	"context"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"go.opentelemetry.io/otel/propagation"

	"github.com/crieur/crieur/events"
)

// Handle makes a watermill handler of a function on a typed event. A body
// that is not a valid T is a permanent error; fn is not called. ctx carries
// the event's trace, correlation and Origin, and ends at the router's timeout.
func Handle[T events.Event](fn func(ctx context.Context, event T) error) message.NoPublishHandlerFunc {
	return func(m *message.Message) error {
		event, err := decode[T](m)
		if err != nil {
			return err
		}
		ctx, span := startSpan(handlerContext(m), "handle", event, trace.SpanKindConsumer)
		defer span.End()
		if err = fn(ctx, event); err != nil {
			span.SetStatus(codes.Error, string(events.OutcomeOf(err).Reason))
		}
		return err
	}
}

// Transform is Handle for a function that turns one event into others: they
// are stored in one batch before the event is acknowledged. Their IDs must be
// deterministic, so that a second try stores nothing twice.
func Transform[T, U events.Event](emitter *Emitter, fn func(ctx context.Context, event T) ([]U, error)) message.NoPublishHandlerFunc {
	return Handle(func(ctx context.Context, event T) error {
		produced, err := fn(ctx, event)
		if err != nil || len(produced) == 0 {
			return err
		}
		evs := make([]events.Event, len(produced))
		for i, p := range produced {
			evs[i] = p
		}
		return emitter.Publish(ctx, evs...)
	})
}

// decode reads a T. A header that names another type is as wrong as a broken
// body: decoding leniently could make an empty event of it.
func decode[T events.Event](m *message.Message) (T, error) {
	var zero T
	if t := m.Metadata[HeaderType]; t != "" && t != string(zero.EventType()) {
		return zero, events.Permanentf(events.ReasonInvalidEvent, "bus: event %s is a %s, not a %s", m.UUID, t, zero.EventType())
	}
	return events.Unmarshal[T](m.Payload)
}

// handlerContext adds to the message's context what travels in its headers.
func handlerContext(m *message.Message) context.Context {
	ctx := propagation.TraceContext{}.Extract(m.Context(), propagation.MapCarrier(m.Metadata))
	id := middleware.MessageCorrelationID(m)
	if id == "" {
		id = m.UUID
	}
	return context.WithValue(ctx, correlationKey{}, id)
}
