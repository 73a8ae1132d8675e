package integration

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// requestsOfAnIdlePass is the most that a pass with nothing to do may ask of the
// API server. The Helm library alone needs 24.
const requestsOfAnIdlePass = 12

// A label starts one pass of the Helm side and one of each controller, with
// nothing to do in any of them.
func TestAnIdlePassIsCheap(t *testing.T) {
	namespace := newNamespace(t)
	newSecret(t, namespace, "keys", map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"})
	cluster := newCluster(t, namespace, "db", s3Tier)
	waitReady(t, cluster)
	token := metricsToken(t, namespace)
	settled := requestsMade(t, token)
	eventually(t, func() string {
		before := settled
		time.Sleep(time.Second)
		if settled = requestsMade(t, token); settled != before {
			return "the operator is still at work"
		}
		return ""
	})

	output(t, kubectl("-n", namespace, "label", "bqc/db", "example.com/touched=yes"))
	time.Sleep(soon)
	made := requestsMade(t, token) - settled
	t.Logf("an idle pass made %d requests", made)
	require.Positive(t, made, "there was a pass")
	require.LessOrEqual(t, made, requestsOfAnIdlePass)
}

// requestsMade reads how many requests the operator has made so far, without
// those that the API server makes it ask about whoever reads this metric.
func requestsMade(t *testing.T, token string) int {
	t.Helper()
	code, families := metrics(t, token)
	require.Equal(t, http.StatusOK, code)
	var made int
	for _, metric := range families["rest_client_requests_total"].GetMetric() {
		for _, label := range metric.GetLabel() {
			// Reviews of tokens and of access are created, and so are events and releases;
			// an idle pass creates nothing.
			if label.GetName() == "method" && label.GetValue() != http.MethodPost {
				made += int(metric.GetCounter().GetValue())
			}
		}
	}
	return made
}
