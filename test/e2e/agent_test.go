package e2e

import (
	"context"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/barqcluster"
	barq "github.com/barq-db/barq-operator/test/barqserver/client"
)

// The agent of a plain release stops the database in time, starts it in spite of a write that it cannot read, and the
// database has its documents with and without the agent.
func TestTheAgentOfAPlainRelease(t *testing.T) {
	const count = 50
	namespace := newNamespace(t)
	release := func(verb string, values ...string) {
		t.Helper()
		args := []string{verb, "vectors", filepath.Join(root, "helm-charts", "barq-db"), "-n", namespace, "--wait", "--timeout", "3m"}
		for _, value := range values {
			args = append(args, "--set", value)
		}
		out, err := exec.CommandContext(t.Context(), "helm", args...).CombinedOutput()
		require.NoError(t, err, "helm %s: %s", strings.Join(args, " "), out)
	}
	byDigest := func(prefix, reference string) string {
		repository, digest, _ := strings.Cut(reference, "@")
		return prefix + "image.repository=" + repository + "," + prefix + "image.tag=," + prefix + "image.digest=" + digest
	}
	release("install", byDigest("", images.database), "storage.size=64Mi,minReadySeconds=1,resources.requests.memory=32Mi",
		"agent.enabled=true", byDigest("agent.", images.agent))
	database := barqcluster.Parse(t, namespace, "vectors", `{}`)
	fill(t, namespace, "vectors-0", count)

	start := time.Now()
	replacePod(t, database)
	require.Less(t, time.Since(start), drainTime)
	require.Equal(t, count, found(t, namespace, "vectors-0", count))

	ask(t, namespace, "vectors-0", func(ctx context.Context, database *barq.Client) {
		answer, err := database.Send(ctx, http.MethodPost, "/collections/"+collection+"/documents", "application/json", `{"id":4711,"vector":[1e39,0,0,0]}`)
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, answer.Status, answer.Body)
	})
	replacePod(t, database, client.GracePeriodSeconds(0))
	require.Equal(t, count, found(t, namespace, "vectors-0", count))
	out, err := kubectl("-n", namespace, "exec", "vectors-0", "--", "/opt/barq-agent/barq-agent", "quarantine", "list").CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "collections/"+collection+"/wal.jsonl")

	release("upgrade", "agent.enabled=false", byDigest("", images.database), "storage.size=64Mi,minReadySeconds=1,resources.requests.memory=32Mi")
	require.Empty(t, suite.Pods(t, database)[0].Spec.InitContainers)
	require.Equal(t, count, found(t, namespace, "vectors-0", count))
}

// replacePod deletes the pod of a release, and waits until its successor answers.
func replacePod(t *testing.T, database *v1alpha1.BarqCluster, options ...client.DeleteOption) {
	t.Helper()
	pod := suite.Pods(t, database)[0]
	require.NoError(t, suite.Client.Delete(t.Context(), &pod, options...))
	suite.Eventually(t, func() string {
		for _, successor := range suite.Pods(t, database) {
			if successor.UID != pod.UID && podReady(&successor) {
				return ""
			}
		}
		return "no other pod answers"
	})
}
