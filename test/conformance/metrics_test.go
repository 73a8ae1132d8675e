package conformance

import (
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
)

// values gives every series of the server by name and labels; of a summary, how many
// values it has seen.
func (s *server) values() map[string]float64 {
	s.t.Helper()
	text, err := s.Metrics(s.t.Context())
	require.NoError(s.t, err)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	require.NoError(s.t, err)
	found := map[string]float64{}
	for name, family := range families {
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			var written []string
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			for _, label := range []string{"tenant", "collection", "operation", "type"} {
				if value, has := labels[label]; has {
					written = append(written, label+"="+value)
					delete(labels, label)
				}
			}
			require.Empty(s.t, labels, name)
			key := name + "{" + strings.Join(written, ",") + "}"
			switch family.GetType() {
			case dto.MetricType_COUNTER:
				found["counter "+key] = metric.GetCounter().GetValue()
			case dto.MetricType_GAUGE:
				found["gauge "+key] = metric.GetGauge().GetValue()
			case dto.MetricType_SUMMARY:
				found["summary "+key] = float64(metric.GetSummary().GetSampleCount())
			default:
				require.Fail(s.t, "a metric of another type", family.String())
			}
		}
	}
	return found
}

func TestMetrics(t *testing.T) {
	s := serve(t, start{})
	require.Empty(t, s.values(), "a server that did nothing has no metrics")
	inserted := s.fill(3)
	require.NoError(t, s.Delete(t.Context(), "things", inserted[0].ID))
	s.search("things", 1, 0, 1)
	_, err := s.BatchSearch(t.Context(), "things", [][]float32{{1, 0}, {2, 0}}, 1)
	require.NoError(t, err)
	s.requireAll(inserted[1:])

	require.Equal(t, map[string]float64{
		// A collection, three documents, a deletion and a search: neither a batch of searches
		// nor a document that was asked for counts.
		"counter tenant_requests_total{tenant=default}":                                        6,
		"gauge tenant_usage_current_qps{tenant=default}":                                       6,
		"counter collection_operations_total{tenant=default,operation=create}":                 1,
		"counter document_operations_total{tenant=default,collection=things,operation=insert}": 3,
		"counter search_requests_total{tenant=default,collection=things,type=vector}":          1,
		"summary search_duration_seconds{}":                                                    1,
		"summary batch_search_duration_seconds{}":                                              1,
		"gauge tenant_usage_collections{tenant=default}":                                       1,
		"gauge tenant_usage_documents{tenant=default}":                                         2,
		// Two numbers of four bytes, and {"title":"document N"}.
		"gauge tenant_usage_disk_bytes{tenant=default}":   2 * (8 + 22),
		"gauge tenant_usage_memory_bytes{tenant=default}": 2 * (8 + 22),
	}, s.values())

	// What was replayed is not told before the tenant does something, or is asked about.
	s.stop()
	s = s.again()
	require.Empty(t, s.values())
	usage, err := s.Usage(t.Context(), "default")
	require.NoError(t, err)
	require.Equal(t, 2, usage.Documents)
	require.Equal(t, map[string]float64{
		"gauge tenant_usage_current_qps{tenant=default}":  0,
		"gauge tenant_usage_collections{tenant=default}":  1,
		"gauge tenant_usage_documents{tenant=default}":    2,
		"gauge tenant_usage_disk_bytes{tenant=default}":   60,
		"gauge tenant_usage_memory_bytes{tenant=default}": 60,
	}, s.values())
}

// Searches over gRPC and hybrid ones are in no metric of searches. Quotas have series of their own.
func TestMetricsOfOtherSearchesAndQuotas(t *testing.T) {
	needsTheRealServer(t, "it has neither text search nor quotas")
	s := serve(t, start{})
	require.Equal(t, 201, s.status("POST", "/collections",
		`{"name":"things","dimension":2,"metric":"L2","text_fields":[{"name":"title","indexed":true,"required":true}]}`))
	require.NoError(t, s.Insert(t.Context(), "things", documents(1)...))
	require.Equal(t, 200, s.status("POST", "/collections/things/search/text", `{"query":"document","top_k":1}`))
	require.Equal(t, 200, s.status("POST", "/collections/things/search/hybrid", `{"vector":[1,0],"query":"document","top_k":1}`))
	require.Equal(t, 202, s.status("PUT", "/tenants/default/quota", `{"max_collections":5,"max_disk_bytes":1000,"max_memory_bytes":2000,"max_qps":1000}`))
	require.Equal(t, 201, s.status("POST", "/collections", `{"name":"more","dimension":2,"metric":"L2"}`))
	values := s.values()
	searches := map[string]float64{}
	quotas := map[string]float64{}
	for name, value := range values {
		switch {
		case strings.Contains(name, "search"):
			searches[name] = value
		case strings.Contains(name, "quota"):
			quotas[name] = value
		}
	}
	require.Equal(t, map[string]float64{
		"counter search_requests_total{tenant=default,collection=things,type=text}": 1,
		"summary search_duration_seconds{}":                                         1,
	}, searches)
	require.Equal(t, map[string]float64{
		"gauge tenant_quota_collections{tenant=default}": 5, "gauge tenant_quota_disk_bytes{tenant=default}": 1000,
		"gauge tenant_quota_memory_bytes{tenant=default}": 2000, "gauge tenant_quota_qps{tenant=default}": 1000,
	}, quotas)

	// A quota is gone with the process.
	s.stop()
	s = s.again()
	_, err := s.Usage(t.Context(), "default")
	require.NoError(t, err)
	for name := range s.values() {
		require.NotContains(t, name, "quota")
	}
}

// Each tenant that a client names gets series, even if it has no collection.
func TestEachTenantThatIsNamedHasSeries(t *testing.T) {
	s := serve(t, start{})
	requireStatus(t, 400, s.As("stranger").Insert(t.Context(), "absent", documents(1)...))
	require.Equal(t, map[string]float64{
		"counter tenant_requests_total{tenant=stranger}":  1,
		"gauge tenant_usage_current_qps{tenant=stranger}": 1,
	}, s.values())
}
