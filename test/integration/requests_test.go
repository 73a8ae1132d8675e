package integration

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/bench/audit"
	"github.com/barq-db/barq-operator/test/operatorprocess"
)

// A label starts a reconcile of each controller, with nothing to
// do in any of them. The Helm library alone needs 24 requests for it.
func TestAnIdlePassAsksForNothing(t *testing.T) {
	namespace := newNamespace(t)
	newSecret(t, namespace, "keys", map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"})
	cluster := newCluster(t, namespace, "db", s3Tier)
	waitReady(t, cluster)
	requireIdle(t, cluster)
}

// requireIdle makes sure that a reconcile of the BarqCluster asks the API server for nothing.
func requireIdle(t *testing.T, cluster *v1alpha1.BarqCluster) {
	t.Helper()
	token := metricsToken(t, cluster.Namespace)
	before := workDone(t, token, cluster.Namespace)
	eventually(t, func() string {
		last := before
		time.Sleep(time.Second)
		before = workDone(t, token, cluster.Namespace)
		switch {
		case before.passes == 0:
			return "the operator has not begun"
		case before.passes != last.passes || before.requests.Since(last.requests).Total() > 0:
			return "the operator is still at work"
		}
		return ""
	})

	output(t, kubectl("-n", cluster.Namespace, "label", "bqc", cluster.Name, "--overwrite",
		fmt.Sprintf("example.com/touched=%d", time.Now().UnixNano())))
	time.Sleep(soon)
	after := workDone(t, token, cluster.Namespace)
	require.Positive(t, after.passes-before.passes, "there was a pass")
	require.Empty(t, after.requests.Since(before.requests), "requests in %d passes", after.passes-before.passes)
}

// requestsUntilQuiet gives the requests for a namespace that the operator makes from a deed until it has made none for two
// seconds, without leases and watches, and without what says how far things are: statuses and events, whose number
// depends on how fast pods start and is bounded instead.
func requestsUntilQuiet(t *testing.T, namespace string, deed func()) audit.Counts {
	t.Helper()
	before := quiet(t, namespace)
	began := time.Now()
	deed()
	// Progress is told once a second at most.
	most := 8 + int(time.Since(began).Seconds())
	since := quiet(t, namespace).Since(before)
	for request := range since {
		switch {
		case request.Resource == "barqclusters/status" || request.Resource == "events":
			require.LessOrEqual(t, since[request], most, "%+v", request)
			delete(since, request)
		case request == (audit.Request{Verb: "get", Resource: "statefulsets"}):
			// Before it says Ready, when the cache is slower than the change.
			require.LessOrEqual(t, since[request], 2, "%+v", request)
			delete(since, request)
		}
	}
	return since
}

// quiet waits until the operator has made no request for a namespace for two seconds, and gives all that it ever made.
func quiet(t *testing.T, namespace string) audit.Counts {
	t.Helper()
	last := requestsFor(t, namespace)
	for unchanged := 0; unchanged < 4; unchanged++ {
		time.Sleep(500 * time.Millisecond)
		if now := requestsFor(t, namespace); now.Since(last).Total() > 0 {
			last, unchanged = now, -1
		}
	}
	return last
}

// Requests are exact, so this holds them to what docs/architecture.md says of each.
func TestWhatIsAskedOfTheAPIServer(t *testing.T) {
	namespace := newNamespace(t)
	var cluster *v1alpha1.BarqCluster
	require.Equal(t, audit.Counts{
		{Verb: "patch", Resource: "barqclusters"}:          1,
		{Verb: "create", Resource: "serviceaccounts"}:      1,
		{Verb: "create", Resource: "configmaps"}:           1,
		{Verb: "create", Resource: "services"}:             2,
		{Verb: "create", Resource: "networkpolicies"}:      1,
		{Verb: "create", Resource: "poddisruptionbudgets"}: 1,
		{Verb: "create", Resource: "statefulsets"}:         1,
		{Verb: "create", Resource: "secrets"}:              1,
	}, requestsUntilQuiet(t, namespace, func() {
		cluster = newCluster(t, namespace, "db", `{}`)
		waitReady(t, cluster)
	}), "install")

	require.Equal(t, audit.Counts{
		// The revision that it starts from is read.
		{Verb: "get", Resource: "secrets"}: 1,
		// Each is tried before it is done.
		{Verb: "patch", Resource: "statefulsets"}: 2,
		{Verb: "create", Resource: "secrets"}:     2,
		{Verb: "create", Resource: "pods"}:        1,
		{Verb: "update", Resource: "secrets"}:     1,
	}, requestsUntilQuiet(t, namespace, func() {
		change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.LogLevel = "debug" })
		waitReady(t, cluster)
	}), "edit")

	require.Equal(t, audit.Counts{
		{Verb: "get", Resource: "services"}:    1,
		{Verb: "create", Resource: "services"}: 1,
	}, requestsUntilQuiet(t, namespace, func() {
		service := &corev1.Service{}
		service.Namespace, service.Name = namespace, "db"
		require.NoError(t, admin.Delete(t.Context(), service))
		eventually(t, func() string {
			if err := admin.Get(t.Context(), client.ObjectKeyFromObject(service), &corev1.Service{}); err != nil {
				return err.Error()
			}
			return ""
		})
	}), "drift")

	require.Empty(t, requestsUntilQuiet(t, namespace, func() {
		output(t, kubectl("-n", namespace, "label", "bqc/db", "example.com/touched=yes"))
	}), "nothing to do")

	token := metricsToken(t, namespace)
	alone := requestsUntilQuiet(t, namespace, restart(t, token))
	const more = 5
	for i := range more {
		waitReady(t, newCluster(t, namespace, fmt.Sprintf("db-%d", i), `{}`))
	}
	among := requestsUntilQuiet(t, namespace, restart(t, token))
	require.Equal(t, audit.Counts{{Verb: "get", Resource: "secrets"}: more}, among.Since(alone), "restart, for each further BarqCluster")
	require.Zero(t, among.Writes(), "restart")
}

// restart returns what starts the operator again and waits until it works.
func restart(t *testing.T, token string) func() {
	return func() {
		t.Helper()
		operator.Stop()
		require.NoError(t, operator.Start())
		eventually(t, func() string {
			if workDone(t, token, "").passes == 0 {
				return "the operator has not begun"
			}
			return ""
		})
	}
}

type work struct {
	passes   int
	requests audit.Counts
}

// workDone reads how often the release controller has reconciled, and what the operator has asked for a namespace.
func workDone(t *testing.T, token, namespace string) work {
	t.Helper()
	code, families := metrics(t, token)
	require.Equal(t, http.StatusOK, code)
	var done work
	for _, metric := range families["controller_runtime_reconcile_total"].GetMetric() {
		for _, label := range metric.GetLabel() {
			if label.GetValue() == "barqcluster-controller" {
				done.passes += int(metric.GetCounter().GetValue())
			}
		}
	}
	done.requests = requestsFor(t, namespace)
	return done
}

// requestsFor gives what the operator has asked for what is in a namespace, in its own, or in none. What it asks for those of other
// tests goes on for as long as they are deleted, and minutes later when it writes the last count of an event that came often.
// Left out is what is asked whether or not there is something to do: watches, leases, reviews of the tokens that read the metrics, and
// what the API server can do, which is asked once in five minutes for all BarqClusters.
func requestsFor(t *testing.T, namespace string) audit.Counts {
	t.Helper()
	counts, err := asked.CountsOf(operatorUser, namespace, operatorprocess.Namespace)
	require.NoError(t, err)
	maps.DeleteFunc(counts, func(request audit.Request, _ int) bool {
		isUpkeep := slices.Contains([]string{"leases", "tokenreviews", "subjectaccessreviews"}, request.Resource)
		return request.Verb == "watch" || isUpkeep || strings.HasPrefix(request.Resource, "/")
	})
	return counts
}
