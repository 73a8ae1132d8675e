package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The commands of docs/troubleshooting.md work as they are written there.
func TestTroubleshootingGuide(t *testing.T) {
	// It edits a storage class, which no cluster of another one should suffer.
	onOwnNode(t)
	w := newWalkthrough(t, "docs/troubleshooting.md", "storageclass fast", "storageclass expandable")
	cluster := newCluster(t, w.namespace, "vectors", `{storage: {size: 64Mi}}`)
	suite.WaitReady(t, cluster)
	ran := 0
	for _, section := range w.sections() {
		switch section {
		case "A BarqCluster hangs in Terminating":
			// What the section is for: there is no operator any more.
			scaleOperator(t, 0)
			require.NoError(t, suite.Client.Delete(t.Context(), cluster))
			ran += w.runSection(t, section)
			suite.WaitGone(t, cluster)
			scaleOperator(t, 1)
			waitOperator(t)
			newCluster(t, w.namespace, "vectors", `{storage: {size: 64Mi}}`)
		default:
			ran += w.runSection(t, section)
		}
	}
	require.Equal(t, w.shellBlocks(t), ran, "blocks of commands on the page, and those that ran")
}

// scaleOperator sets how many operators there are, and waits until none is left if
// that is 0.
func scaleOperator(t *testing.T, replicas int32) {
	t.Helper()
	deployment := &appsv1.Deployment{}
	deployment.Namespace, deployment.Name = operatorNamespace, operatorName
	suite.Refresh(t, deployment)
	before := deployment.DeepCopy()
	deployment.Spec.Replicas = ptr.To(replicas)
	require.NoError(t, suite.Client.Patch(t.Context(), deployment, client.MergeFrom(before)))
	if replicas > 0 {
		return
	}
	suite.Eventually(t, func() string {
		if len(operatorPods(t)) > 0 {
			return "the operator's pod is still there"
		}
		return ""
	})
}
