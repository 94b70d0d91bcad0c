package run

import (
	"context"
	"fmt"
	"os"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Traces is where spans go.
type Traces struct {
	Provider trace.TracerProvider
	// Shutdown sends what is left and stops the exporter, within ctx.
	Shutdown func(ctx context.Context) error
}

// Propagator carries a trace from one program to the next in the headers
// traceparent, tracestate (W3C Trace Context) and baggage.
func Propagator() propagation.TextMapPropagator {
	return propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})
}

// Tracing sends spans by OTLP over HTTP when OTEL_EXPORTER_OTLP_ENDPOINT (or
// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) is set, as those variables and the other
// OTEL_* say (opentelemetry.io/docs/specs/otel/protocol/exporter); otherwise,
// or with OTEL_SDK_DISABLED=true, spans cost nothing and go nowhere. It does
// not dial: a collector that is away loses spans, nothing else.
func Tracing(ctx context.Context) (*Traces, error) {
	off := os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == ""
	if off || os.Getenv("OTEL_SDK_DISABLED") == "true" {
		return &Traces{Provider: noop.NewTracerProvider(), Shutdown: func(context.Context) error { return nil }}, nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	res, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "crieur")),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("tracing: OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(res))
	return &Traces{Provider: provider, Shutdown: provider.Shutdown}, nil
}
