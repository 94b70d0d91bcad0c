package runner

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/run"
)

// Metrics counts what ingest does.
type Metrics struct {
	turns      *prometheus.CounterVec
	failures   *prometheus.CounterVec
	published  *prometheus.CounterVec
	rejections *prometheus.CounterVec
	seconds    *prometheus.HistogramVec
}

// NewMetrics registers the metrics of ingest.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	stage := run.NewStage(reg, "ingest")
	reason := run.Label{Name: "reason", Values: run.Values(events.Reasons()...)}
	return &Metrics{
		turns:      stage.Counter("fetches_total", "Turns of sources, by result.", run.Label{Name: "result", Values: []string{"changed", "unchanged", "failed"}}),
		failures:   stage.Counter("failures_total", "Turns that failed, by reason.", reason),
		published:  stage.Counter("raws_total", "Raws stored on the bus."),
		rejections: stage.Counter("rejections_total", "Inputs refused, by reason.", reason),
		seconds:    stage.Histogram("fetch_seconds", "Time of a turn, publication included.", nil),
	}
}

func (m *Metrics) turn(err error, unchanged bool, took time.Duration) {
	switch {
	case err != nil:
		m.turns.WithLabelValues("failed").Inc()
		m.failures.WithLabelValues(string(events.OutcomeOf(err).Reason)).Inc()
	case unchanged:
		m.turns.WithLabelValues("unchanged").Inc()
	default:
		m.turns.WithLabelValues("changed").Inc()
	}
	m.seconds.WithLabelValues().Observe(took.Seconds())
}

func (m *Metrics) raws(n int) { m.published.WithLabelValues().Add(float64(n)) }

func (m *Metrics) rejection(reason events.Reason) { m.rejections.WithLabelValues(string(reason)).Inc() }
