package engine

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/crieur/crieur/events"
)

// Metrics of deliveries. Reason is the only error label. An Engine made anew
// goes on counting in the same.
type Metrics struct {
	recipients *prometheus.CounterVec
	failures   *prometheus.CounterVec
	units      *prometheus.CounterVec
	duplicates prometheus.Counter
	orphans    prometheus.Counter
	stuck      prometheus.Counter
	sending    *prometheus.HistogramVec
	reported   prometheus.Counter
	failovers  *prometheus.CounterVec
}

// NewMetrics registers the metrics, with the channel kinds at zero.
func NewMetrics(reg prometheus.Registerer, kinds ...string) (*Metrics, error) {
	m := &Metrics{
		recipients: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "crieur_delivery_recipients_total", Help: "Recipients by channel kind, class and receipt status.",
		}, []string{"kind", "class", "status"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "crieur_delivery_failures_total", Help: "Recipients that failed or are unknown, by reason.",
		}, []string{"kind", "reason"}),
		units: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "crieur_delivery_units_total", Help: "SMS parts, sign pages or posts, by channel kind.",
		}, []string{"kind"}),
		duplicates: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "crieur_delivery_duplicates_total", Help: "Recipients of an alert sent to again after a crash.",
		}),
		orphans: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "crieur_delivery_orphan_receipts_total", Help: "Provider receipts that match nothing we sent.",
		}),
		stuck: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "crieur_delivery_stuck_total", Help: "Intents that the sweeper had to end.",
		}),
		sending: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "crieur_delivery_send_seconds", Help: "Time that a channel takes for one delivery.",
			Buckets: []float64{.001, .005, .025, .1, .5, 2, 10, 60},
		}, []string{"kind"}),
		reported: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "crieur_delivery_provider_receipts_total", Help: "Provider receipts matched and stored.",
		}),
	}
	m.failovers = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "crieur_delivery_failovers_total", Help: "Recipients handed to the channel that takes over, by the kind of the one that fails.",
	}, []string{"kind"})
	for _, kind := range kinds {
		m.failovers.WithLabelValues(kind)
		for _, class := range events.Classes() {
			for _, status := range events.ReceiptStatuses() {
				m.recipients.WithLabelValues(kind, string(class), string(status))
			}
		}
		for _, reason := range events.Reasons() {
			m.failures.WithLabelValues(kind, string(reason))
		}
		m.units.WithLabelValues(kind)
		m.sending.WithLabelValues(kind)
	}
	for _, c := range []prometheus.Collector{
		m.recipients, m.failures, m.units, m.duplicates, m.orphans, m.stuck, m.sending, m.reported, m.failovers,
	} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("engine: metrics: %w", err)
		}
	}
	return m, nil
}

// count adds a receipt's recipients, all at once where they agree.
func (m *Metrics) count(r events.Receipt) {
	units := 0
	for from := 0; from < len(r.Recipients); {
		first := r.Recipients[from]
		to := from
		for to < len(r.Recipients) && r.Recipients[to].Status == first.Status && r.Recipients[to].Reason == first.Reason {
			units += r.Recipients[to].Units
			to++
		}
		m.recipients.WithLabelValues(r.Kind, string(r.Class), string(first.Status)).Add(float64(to - from))
		if first.Reason != events.ReasonNone {
			m.failures.WithLabelValues(r.Kind, string(first.Reason)).Add(float64(to - from))
		}
		from = to
	}
	m.units.WithLabelValues(r.Kind).Add(float64(units))
}
