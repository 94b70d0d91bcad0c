package run_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/run"
)

// gather returns the values of a registry's counters and gauges by their name
// and labels.
func gather(t *testing.T, reg prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			key := f.GetName()
			for _, l := range m.GetLabel() {
				key += " " + l.GetName() + "=" + l.GetValue()
			}
			values[key] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return values
}

func TestStageStartsAtZero(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	stage := run.NewStage(reg, "ingest")
	fetches := stage.Counter("fetches_total", "Fetches.",
		run.Label{Name: "class", Values: run.Values(events.Classes()...)}, run.Label{Name: "outcome", Values: []string{"done", "failed"}})
	stage.Histogram("fetch_seconds", "Time.", nil)
	stage.Gauge("backlog_messages", "Backlog.")
	got := gather(t, reg)
	if len(got) != 8 {
		t.Errorf("%d series: %v", len(got), got)
	}
	if v, ok := got["crieur_ingest_fetches_total class=alert outcome=failed"]; !ok || v != 0 {
		t.Errorf("not at zero: %v", got)
	}
	fetches.WithLabelValues("alert", "done").Inc()
	run.NewStage(reg, "ingest").Counter("fetches_total", "Fetches.", run.Label{Name: "class"}, run.Label{Name: "outcome"}).
		WithLabelValues("alert", "done").Inc()
	if v := gather(t, reg)["crieur_ingest_fetches_total class=alert outcome=done"]; v != 2 {
		t.Errorf("made twice, it counts %v", v)
	}
}

func TestStagePanicsOnWhatCannotBe(t *testing.T) {
	t.Parallel()
	many := make([]string, 50)
	for i := range many {
		many[i] = strings.Repeat("x", i+1)
	}
	for name, f := range map[string]func(*run.Stage){
		"no unit":      func(s *run.Stage) { s.Gauge("backlog", "h") },
		"upper case":   func(s *run.Stage) { s.Counter("Fetches_total", "h") },
		"other labels": func(s *run.Stage) { s.Counter("a_total", "h"); s.Counter("a_total", "h", run.Label{Name: "x"}) },
		"other type":   func(s *run.Stage) { s.Counter("a_total", "h"); s.Gauge("a_total", "h") },
		"unbounded":    func(s *run.Stage) { s.Counter("a_total", "h", run.Label{"x", many}, run.Label{"y", many}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f(run.NewStage(prometheus.NewRegistry(), "x"))
		})
	}
}
