package runner

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

func TestDrift(t *testing.T) {
	t.Parallel()
	full := source.Record{URL: "https://m.example/1", Value: record.Entry{Title: "x", Body: "y", Published: now}}
	bare := source.Record{URL: "https://m.example/1", Value: record.Entry{Body: "y", Published: now}}
	alert := source.Record{Value: record.Alert{}}
	some := func(n int, r source.Record) []source.Record { return slices.Repeat([]source.Record{r}, n) }
	type document struct {
		records []source.Record
		drifts  bool
	}
	for name, c := range map[string]struct {
		neverEmpty bool
		documents  []document
	}{
		"titles lost, and back":                      {documents: []document{{append(some(3, full), bare), false}, {append(some(3, bare), full), true}, {some(3, full), false}}},
		"titles lost, and one back":                  {documents: []document{{some(3, full), false}, {some(3, bare), true}, {some(1, full), false}, {some(1, full), false}}},
		"titles stay lost":                           {documents: []document{{some(4, full), false}, {some(4, bare), true}, {some(4, bare), true}, {some(1, bare), true}}},
		"nothing, where there is always something":   {neverEmpty: true, documents: []document{{some(3, full), false}, {nil, true}, {some(1, full), false}}},
		"nothing, before there ever was something":   {neverEmpty: true, documents: []document{{nil, false}}},
		"a day without alerts":                       {documents: []document{{some(4, alert), false}, {nil, false}, {some(1, alert), false}}},
		"no news":                                    {documents: []document{{some(4, full), false}, {nil, false}, {some(2, full), false}}},
		"one record, of which titles are lost":       {documents: slices.Concat(slices.Repeat([]document{{some(1, full), false}}, 3), slices.Repeat([]document{{some(1, bare), false}}, 2), []document{{some(1, bare), true}, {some(1, full), false}, {some(1, bare), false}})},
		"two records, of which titles are lost":      {documents: []document{{some(2, full), false}, {some(2, full), false}, {some(2, bare), false}, {some(2, bare), true}}},
		"one record in a hundred documents, as ever": {documents: slices.Repeat([]document{{some(1, full), false}}, 100)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s shape
			for i, d := range c.documents {
				if s = s.after(d.records, c.neverEmpty); s.Lost != d.drifts {
					t.Fatalf("document %d: drifts %t, want %t: %+v", i+1, s.Lost, d.drifts, s)
				}
			}
			if len(s.Sample) > keptSample {
				t.Errorf("%d records are remembered", len(s.Sample))
			}
		})
	}
}

// TestADriftEnds: a page that a selector no longer finds drifts until it is what it
// was, be that new to us or what was read before.
func TestADriftEnds(t *testing.T) {
	var step atomic.Int64
	b := newBench(t, eventstest.JetStream(t), nil, func(source.Spec) *script {
		return &script{func(_ context.Context, cur source.Cursor) ([]source.Record, source.Cursor, error) {
			switch step.Load() {
			case 1, 3:
				return nil, cur, events.Transient(events.ReasonInvalidContent, &source.DriftError{Field: "item"}, time.Nanosecond)
			case 2:
				return nil, cur, source.ErrUnchanged
			}
			return []source.Record{item("1", fmt.Sprint(step.Load()), "", time.Time{})}, cur, nil
		}}
	})
	b.set(t, spec("s"))
	b.start(t)
	for n, want := range []bool{false, true, false, true, false} {
		step.Store(int64(n))
		eventstest.Eventually(t, func() bool {
			b.Hurry("a.s")
			h, _, err := b.health.Get(t.Context(), "a", "s")
			return err == nil && !h.LastAttempt.IsZero() && h.Drifting == want && (h.ErrorStreak > 0) == want
		}, within, fmt.Sprintf("step %d: drifts %t", n, want))
	}
}
