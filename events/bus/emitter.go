package bus

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/trace"

	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/propagation"

	"github.com/crieur/crieur/events"
)

const (
	specVersion = "1.0"
	contentJSON = "application/json"
)

// Emitter publishes events as CloudEvents. It is safe for concurrent use.
type Emitter struct{ pub *Publisher }

// NewEmitter returns an Emitter on pub.
func NewEmitter(pub *Publisher) *Emitter { return &Emitter{pub: pub} }

// Publish stores the events, each under its own subject, in one batch, and
// returns when all are acknowledged. An invalid event fails the call before
// anything is sent, with a permanent error. ctx bounds the wait; the trace and
// correlation in it travel with the events.
func (e *Emitter) Publish(ctx context.Context, evs ...events.Event) error {
	out := make([]outgoing, len(evs))
	for i, ev := range evs {
		of := ctx
		if t, ok := ev.(Traced); ok {
			ev, of = t.Event, t.context(ctx)
		}
		msg, err := cloudEvent(of, ev)
		if err != nil {
			return err
		}
		out[i] = outgoing{ctx: ctx, msg: msg}
	}
	return e.pub.send(out)
}

// cloudEvent writes ev in NATS binary mode.
func cloudEvent(ctx context.Context, ev events.Event) (*nats.Msg, error) {
	body, err := events.Marshal(ev)
	if err != nil {
		return nil, err
	}
	if ev.EventID() == "" || ev.Subject() == "" {
		return nil, events.Permanent(events.ReasonInvalidEvent, errors.New("bus: event without ID or subject"))
	}
	ctx, span := startSpan(ctx, "publish", ev, trace.SpanKindProducer)
	defer span.End()
	header := nats.Header{
		jetstream.MsgIDHeader:               {ev.EventID()},
		HeaderSpecVersion:                   {specVersion},
		HeaderID:                            {ev.EventID()},
		HeaderType:                          {string(ev.EventType())},
		HeaderSource:                        {ev.EventSource()},
		HeaderTime:                          {timeHeader(ev.EventTime())},
		HeaderDataSchema:                    {ev.EventType().DataSchema()},
		HeaderContentType:                   {contentJSON},
		middleware.CorrelationIDMetadataKey: {correlation(ctx, ev.EventID())},
	}
	propagation.TraceContext{}.Inject(ctx, headerCarrier(header))
	return &nats.Msg{Subject: ev.Subject(), Header: header, Data: body}, nil
}

type correlationKey struct{}

// correlation is that of the event being handled; an event that begins a path
// is its own.
func correlation(ctx context.Context, own string) string {
	if id, ok := ctx.Value(correlationKey{}).(string); ok && id != "" {
		return id
	}
	return own
}

// headerCarrier lets the trace context be written to NATS headers, whose keys
// keep their case.
type headerCarrier nats.Header

func (c headerCarrier) Get(key string) string { return nats.Header(c).Get(key) }
func (c headerCarrier) Set(key, value string) { c[key] = []string{value} }
func (c headerCarrier) Keys() []string {
	keys := make([]string, 0, len(c))
	for key := range c {
		keys = append(keys, key)
	}
	return keys
}
