package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/test/e2e/manifests"
	"github.com/barq-db/barq-operator/test/e2e/pods"
)

// What config/default names its things.
const (
	operatorNamespace = manifests.Namespace
	operatorName      = manifests.Deployment
)

// kubectl runs the program that a person would type.
func kubectl(args ...string) *exec.Cmd { return exec.Command("kubectl", args...) }

// installOperator installs config/default with the given image and the agent's, and waits until the
// operator answers.
func installOperator(ctx context.Context, image string) error {
	return manifests.Install(ctx, root, manifests.Images{Operator: image, Agent: images.agent}, "")
}

func removeOperator() error { return manifests.Remove(context.Background(), root) }

// setOperatorImage upgrades the operator as a user does who edits its Deployment.
func setOperatorImage(t *testing.T, image string) {
	t.Helper()
	deployment := &appsv1.Deployment{}
	deployment.Namespace, deployment.Name = operatorNamespace, operatorName
	patch := fmt.Sprintf(`{"spec":{"template":{"spec":{"containers":[{"name":"manager","image":%q}]}}}}`, image)
	require.NoError(t, suite.Client.Patch(t.Context(), deployment, client.RawPatch("application/strategic-merge-patch+json", []byte(patch))))
}

// killOperator ends the operator with SIGKILL, wherever it is. Its pod is then
// taken away as well, or the kubelet would start the next one only after a back-off
// that grows with each kill.
func killOperator(t *testing.T) {
	t.Helper()
	killed := signalProcesses(t, syscall.SIGKILL, func(_ int, executable string) bool { return executable == "/barq-operator" })
	for _, pod := range operatorPods(t) {
		options := &client.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)}
		require.NoError(t, client.IgnoreNotFound(suite.Client.Delete(t.Context(), &pod, options)))
	}
	if killed == 0 {
		t.Log("the operator runs on another machine: its pod was deleted with a grace period of 0 instead of a SIGKILL")
	}
}

// signalProcesses is pods.SignalAll.
func signalProcesses(t *testing.T, signal syscall.Signal, meant func(pid int, executable string) bool) int {
	t.Helper()
	signalled, err := pods.SignalAll(signal, meant)
	require.NoError(t, err)
	return signalled
}

func operatorPods(t *testing.T) []corev1.Pod {
	t.Helper()
	var list corev1.PodList
	require.NoError(t, suite.Client.List(t.Context(), &list, client.InNamespace(operatorNamespace),
		client.MatchingLabels{"app.kubernetes.io/component": "manager"}))
	return list.Items
}

// waitOperator waits until one operator answers and no other is left.
func waitOperator(t *testing.T) {
	t.Helper()
	suite.Eventually(t, func() string {
		deployment := &appsv1.Deployment{}
		deployment.Namespace, deployment.Name = operatorNamespace, operatorName
		suite.Refresh(t, deployment)
		s := deployment.Status
		if s.ObservedGeneration != deployment.Generation || s.Replicas != 1 || s.UpdatedReplicas != 1 || s.AvailableReplicas != 1 {
			return fmt.Sprintf("the operator's Deployment: %+v", s)
		}
		// A Deployment does not count pods that are being deleted.
		if left := len(operatorPods(t)); left != 1 {
			return fmt.Sprintf("%d pods of the operator are there", left)
		}
		return ""
	})
}

// rounded keeps durations in tables short.
func rounded(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }
