package run

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// maxSeries bounds the series of one metric made here: labels are bounded.
const maxSeries = 2000

// NewMetrics returns a registry with the process's and Go's own metrics.
func NewMetrics() *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return reg
}

// Label is a label of a metric, with all the values it can have.
type Label struct {
	Name   string
	Values []string
}

// Values makes a Label's values of a closed list of any string type.
func Values[S ~string](list ...S) []string {
	values := make([]string, len(list))
	for i, v := range list {
		values[i] = string(v)
	}
	return values
}

// Stage makes the metrics of one stage, named crieur_<stage>_<noun>_<unit> or
// crieur_<stage>_<noun>_total. Every combination of label values exists from
// the start, at zero. Making a metric again returns the first: a service that
// starts anew goes on counting.
//
// Its methods panic on a name, a label or a type that cannot be, as
// prometheus.MustRegister does: those are written in the program.
type Stage struct {
	reg  prometheus.Registerer
	name string
}

// NewStage returns the metrics of a stage. A nil registerer registers nowhere.
func NewStage(reg prometheus.Registerer, stage string) *Stage { return &Stage{reg: reg, name: stage} }

var metricRe = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*_(total|seconds|bytes|ratio|info|rows|messages|items|parts|connections|timestamp_seconds|euros|count|state)$`)

func (s *Stage) fullName(name string) string {
	if !metricRe.MatchString(name) {
		panic(fmt.Sprintf("run: metric %q of stage %s does not end with its unit or total", name, s.name))
	}
	return "crieur_" + s.name + "_" + name
}

// Counter returns a counter; name is <noun>_total.
func (s *Stage) Counter(name, help string, labels ...Label) *prometheus.CounterVec {
	vec := register(s.reg, prometheus.NewCounterVec(prometheus.CounterOpts{Name: s.fullName(name), Help: help}, names(labels)))
	each(labels, func(values []string) { vec.WithLabelValues(values...) })
	return vec
}

// Gauge returns a gauge; name is <noun>_<unit>.
func (s *Stage) Gauge(name, help string, labels ...Label) *prometheus.GaugeVec {
	vec := register(s.reg, prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: s.fullName(name), Help: help}, names(labels)))
	each(labels, func(values []string) { vec.WithLabelValues(values...) })
	return vec
}

// Histogram returns a histogram with the upper bounds of its buckets, in the
// unit of its name; nil bounds are Prometheus's defaults, 5 ms to 10 s.
func (s *Stage) Histogram(name, help string, bounds []float64, labels ...Label) *prometheus.HistogramVec {
	vec := register(s.reg, prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: s.fullName(name), Help: help, Buckets: bounds}, names(labels)))
	each(labels, func(values []string) { vec.WithLabelValues(values...) })
	return vec
}

func register[C prometheus.Collector](reg prometheus.Registerer, c C) C {
	if reg == nil {
		return c
	}
	err := reg.Register(c)
	var already prometheus.AlreadyRegisteredError
	if errors.As(err, &already) {
		if first, ok := already.ExistingCollector.(C); ok {
			return first
		}
	}
	if err != nil {
		panic(fmt.Sprintf("run: %v", err))
	}
	return c
}

func names(labels []Label) []string {
	list := make([]string, len(labels))
	for i, l := range labels {
		list[i] = l.Name
	}
	return list
}

// each calls f with every combination of the labels' values. A label without
// values is one whose values are known later, such as a channel's kind: it
// leaves the metric empty.
func each(labels []Label, f func([]string)) {
	series := 1
	for _, l := range labels {
		series *= len(l.Values)
	}
	if series > maxSeries {
		panic(fmt.Sprintf("run: labels %v make %d series, %d allowed", names(labels), series, maxSeries))
	}
	values := make([]string, len(labels))
	for n := range series {
		for i, l := range labels {
			values[i] = l.Values[n%len(l.Values)]
			n /= len(l.Values)
		}
		f(values)
	}
}
