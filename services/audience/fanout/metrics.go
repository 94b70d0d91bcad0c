package fanout

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/audience/consent"
)

// Metrics are the fan-out's.
type Metrics struct {
	people  *prometheus.CounterVec
	running prometheus.Gauge
}

// NewMetrics returns them, registered.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	stage := run.NewStage(reg, "audience")
	return &Metrics{
		people: stage.Counter("targeted_total", "Subscribers put in the queue (reason empty) or given up.",
			run.Label{Name: "kind", Values: consent.Kinds()},
			run.Label{Name: "reason", Values: run.Values(events.ReasonNone, events.ReasonExpired, events.ReasonSuperseded)}),
		running: stage.Gauge("fanouts_count", "Channels of publications under way.").WithLabelValues(),
	}
}

func (m *Metrics) planned(kind string, reason events.Reason, people int) {
	m.people.WithLabelValues(kind, string(reason)).Add(float64(people))
}
