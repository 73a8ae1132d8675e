package metrics

import "github.com/prometheus/client_golang/prometheus"

// prefix begins the names of the agent's series.
const prefix = "barq_agent_"

// Series describes series with one name.
type Series struct {
	Name, Type string
	Labels     []string
	Help       string
}

// The types.
const (
	counterType   = "counter"
	gaugeType     = "gauge"
	histogramType = "histogram"
)

// book has the agent's series.
type book struct {
	registry *prometheus.Registry
	series   []Series
}

// note writes down a series, and returns its name.
func (b *book) note(kind, name, help string, labels ...string) string {
	b.series = append(b.series, Series{Name: prefix + name, Type: kind, Labels: labels, Help: help})
	return prefix + name
}

func (b *book) counter(name, help string) prometheus.Counter {
	made := prometheus.NewCounter(prometheus.CounterOpts{Name: b.note(counterType, name, help), Help: help})
	b.registry.MustRegister(made)
	return made
}

func (b *book) counters(name, help string, labels ...string) *prometheus.CounterVec {
	made := prometheus.NewCounterVec(prometheus.CounterOpts{Name: b.note(counterType, name, help, labels...), Help: help}, labels)
	b.registry.MustRegister(made)
	return made
}

func (b *book) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	made := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: b.note(gaugeType, name, help, labels...), Help: help}, labels)
	b.registry.MustRegister(made)
	return made
}

func (b *book) gaugeOf(name, help string, value func() float64) {
	b.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: b.note(gaugeType, name, help), Help: help}, value))
}

func (b *book) histogram(name, help string, buckets []float64) prometheus.Histogram {
	made := prometheus.NewHistogram(prometheus.HistogramOpts{Name: b.note(histogramType, name, help), Help: help, Buckets: buckets})
	b.registry.MustRegister(made)
	return made
}

func (b *book) histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	made := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: b.note(histogramType, name, help, labels...), Help: help, Buckets: buckets}, labels)
	b.registry.MustRegister(made)
	return made
}
