package series

import (
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/barq-db/barq-operator/test/barqserver/internal/store"
)

// label is one label of a series.
type label struct{ name, value string }

// series is one line, or for durations several.
type series struct {
	labels    []label
	value     float64
	durations []float64
}

type family struct {
	kind   dto.MetricType
	series map[string]*series
}

// Registry holds all series.
type Registry struct {
	mutex    sync.Mutex
	families map[string]*family
}

// NewRegistry gives a registry without any series.
func NewRegistry() *Registry { return &Registry{families: map[string]*family{}} }

// Requested counts a request of a tenant.
func (r *Registry) Requested(tenant string, count int) {
	r.increment("tenant_requests_total", label{"tenant", tenant})
	r.set("tenant_usage_current_qps", float64(count), label{"tenant", tenant})
}

// Used notes what a tenant has.
func (r *Registry) Used(usage store.Usage) {
	tenant := label{"tenant", usage.Tenant}
	r.set("tenant_usage_collections", float64(usage.Collections), tenant)
	r.set("tenant_usage_documents", float64(usage.Documents), tenant)
	r.set("tenant_usage_disk_bytes", float64(usage.DiskBytes), tenant)
	r.set("tenant_usage_memory_bytes", float64(usage.MemoryBytes), tenant)
	r.set("tenant_usage_current_qps", float64(usage.CurrentQPS), tenant)
}

// CollectionCreated counts a collection.
func (r *Registry) CollectionCreated(tenant string) {
	r.increment("collection_operations_total", label{"operation", "create"}, label{"tenant", tenant})
}

// DocumentInserted counts a document. Deletions are not counted.
func (r *Registry) DocumentInserted(tenant, collection string) {
	r.increment("document_operations_total",
		label{"operation", "insert"}, label{"collection", collection}, label{"tenant", tenant})
}

// Searched counts a search for a vector, and how long it took.
func (r *Registry) Searched(tenant, collection string, seconds float64) {
	r.observe("search_duration_seconds", seconds)
	r.increment("search_requests_total",
		label{"type", "vector"}, label{"collection", collection}, label{"tenant", tenant})
}

// BatchSearched notes how long a search for several vectors took. It is not counted
// as a search.
func (r *Registry) BatchSearched(seconds float64) {
	r.observe("batch_search_duration_seconds", seconds)
}

func (r *Registry) increment(name string, labels ...label) {
	r.update(name, dto.MetricType_COUNTER, labels, func(s *series) { s.value++ })
}

func (r *Registry) set(name string, value float64, labels ...label) {
	r.update(name, dto.MetricType_GAUGE, labels, func(s *series) { s.value = value })
}

func (r *Registry) observe(name string, seconds float64) {
	r.update(name, dto.MetricType_SUMMARY, nil, func(s *series) { s.durations = append(s.durations, seconds) })
}

func (r *Registry) update(name string, kind dto.MetricType, labels []label, change func(*series)) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	found := r.families[name]
	if found == nil {
		found = &family{kind: kind, series: map[string]*series{}}
		r.families[name] = found
	}
	var key strings.Builder
	for _, label := range labels {
		key.WriteString(label.value + "\x00")
	}
	one := found.series[key.String()]
	if one == nil {
		one = &series{labels: labels}
		found.series[key.String()] = one
	}
	change(one)
}

// WriteText writes all series in Prometheus's text format.
func (r *Registry) WriteText(out io.Writer) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, name := range slices.Sorted(maps.Keys(r.families)) {
		if _, err := expfmt.MetricFamilyToText(out, r.families[name].message(name)); err != nil {
			return err
		}
	}
	return nil
}

func (f *family) message(name string) *dto.MetricFamily {
	message := &dto.MetricFamily{Name: &name, Type: &f.kind}
	for _, key := range slices.Sorted(maps.Keys(f.series)) {
		one := f.series[key]
		metric := &dto.Metric{}
		for _, label := range one.labels {
			metric.Label = append(metric.Label, &dto.LabelPair{Name: &label.name, Value: &label.value})
		}
		switch f.kind {
		case dto.MetricType_COUNTER:
			metric.Counter = &dto.Counter{Value: &one.value}
		case dto.MetricType_GAUGE:
			metric.Gauge = &dto.Gauge{Value: &one.value}
		default:
			metric.Summary = summary(one.durations)
		}
		message.Metric = append(message.Metric, metric)
	}
	return message
}

func summary(durations []float64) *dto.Summary {
	sorted := slices.Sorted(slices.Values(durations))
	count := uint64(len(sorted))
	var sum float64
	for _, seconds := range sorted {
		sum += seconds
	}
	written := &dto.Summary{SampleCount: &count, SampleSum: &sum}
	for _, quantile := range []float64{0, 0.5, 0.9, 0.95, 0.99, 0.999, 1} {
		value := sorted[int(math.Round(quantile*float64(len(sorted)-1)))]
		written.Quantile = append(written.Quantile, &dto.Quantile{Quantile: &quantile, Value: &value})
	}
	return written
}
