package run_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/crieur/crieur/events/run"
)

func TestTracingIsOffByDefault(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	tr, err := run.Tracing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, span := tr.Provider.Tracer("x").Start(t.Context(), "x")
	if span.IsRecording() || span.SpanContext().IsValid() {
		t.Error("a span is recorded for nobody")
	}
	if err := tr.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTracingExports(t *testing.T) {
	requests := make(chan *collector.ExportTraceServiceRequest, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var req collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &req)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			http.Error(w, "bad", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
		requests <- &req
	}))
	defer srv.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", srv.URL)
	t.Setenv("OTEL_SERVICE_NAME", "crieur-ingest")
	tr, err := run.Tracing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, span := tr.Provider.Tracer("ingest").Start(t.Context(), "fetch")
	headers := propagation.MapCarrier{}
	run.Propagator().Inject(ctx, headers)
	back := trace.SpanContextFromContext(run.Propagator().Extract(t.Context(), headers))
	if back.TraceID() != span.SpanContext().TraceID() || !back.IsRemote() {
		t.Errorf("carried as %v", headers)
	}
	span.End()
	if err := tr.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	req := <-requests
	rs := req.GetResourceSpans()[0]
	if got := rs.GetScopeSpans()[0].GetSpans()[0].GetName(); got != "fetch" {
		t.Errorf("span %q", got)
	}
	var service string
	for _, a := range rs.GetResource().GetAttributes() {
		if a.GetKey() == "service.name" {
			service = a.GetValue().GetStringValue()
		}
	}
	if service != "crieur-ingest" {
		t.Errorf("service.name %q", service)
	}
}

func TestContextEndsOnSIGTERM(t *testing.T) {
	ctx, stop := run.Context()
	defer stop()
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("the signal changed nothing")
	}
}
