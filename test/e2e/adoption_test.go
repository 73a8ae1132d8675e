package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqcluster"
)

// A database that was installed with Helm comes under the operator and goes back to Helm
// with its documents, and its process runs on.
func TestADatabaseOfHelmIsTakenOverAndGivenBack(t *testing.T) {
	namespace := newNamespace(t)
	repository, digest, _ := strings.Cut(images.database, "@")
	helm := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("helm", append(args, "-n", namespace)...).CombinedOutput()
		require.NoError(t, err, "helm %s: %s", strings.Join(args, " "), out)
		return string(out)
	}
	helm("install", "vectors", filepath.Join(root, "helm-charts", "barq-db"), "--wait", "--timeout", "3m",
		"--set", "image.repository="+repository+",image.digest="+digest, "--set", "storage.size=64Mi,minReadySeconds=1,resources.requests.memory=32Mi")
	installed := barqcluster.Parse(t, namespace, "vectors", `{}`)
	before := suite.Runs(t, installed)
	require.Len(t, before, 1)
	fill(t, namespace, "vectors-0", 50)

	cluster := newCluster(t, namespace, "vectors", `{storage: {size: 64Mi}}`)
	annotate := func(annotation string) {
		t.Helper()
		out, err := kubectl("-n", namespace, "annotate", "bqc/vectors", annotation).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	annotate("barq.db/adopt-release=vectors")
	suite.WaitReady(t, cluster)
	require.Equal(t, before, suite.Runs(t, cluster))
	require.Equal(t, 50, found(t, namespace, "vectors-0", 50))

	// The agent comes once the annotation is gone, and the database keeps its documents.
	annotate("barq.db/adopt-release-")
	awaitAgent(t, cluster, images.agent)
	suite.WaitReady(t, cluster)
	require.Equal(t, 50, found(t, namespace, "vectors-0", 50))
	before = suite.Runs(t, cluster)

	annotate("barq.db/on-deletion=keep-release")
	out, err := kubectl("-n", namespace, "delete", "bqc/vectors", "--timeout=1m").CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, helm("list"), "vectors")
	helm("upgrade", "vectors", filepath.Join(root, "helm-charts", "barq-db"), "--reuse-values", "--set", "minReadySeconds=2", "--wait")
	require.Equal(t, before, suite.Runs(t, installed))
	require.Equal(t, 50, found(t, namespace, "vectors-0", 50))
	helm("uninstall", "vectors", "--wait")
}
