package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// What config/default names its things.
const (
	operatorNamespace = "barq-system"
	operatorName      = "barq-operator"
)

// kubectl runs the program that a person would type.
func kubectl(args ...string) *exec.Cmd { return exec.Command("kubectl", args...) }

// installOperator installs config/default with the given image and the agent's, and waits until the
// operator answers.
func installOperator(ctx context.Context, image string) error {
	overlay, err := os.MkdirTemp(filepath.Join(root, "test", "e2e"), ".install-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(overlay) }()
	repository, digest, _ := strings.Cut(image, "@")
	kustomization, err := yaml.Marshal(map[string]any{
		"resources": []string{"../../../config/default"},
		"images":    []any{map[string]any{"name": "ghcr.io/barq-db/barq-operator", "newName": repository, "digest": digest}},
		"patches": []any{map[string]any{
			"patch": fmt.Sprintf(`{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": %q, "namespace": %q}, "spec": {"template": {"spec": {"containers": [
				{"name": "manager", "env": [{"name": "RELATED_IMAGE_BARQ_AGENT", "value": %q}]}]}}}}`, operatorName, operatorNamespace, images.agent),
		}},
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), kustomization, 0o600); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"apply", "--server-side", "-k", overlay},
		{"-n", operatorNamespace, "rollout", "status", "deployment/" + operatorName, "--timeout=3m"},
	} {
		if out, err := exec.CommandContext(ctx, "kubectl", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("kubectl %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

func removeOperator() error {
	if out, err := kubectl("delete", "-k", filepath.Join(root, "config", "default"), "--timeout=2m").CombinedOutput(); err != nil {
		return fmt.Errorf("kubectl delete -k config/default: %w\n%s", err, out)
	}
	return nil
}

// setOperatorImage upgrades the operator as somebody does who edits its Deployment.
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

// signalProcesses signals the processes that are meant, by their id and the path of their program in their container. It
// returns how many there are: none, if the node is another machine.
func signalProcesses(t *testing.T, signal syscall.Signal, meant func(pid int, executable string) bool) int {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	require.NoError(t, err)
	signalled := 0
	for _, link := range links {
		executable, err := os.Readlink(link)
		if err != nil {
			// It has ended, or is one of the kernel.
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link)))
		require.NoError(t, err)
		if meant(pid, executable) {
			require.NoError(t, syscall.Kill(pid, signal))
			signalled++
		}
	}
	return signalled
}

func operatorPods(t *testing.T) []corev1.Pod {
	t.Helper()
	var pods corev1.PodList
	require.NoError(t, suite.Client.List(t.Context(), &pods, client.InNamespace(operatorNamespace),
		client.MatchingLabels{"app.kubernetes.io/component": "manager"}))
	return pods.Items
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
