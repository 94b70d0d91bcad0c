package e2e_test

import (
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// spans is an OpenTelemetry collector: what it was sent, by trace.
type spans struct {
	mu     sync.Mutex
	traces map[string][]string // span names
}

// ServeHTTP takes an export by OTLP over HTTP.
func (s *spans) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = z
	}
	raw, err := io.ReadAll(body)
	var got collector.ExportTraceServiceRequest
	if err != nil || proto.Unmarshal(raw, &got) != nil {
		http.Error(w, "not an export", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, resource := range got.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			for _, span := range scope.Spans {
				id := hex.EncodeToString(span.TraceId)
				s.traces[id] = append(s.traces[id], span.Name)
			}
		}
	}
}

// with returns the names of a trace that has all of some spans, by the
// beginnings of their names.
func (s *spans) with(wanted ...string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, names := range s.traces {
		if !slices.ContainsFunc(wanted, func(want string) bool {
			return !slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, want) })
		}) {
			return names
		}
	}
	return nil
}

// TestOneTraceFromSourceToReceipt follows a notice through every stage by the
// one trace that the collector is sent.
func TestOneTraceFromSourceToReceipt(t *testing.T) {
	seen := &spans{traces: map[string][]string{}}
	otlp := httptest.NewServer(seen)
	defer otlp.Close()
	in := install(t, "")
	in.env = []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + otlp.URL, "OTEL_BSP_SCHEDULE_DELAY=100"}
	s := startSink(t)
	password := filepath.Join(in.dir, "smpp.secret")
	write(t, password, "secret")
	in.counterSecret()
	in.append(fmt.Sprintf(killConfig, smsWindow, 0, s.port(), password))
	in.start()
	enrol(t, in.bus(), 3)
	in.post("guichet", benchSecret, map[string]any{"id": "eau", "title": "Coupure d'eau rue Neuve", "body": "Demain de 9 h à 12 h.", "class": "service"})
	until(t, 20*time.Second, func() bool { return s.received.Load() == 3 })

	var whole []string
	for _, stage := range []string{"raw", "message", "publication", "delivery", "receipt"} {
		whole = append(whole, "publish "+stage, "handle "+stage)
	}
	deadline := time.Now().Add(20 * time.Second)
	for count(seen.with(whole...), "handle delivery") < 3 { // the sign, the feed, the batch of SMS
		if time.Now().After(deadline) {
			seen.mu.Lock()
			t.Fatalf("no trace goes from the source to the receipt: %q", seen.traces)
		}
		wait(t, 100*time.Millisecond)
	}
	in.stop()
}

func count(names []string, name string) (n int) {
	for _, s := range names {
		if s == name {
			n++
		}
	}
	return n
}
