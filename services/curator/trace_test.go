package curator_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/propagation"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
)

const traceOfTheSource = "4bf92f3577b34da6a3ce929d0e0e4736"

// traced is a context of the source's trace.
func traced(ctx context.Context) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": "00-" + traceOfTheSource + "-00f067aa0ba902b7-01"})
}

// traceOf is the trace of the last publication on a stream.
func (w *town) traceOf(stream string) string {
	w.t.Helper()
	s, err := w.js.Stream(w.t.Context(), bus.StreamPublications)
	must(w.t, err)
	msg, err := s.GetLastMsgForSubject(w.t.Context(), events.SubjectPublication+".begles."+stream)
	must(w.t, err)
	parts := strings.Split(msg.Header.Get(bus.HeaderTraceParent), "-")
	if len(parts) < 2 {
		return ""
	}
	return parts[1]
}

func TestOneTraceGoesThroughApproval(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.as("ana")
	now := w.message("1", nil)
	must(t, w.emitter.Publish(traced(t.Context()), now))
	ana.see("/console/begles", "Coupure d’eau")
	if r := ana.press(pathOf("infos", now), "approve"); r.status != http.StatusSeeOther {
		t.Fatalf("approve: %d", r.status)
	}
	w.awaitPublications("infos", 1)
	if got := w.traceOf("infos"); got != traceOfTheSource {
		t.Errorf("approved: trace %q, want the source’s", got)
	}
	if r := ana.press(pathOf("infos", now), "withdraw", "reason", "Erreur de date"); r.status != http.StatusSeeOther {
		t.Fatalf("withdraw: %d", r.status)
	}
	w.awaitPublications("infos", 2)
	if got := w.traceOf("infos"); got != traceOfTheSource {
		t.Errorf("withdrawn: trace %q, want the source’s", got)
	}
}
