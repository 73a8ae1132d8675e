package integration

import (
	"net/http"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// A label starts a pass of the Helm side and of each controller, with nothing to
// do in any of them. The Helm library alone needs 24 requests for it.
func TestAnIdlePassAsksForNothing(t *testing.T) {
	namespace := newNamespace(t)
	newSecret(t, namespace, "keys", map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"})
	cluster := newCluster(t, namespace, "db", s3Tier)
	waitReady(t, cluster)
	requireIdle(t, cluster)
}

// requireIdle makes sure that a pass over the BarqCluster asks the API server for nothing.
func requireIdle(t *testing.T, cluster *v1alpha1.BarqCluster) {
	t.Helper()
	token := metricsToken(t, cluster.Namespace)
	before := workDone(t, token)
	eventually(t, func() string {
		last := before
		time.Sleep(time.Second)
		if before = workDone(t, token); before != last {
			return "the operator is still at work"
		}
		return ""
	})

	output(t, kubectl("-n", cluster.Namespace, "label", "bqc", cluster.Name, "example.com/touched=yes"))
	time.Sleep(soon)
	after := workDone(t, token)
	require.Positive(t, after.passes-before.passes, "there was a pass")
	require.Zero(t, after.requests-before.requests, "requests in %d passes", after.passes-before.passes)
}

type work struct{ passes, requests int }

// workDone reads how many passes the Helm side has made, and how many requests the
// operator, without those that the API server makes it ask about whoever reads
// this metric: reviews of tokens and of access are created, and nothing else is
// that an idle pass could create.
func workDone(t *testing.T, token string) work {
	t.Helper()
	code, families := metrics(t, token)
	require.Equal(t, http.StatusOK, code)
	sum := func(name string, counts func(label *dto.LabelPair) bool) int {
		var total int
		for _, metric := range families[name].GetMetric() {
			for _, label := range metric.GetLabel() {
				if counts(label) {
					total += int(metric.GetCounter().GetValue())
				}
			}
		}
		return total
	}
	return work{
		passes: sum("controller_runtime_reconcile_total", func(label *dto.LabelPair) bool {
			return label.GetValue() == "barqcluster-controller"
		}),
		requests: sum("rest_client_requests_total", func(label *dto.LabelPair) bool {
			return label.GetName() == "method" && label.GetValue() != http.MethodPost
		}),
	}
}
