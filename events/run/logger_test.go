package run_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/crieur/crieur/events/run"
)

func TestLogger(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	log, err := run.Logger(&b, "json", "warn")
	if err != nil {
		t.Fatal(err)
	}
	id, _ := trace.TraceIDFromHex("0af7651916cd43dd8448eb211c80319c")
	ctx := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: id}))
	log.InfoContext(ctx, "below the level")
	log.With("source", "site").WarnContext(ctx, "slow", "tokens", 3, "attempt", 2)
	var line struct {
		Time               time.Time
		Msg, Source, Trace string
		Tokens, Attempt    int
	}
	if err := json.Unmarshal(b.Bytes(), &line); err != nil {
		t.Fatalf("%v: %s", err, b.String())
	}
	if line.Msg != "slow" || line.Source != "site" || line.Trace != id.String() || line.Tokens != 3 || line.Attempt != 2 {
		t.Errorf("%+v", line)
	}
	if !strings.Contains(b.String(), `Z",`) {
		t.Errorf("the time is not UTC: %s", b.String())
	}
}

func TestLoggerRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ format, level, want string }{{"xml", "info", "log format"}, {"json", "loud", "log level"}} {
		if _, err := run.Logger(&bytes.Buffer{}, tt.format, tt.level); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: %v", tt, err)
		}
	}
}
