//go:build linux

package agent

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
)

const ownPrefix = "barq_agent_"

// metrics returns what the agent answers to Prometheus, its own series and those of the server.
func (a *agent) metrics() (own, servers map[string]*dto.MetricFamily) {
	a.t.Helper()
	text, err := a.Metrics(a.t.Context())
	require.NoError(a.t, err)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	require.NoError(a.t, err)
	own, servers = map[string]*dto.MetricFamily{}, map[string]*dto.MetricFamily{}
	for name, family := range families {
		if strings.HasPrefix(name, ownPrefix) {
			own[strings.TrimPrefix(name, ownPrefix)] = family
		} else {
			servers[name] = family
		}
	}
	return own, servers
}

// values returns the series of a name by the values of their labels, in the order of the names of these.
func values(family *dto.MetricFamily) map[string]float64 {
	found := map[string]float64{}
	for _, metric := range family.GetMetric() {
		var labels []string
		for _, label := range metric.GetLabel() {
			labels = append(labels, label.GetValue())
		}
		switch family.GetType() {
		case dto.MetricType_COUNTER:
			found[strings.Join(labels, " ")] = metric.GetCounter().GetValue()
		case dto.MetricType_GAUGE:
			found[strings.Join(labels, " ")] = metric.GetGauge().GetValue()
		default:
			found[strings.Join(labels, " ")] = float64(metric.GetHistogram().GetSampleCount())
		}
	}
	return found
}

// documented returns the names of the agent's series in its page.
func documented(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, row := range regexp.MustCompile("(?m)^\\| `"+ownPrefix+"([a-z_]+)` \\|").FindAllStringSubmatch(content(t, "../../docs/agent.md"), -1) {
		names = append(names, row[1])
	}
	require.NotEmpty(t, names)
	return names
}

// One page has the series of the server as they are, and all that the agent's page names.
func TestMetrics(t *testing.T) {
	a := serve(t, how{door: true, rpc: freePort(t), flags: newShipped(t).flags("--sync-interval", "50ms", "--rotate-size", "100", "--compaction-from", "1")})
	a.fill(3)
	a.insert(3)
	require.Equal(t, http.StatusOK, a.send(asked{method: "POST", path: "/collections/things/search", mediaType: jsonType, body: `{"vector":[1,2],"top_k":1}`}).Status)
	require.Equal(t, http.StatusForbidden, a.send(asked{method: "GET", path: "/admin"}).Status)
	require.Equal(t, http.StatusBadRequest, a.send(asked{tenant: "absent", method: "GET", path: documents + "/1"}).Status)
	require.Equal(t, http.StatusOK, a.send(asked{method: "GET", path: "/ready"}).Status)
	db := callerOf(t, a.calls)
	db.requireDone(search("things", 1, 1, 2))
	require.Equal(t, codes.InvalidArgument, db.call(t.Context(), search("things", 1, noNumber, 2)).Code)

	var own, servers map[string]*dto.MetricFamily
	a.eventually("all is known, which is looked at every 15 seconds", func() bool {
		own, servers = a.metrics()
		return len(servers) > 0 && len(values(own["documents"])) > 0 && values(own["log_bytes"])[""] > 0 && values(own["rotations_total"])[""] > 0 && values(own["sync_duration_seconds"])[""] > 0 && own["archive_working"] != nil
	})
	counts := values(own["requests_total"])
	for labels, count := range map[string]float64{
		"201 POST http create_collection default": 1,
		"201 POST http insert_document default":   4,
		"200 POST http search default":            1,
		"403 GET http administer default":         1,
		"400 GET http get_document other":         1,
		"200 GET http ready default":              1,
		"OK  grpc search default":                 1,
		"INVALID_ARGUMENT  grpc search default":   1,
	} {
		require.InDelta(t, count, counts[labels], 0, "%s of %v", labels, counts)
	}
	require.Equal(t, map[string]float64{"http closed": 1, "grpc number": 1}, values(own["refused_requests_total"]))
	require.InDelta(t, 2, values(own["request_duration_seconds"])["grpc search"], 0)
	require.Equal(t, map[string]float64{"": 1}, values(own["server_up"]))
	require.Equal(t, map[string]float64{"": 1}, values(own["collections"]))
	require.Positive(t, values(own["lock_wait_seconds"])[""])
	require.Positive(t, values(own["disk_size_bytes"])[""])
	require.Equal(t, map[string]float64{"http": 1, "grpc": 0}, values(own["open_requests"]), "the request for the page")

	names := documented(t)
	for name := range own {
		require.Contains(t, names, name)
	}
	// Without a limit of memory there is no such series.
	missing := slices.DeleteFunc(names, func(name string) bool { return own[name] != nil || name == "memory_limit_bytes" })
	require.Empty(t, missing)

	require.NotEmpty(t, servers)
	var page string
	a.eventually("the server's series come behind the agent's, as they are", func() bool {
		text, err := a.Metrics(t.Context())
		require.NoError(t, err)
		straight, err := a.straight.Metrics(t.Context())
		require.NoError(t, err)
		last := strings.LastIndex(text, "\n"+ownPrefix) + 1
		last += strings.Index(text[last:], "\n") + 1
		page = text[:last]
		// A page shows a scrape that is up to a second old.
		return slices.Equal(headers(straight), headers(text[last:]))
	})
	problems, err := promlint.New(strings.NewReader(page)).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
	a.stop()
}

// headers returns the names and types of a page.
func headers(text string) []string {
	found := regexp.MustCompile(`(?m)^# TYPE .*$`).FindAllString(text, -1)
	slices.Sort(found)
	return found
}

// While the server starts, the agent's own series are there.
func TestMetricsOfAServerThatDoesNotServe(t *testing.T) {
	a := launch(t, how{door: true, command: []string{"sleep", "60"}})
	a.server()
	own, servers := a.metrics()
	require.Empty(t, servers)
	require.Equal(t, map[string]float64{"": 0}, values(own["server_up"]))
	require.Empty(t, values(own["documents"]), "it is not known")
	require.Positive(t, values(own["start_duration_seconds"])[""])
	a.signal(syscall.SIGTERM)
	a.code()
}

// A server whose lock is held does not keep the agent from telling for how long.
func TestMetricsOfAServerThatIsStopped(t *testing.T) {
	a := serve(t, how{door: true, rpc: freePort(t)})
	a.fill(1)
	_, before := a.metrics()
	answer := a.pending(callerOf(t, a.calls))
	var own, servers map[string]*dto.MetricFamily
	a.eventually("the lock is waited for", func() bool {
		own, servers = a.metrics()
		return values(own["lock_waiting_seconds"])[""] > 1
	})
	require.Equal(t, map[string]float64{"": 0}, values(own["server_up"]))
	require.Len(t, servers, len(before), "they are those of before")
	require.InDelta(t, 1, values(own["open_requests"])["grpc"], 0)
	require.NoError(t, syscall.Kill(a.server(), syscall.SIGCONT))
	require.Equal(t, codes.OK, (<-answer).Code)
	a.stop()
}

// The agent scrapes the server, whose memory grows otherwise, without being asked to.
func TestTheServerIsScraped(t *testing.T) {
	a := serve(t, how{door: true})
	scrapes := func() float64 {
		own, _ := a.metrics()
		return values(own["server_scrapes_total"])["whole"]
	}
	first := scrapes()
	// The agent scrapes every 15 s. A page within a second of that would show the same scrape.
	time.Sleep(19 * time.Second)
	require.GreaterOrEqual(t, scrapes(), first+2, "its own and this one")
	a.stop()
}
