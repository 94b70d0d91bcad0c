package run

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Deps is what every service is given. All of it is safe for concurrent use.
type Deps struct {
	Logger    *slog.Logger
	Metrics   *prometheus.Registry
	Tracer    trace.TracerProvider
	Clock     Clock
	HTTP      *http.Client // for peers we configure; what others wrote is fetched through ingest's guard
	NATS      *nats.Conn
	JetStream jetstream.JetStream
}

// WithDefaults returns d with what is missing made silent or ordinary: no log,
// a registry of its own, no trace, the system's clock, an HTTP client that
// waits at most 30 s. NATS and JetStream stay as they are.
func (d Deps) WithDefaults() Deps {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Metrics == nil {
		d.Metrics = prometheus.NewRegistry()
	}
	if d.Tracer == nil {
		d.Tracer = noop.NewTracerProvider()
	}
	if d.Clock == nil {
		d.Clock = SystemClock{}
	}
	if d.HTTP == nil {
		d.HTTP = &http.Client{Timeout: 30 * time.Second}
	}
	return d
}
