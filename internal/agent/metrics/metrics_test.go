package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/barq-db/barq-operator/internal/agent/metrics"
	"github.com/barq-db/barq-operator/internal/agent/refusal"
	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/barq/request"
)

// server is what is scraped.
type server struct {
	text    string
	err     error
	scrapes int
}

func (s *server) page(_ context.Context, most int64) ([]byte, error) {
	s.scrapes++
	return []byte(s.text[:min(int64(len(s.text)), most)]), s.err
}

func newMetrics(behind *server) *metrics.Metrics {
	return metrics.New(metrics.Sources{Status: known, LockWaits: func() time.Duration { return time.Second }, Server: behind.page})
}

// known is a status in which everything is known.
func known() v1.Status {
	before := time.Now().Add(-time.Minute)
	return v1.Status{
		Started: before, Served: &before, Data: v1.Data{Unsound: &v1.Unsound{Collections: 1}},
		Log:  v1.Log{OldestUnsynced: &before, Repair: &v1.Repair{Files: 1, Lost: 2}, Quarantine: &v1.Quarantine{Lost: 3}, Problem: "it is broken"},
		Disk: v1.Disk{Size: 2, Free: 1}, Memory: v1.Memory{Limit: 2, Used: 1}, Archive: &v1.Archive{Reason: v1.ArchiveShipping},
	}
}

func page(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, answer.Code)
	return answer.Body.String()
}

func parse(t *testing.T, text string) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	require.NoError(t, err)
	return families
}

// ask sends a request through what is counted, to a server that answers with a status.
func ask(m *metrics.Metrics, method, path, tenant string, code int) {
	asked := httptest.NewRequest(method, path, nil)
	if tenant != "" {
		asked.Header.Set(request.TenantHeader, tenant)
	}
	m.Count(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) { answer.WriteHeader(code) })).ServeHTTP(httptest.NewRecorder(), asked)
}

// call makes a call of gRPC that ends with an error.
func call(m *metrics.Metrics, method, tenant string, err error) {
	ctx := metadata.NewIncomingContext(context.Background(), metadata.Pairs("x-tenant-id", tenant))
	_, _ = m.CountCall(ctx, nil, &grpc.UnaryServerInfo{FullMethod: method}, func(context.Context, any) (any, error) { return nil, err })
}

// Everything that is described is there, with these labels and as this type, and nothing else.
func TestSeriesAreAsDescribed(t *testing.T) {
	m := newMetrics(&server{})
	ask(m, http.MethodPost, "/collections", "", 201)
	m.Refused(refusal.Closed)
	found := map[string]metrics.Series{}
	for name, family := range parse(t, page(t, m)) {
		series := metrics.Series{Name: name, Type: strings.ToLower(family.GetType().String()), Help: family.GetHelp()}
		for _, label := range family.GetMetric()[0].GetLabel() {
			series.Labels = append(series.Labels, label.GetName())
		}
		found[name] = series
	}
	described := m.Series()
	for index := range described {
		slices.Sort(described[index].Labels)
	}
	require.Equal(t, slices.SortedFunc(maps.Values(found), func(a, b metrics.Series) int { return strings.Compare(a.Name, b.Name) }), described)
}

// Their names are such as those who know Prometheus expect.
func TestNamesAreConventional(t *testing.T) {
	m := newMetrics(&server{})
	ask(m, http.MethodPost, "/collections", "", 201)
	m.Refused(refusal.Closed)
	problems, err := promlint.New(strings.NewReader(page(t, m))).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
}

// requests returns the series of requests, with the labels in the order of their names.
func requests(t *testing.T, m *metrics.Metrics) map[string]float64 {
	t.Helper()
	found := map[string]float64{}
	for _, metric := range parse(t, page(t, m))["barq_agent_requests_total"].GetMetric() {
		var labels []string
		for _, label := range metric.GetLabel() {
			labels = append(labels, label.GetValue())
		}
		found[strings.Join(labels, " ")] = metric.GetCounter().GetValue()
	}
	return found
}

func TestRequestsAreCounted(t *testing.T) {
	m := newMetrics(&server{})
	ask(m, http.MethodPost, "/collections/things/search", "", 200)
	ask(m, http.MethodPost, "/collections/things/search", "", 200)
	ask(m, http.MethodPost, "/collections/things/search", "", 400)
	ask(m, http.MethodGet, "/health", "stranger", 200)
	ask(m, http.MethodPost, "/collections/things/documents", "mine", 201)
	ask(m, http.MethodGet, "/ready", "mine", 503)
	ask(m, "BREW", "/anything", "mine", 400)
	call(m, "/barq.Barq/Search", "mine", status.Error(codes.NotFound, ""))
	call(m, "/barq.Barq/Search", "stranger", nil)
	call(m, "/barq.Barq/Health", "mine", nil)
	call(m, "/grpc.health.v1.Health/Check", "mine", status.Error(codes.Code(99), ""))
	require.Equal(t, map[string]float64{
		"200 POST http search default":       2,
		"400 POST http search default":       1,
		"200 GET http describe other":        1,
		"201 POST http insert_document mine": 1,
		"503 GET http ready mine":            1,
		"400 other http other mine":          1,
		"NOT_FOUND  grpc search mine":        1,
		"OK  grpc search stranger":           1,
		"OK  grpc describe mine":             1,
		"other  grpc ready mine":             1,
	}, requests(t, m), "a tenant without a collection is other")
}

// However many tenants, methods, paths and codes clients think of, there is a bounded number of series.
func TestSeriesAreBounded(t *testing.T) {
	m := newMetrics(&server{})
	for number := range 20_000 {
		tenant := fmt.Sprint("tenant-", number%500)
		ask(m, []string{"GET", "POST", "DELETE", fmt.Sprint("M", number)}[number%4], fmt.Sprintf("/collections/things/documents/%d", number), tenant, 100+number%600)
		ask(m, http.MethodPost, "/collections/things/search", tenant, 200)
		ask(m, http.MethodGet, fmt.Sprintf("/%d", number), fmt.Sprint("stranger-", number), 200)
		call(m, fmt.Sprintf("/service/%d", number), tenant, status.Error(codes.Code(number%30), ""))
	}
	ask(m, http.MethodGet, "/info", "", 200)
	found, tenants := requests(t, m), map[string]bool{}
	for labels := range found {
		tenants[labels[strings.LastIndex(labels, " ")+1:]] = true
	}
	require.Len(t, tenants, 101, "those that were seen first, and other")
	require.False(t, tenants["stranger-1"])
	require.LessOrEqual(t, len(found), 2000+1500)
	require.Less(t, len(page(t, m)), 1<<20)
}

// What streams goes on to stream, and a client that is gone is not counted as answered.
func TestAnswersAreAsWithout(t *testing.T) {
	m := newMetrics(&server{})
	answer := httptest.NewRecorder()
	m.Count(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		_, err := answer.Write([]byte("a part"))
		assert.NoError(t, errors.Join(err, http.NewResponseController(answer).Flush()))
	})).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/info", nil))
	require.True(t, answer.Flushed)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m.Count(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/info", nil))
	require.Panics(t, func() {
		m.Count(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/info", nil))
	})
	m.Count(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/info", nil))
	require.Equal(t, map[string]float64{"200 GET http describe default": 2, "none GET http describe default": 2}, requests(t, m))
	require.Zero(t, parse(t, page(t, m))["barq_agent_open_requests"].GetMetric()[0].GetGauge().GetValue())
}

const good = "# HELP a_total A.\n# TYPE a_total counter\na_total{tenant=\"x\"} 1\n\n# TYPE b summary\nb{quantile=\"0.5\"} 1\nb_sum 2\nb_count 3\n"

// What Prometheus cannot read beside the rest is left out, and the rest is there.
func TestPagesOfTheServer(t *testing.T) {
	long := "# TYPE a_total counter\n" + strings.Repeat("a_total{tenant=\""+strings.Repeat("x", 100)+"\"} 1\n", 20_000)
	for name, c := range map[string]struct{ text, kept, result string }{
		"all of it":              {good, good, "whole"},
		"no end":                 {strings.TrimSuffix(good, "\n"), good, "whole"},
		"nothing":                {"", "", "whole"},
		"without a type":         {"c 1\n", "c 1\n", "whole"},
		"a name of the agent":    {"# TYPE barq_agent_segments gauge\nbarq_agent_segments 7\n" + good, good, "partial"},
		"the same twice":         {good + good, good, "partial"},
		"no number":              {"# TYPE c gauge\nc many\n" + good, good, "partial"},
		"no text":                {"# TYPE c gauge\nc{d=\"\xff\"} 1\n" + good, good, "partial"},
		"another page":           {"<html>\n", "", "partial"},
		"more than there may be": {good + strings.ReplaceAll(long, "a_total", "z_total"), good, "partial"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMetrics(&server{text: c.text})
			text := page(t, m)
			families := parse(t, text)
			require.Contains(t, families, "barq_agent_segments")
			require.Zero(t, families["barq_agent_segments"].GetMetric()[0].GetGauge().GetValue())
			require.True(t, strings.HasSuffix(text, c.kept))
			for _, metric := range families["barq_agent_server_scrapes_total"].GetMetric() {
				require.Equal(t, metric.GetLabel()[0].GetValue() == c.result, metric.GetCounter().GetValue() == 1, metric)
			}
			for family := range families {
				require.True(t, strings.HasPrefix(family, "barq_agent_") || strings.Contains(c.kept, family), family)
			}
		})
	}
}

// While the server does not answer, its series are those of before, and the page says so.
func TestAServerThatDoesNotAnswer(t *testing.T) {
	behind := &server{err: errors.New("it starts")}
	m := newMetrics(behind)
	up := func(text string) float64 {
		return parse(t, text)["barq_agent_server_up"].GetMetric()[0].GetGauge().GetValue()
	}
	require.Zero(t, up(page(t, m)))
	*behind = server{text: good}
	text := page(t, m)
	require.InDelta(t, 1, up(text), 0)
	require.True(t, strings.HasSuffix(text, good))
	page(t, m)
	require.Equal(t, 1, behind.scrapes, "within a second it is asked once")
	time.Sleep(1100 * time.Millisecond)
	behind.err = errors.New("it ends")
	text = page(t, m)
	require.Zero(t, up(text))
	require.True(t, strings.HasSuffix(text, good))
}
