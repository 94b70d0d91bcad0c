package runner

import (
	"maps"
	"slices"
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
	alarmed    *prometheus.GaugeVec
	sources    *prometheus.GaugeVec
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
		alarmed:    stage.Gauge("alarmed_sources_count", "Sources that have an alarm, by alarm.", run.Label{Name: "alarm", Values: slices.Sorted(maps.Values(alarmNames()))}),
		sources:    stage.Gauge("sources_count", "Sources that are read by polling, those of other processes too."),
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

// alarms moves one source from some alarms to others.
func (m *Metrics) alarms(before, now alarms) {
	if before == now {
		return
	}
	for alarm, name := range alarmNames() {
		switch {
		case now&^before&alarm != 0:
			m.alarmed.WithLabelValues(name).Inc()
		case before&^now&alarm != 0:
			m.alarmed.WithLabelValues(name).Dec()
		}
	}
}

func (m *Metrics) raws(n int) { m.published.WithLabelValues().Add(float64(n)) }

func (m *Metrics) rejection(reason events.Reason) { m.rejections.WithLabelValues(string(reason)).Inc() }
