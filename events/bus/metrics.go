package bus

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/crieur/crieur/events"
)

// Metrics counts what the bus does. A nil *Metrics counts nothing.
type Metrics struct {
	publishedTotal prometheus.Counter
	publishErrors  *prometheus.CounterVec
	handledTotal   *prometheus.CounterVec
	errorsTotal    *prometheus.CounterVec
	redelivered    *prometheus.CounterVec
	deadLetters    *prometheus.CounterVec
	inHandMessages *prometheus.GaugeVec
	handling       *prometheus.HistogramVec
}

// NewMetrics makes the bus's metrics and registers them in reg; the services of
// one program that ask for them share one set.
func NewMetrics(reg prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		publishedTotal: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "crieur_bus_published_total", Help: "Messages stored.",
		}),
		publishErrors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "crieur_bus_publish_errors_total", Help: "Messages not known to be stored, by reason.",
		}, []string{"reason"}),
		handledTotal: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "crieur_bus_handled_total", Help: "Deliveries to a handler, by consumer and outcome.",
		}, []string{"consumer", "outcome"}),
		errorsTotal: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "crieur_bus_errors_total", Help: "Failed deliveries to a handler, by consumer and reason.",
		}, []string{"consumer", "reason"}),
		redelivered: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "crieur_bus_redelivered_total", Help: "Messages received again, by consumer.",
		}, []string{"consumer"}),
		deadLetters: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "crieur_bus_deadletters_total", Help: "Dead letters stored, by consumer and reason.",
		}, []string{"consumer", "reason"}),
		inHandMessages: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "crieur_bus_in_hand_messages", Help: "Messages received and not settled, by consumer.",
		}, []string{"consumer"}),
		handling: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "crieur_bus_handling_seconds", Help: "Time from handing a message over to its outcome, by consumer.",
			Buckets: []float64{.001, .005, .025, .1, .5, 2, 10, 60, 300},
		}, []string{"consumer"}),
	}
	err := errors.Join(
		once(reg, &m.publishedTotal), once(reg, &m.publishErrors), once(reg, &m.handledTotal), once(reg, &m.errorsTotal),
		once(reg, &m.redelivered), once(reg, &m.deadLetters), once(reg, &m.inHandMessages), once(reg, &m.handling),
	)
	if err != nil {
		return nil, err
	}
	for _, reason := range events.Reasons() {
		m.publishErrors.WithLabelValues(string(reason))
	}
	return m, nil
}

// once registers a collector, or takes the one that is already there.
func once[C prometheus.Collector](reg prometheus.Registerer, c *C) error {
	err := reg.Register(*c)
	var already prometheus.AlreadyRegisteredError
	if errors.As(err, &already) {
		if first, ok := already.ExistingCollector.(C); ok {
			*c = first
			return nil
		}
	}
	return err
}

func (m *Metrics) published(n int) {
	if m != nil {
		m.publishedTotal.Add(float64(n))
	}
}

func (m *Metrics) publishFailed(reason events.Reason) {
	if m != nil {
		m.publishErrors.WithLabelValues(string(reason)).Inc()
	}
}

// forConsumer starts a consumer's series at zero.
func (m *Metrics) forConsumer(consumer string) {
	if m == nil {
		return
	}
	for _, kind := range []events.OutcomeKind{events.Done, events.PermanentFailure, events.TransientFailure} {
		m.handledTotal.WithLabelValues(consumer, kind.String())
	}
	for _, reason := range events.Reasons() {
		m.errorsTotal.WithLabelValues(consumer, string(reason))
		m.deadLetters.WithLabelValues(consumer, string(reason))
	}
	m.redelivered.WithLabelValues(consumer)
	m.inHandMessages.WithLabelValues(consumer)
	m.handling.WithLabelValues(consumer)
}

func (m *Metrics) handled(consumer string, o events.Outcome, took time.Duration) {
	if m == nil {
		return
	}
	m.handledTotal.WithLabelValues(consumer, o.Kind.String()).Inc()
	m.handling.WithLabelValues(consumer).Observe(took.Seconds())
	if o.Kind != events.Done {
		m.errorsTotal.WithLabelValues(consumer, string(o.Reason)).Inc()
	}
}

func (m *Metrics) deadLettered(consumer string, reason events.Reason) {
	if m != nil {
		m.deadLetters.WithLabelValues(consumer, string(reason)).Inc()
	}
}

func (m *Metrics) received(consumer string, attempt uint64) {
	if m == nil {
		return
	}
	m.inHandMessages.WithLabelValues(consumer).Inc()
	if attempt > 1 {
		m.redelivered.WithLabelValues(consumer).Inc()
	}
}

func (m *Metrics) settled(consumer string) {
	if m != nil {
		m.inHandMessages.WithLabelValues(consumer).Dec()
	}
}
