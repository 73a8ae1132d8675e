package e2e

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// Kubernetes gives a node 50 seconds, and then takes Ready away from its pods, and says no more.
func TestANodeThatDoesNotReport(t *testing.T) {
	onOwnNode(t)
	cluster := newCluster(t, newNamespace(t), "db", `{storage: {size: 64Mi}}`)
	suite.WaitReady(t, cluster)
	before := suite.Identities(t, cluster)
	node := suite.Pods(t, cluster)[0].Spec.NodeName

	kubelets := signalKubelets(t, syscall.SIGSTOP)
	t.Cleanup(func() { signalKubelets(t, syscall.SIGCONT) })
	require.Equal(t, 1, kubelets)
	patient := suite
	patient.Patience = max(patient.Patience, 3*time.Minute)
	patient.Eventually(t, func() string {
		suite.Refresh(t, cluster)
		if meta.IsStatusConditionTrue(cluster.Status.Conditions, v1alpha1.ConditionReady) {
			return "it is Ready"
		}
		return ""
	})
	ready := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionReady)
	require.Equal(t, v1alpha1.ReasonPodsNotReady, ready.Reason)
	require.Equal(t, "0 of 1 pods answer; pod db-0: NodeNotReady: its node "+node+" does not report (Ready is False though its container was ready) "+
		"(waiting for its node to report; kubectl describe node "+node+" shows more)", ready.Message)

	signalKubelets(t, syscall.SIGCONT)
	suite.WaitReady(t, cluster)
	require.Equal(t, before, suite.Identities(t, cluster), "nothing restarts a pod that may still answer")
}

// signalKubelets signals the kubelet of the own node, and returns how many there are.
func signalKubelets(t *testing.T, signal syscall.Signal) int {
	t.Helper()
	return signalProcesses(t, signal, func(_ int, executable string) bool { return filepath.Base(executable) == "kubelet" })
}
